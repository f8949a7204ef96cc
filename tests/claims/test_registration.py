"""What is fixed on the tuning seeds, from runs of a real sweep over the digits."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import pytest
from conftest import ROOT
from run_builder import remove_checksums
from small_config import small_yaml

from regx.claims.lock import register
from regx.claims.measuring import SweepRuns, read_measures
from regx.claims.parts import parts_of
from regx.claims.procedure import measure, run_experiment
from regx.claims.results import Lock, ResultsFolder
from regx.config import Experiment, load_experiment
from regx.config.errors import UsageError
from regx.measures.measure import Reference
from regx.runs.sweep import SweepRecord, SweepRun
from regx.sweeps.jobs import EngineOptions, Watch
from regx.sweeps.ledger import Ledger
from regx.sweeps.worker import in_process

BASE = small_yaml(data={"train_size": 100}, optim={"lr": 0.2}, train={"batch_size": 20})
EXPERIMENT = """
name: fixing
question: Does it?
base: base.yaml
arms:
  none: {}
  wide: {model.hidden_sizes: [64]}
  slow: {optim.momentum: 0.5}
tune:
  over: {optim.lr: [0.02, 0.2]}
  follow: {slow: none}
  max_extensions: 0
seeds: 5
claims:
  - id: X01
    says: It does.
    source: Somebody 2014
    family: own
    measure: loss_gap
    contrast: none - wide
    smallest_effect: 10% of none
    target: 90% of none
    and:
      - {measure: steps_to_target, contrast: "log2(none / best(none, wide))", smallest_effect: 1.0}
      - {measure: test_error, contrast: "none - best(wide, none)", smallest_effect: 0.01}
    beside:
      - {label: at the same rate, measure: train_loss, contrast: none - slow}
"""


@dataclass(frozen=True)
class Done:
    """A reproduction that has ended."""

    folder: Path
    experiment: Experiment

    @property
    def results(self) -> ResultsFolder:
        return ResultsFolder.named(self.folder / "results", "cpu", "fixing")

    @property
    def runs(self) -> SweepRuns:
        record = SweepRecord.read(self.folder / "runs" / "fixing" / "sweep.json")
        return SweepRuns(runs_dir=self.folder / "runs", record=record)

    def final(self, run: SweepRun, *names: str) -> list[float]:
        content = json.loads((self.folder / "runs" / run.folder / "run.json").read_text())
        return [content["final"][name] for name in names]

    def trials(self, arm: str) -> list[SweepRun]:
        """Return the trials of an arm at the values that were chosen."""
        record = self.runs.record
        [chosen] = record.arm(arm).tuned
        return [
            run
            for run in record.runs
            if run.stage == "tune" and run.arm == arm and run.tuned == chosen.settings
        ]


def reproduce(folder: Path, experiment: Experiment) -> None:
    ledger = Ledger(folder / "runs")
    with in_process(EngineOptions(runs_dir=folder / "runs", offline=True)) as engine:
        summary, _ = run_experiment(folder / "results", experiment, ledger, engine, Watch())
    assert summary.complete


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp("fixing")
    (folder / "base.yaml").write_text(BASE)
    (folder / "fixing.yaml").write_text(EXPERIMENT)
    experiment = load_experiment(folder / "fixing.yaml")
    reproduce(folder, experiment)
    return Done(folder, experiment)


@pytest.fixture
def copy(done: Done, tmp_path: Path) -> Done:
    """Give a test a copy to change."""
    folder = tmp_path / "copy"
    shutil.copytree(done.folder, folder)
    return Done(folder, load_experiment(folder / "fixing.yaml"))


def test_a_relative_effect_is_taken_from_the_tuning_seeds_alone(done: Done) -> None:
    gaps = [done.final(run, "test_loss", "train_loss") for run in done.trials("none")]
    assert len(gaps) == 2
    expected = 0.1 * fmean(test - train for test, train in gaps)
    assert Lock.read(done.results.lock).claims["X01"].parts[0].amount == pytest.approx(expected, rel=1e-12)


def test_a_target_is_taken_from_the_tuning_seeds_alone(done: Done) -> None:
    accuracy = fmean(1 - done.final(run, "valid_error")[0] for run in done.trials("none"))
    part = Lock.read(done.results.lock).claims["X01"].parts[1]
    assert part.target_error == pytest.approx(1 - 0.9 * accuracy, rel=1e-12)


def test_the_best_of_several_arms_is_chosen_on_the_tuning_seeds(done: Done) -> None:
    """By the measure itself, or, where that reads test images, by what tuned the arms."""
    steps = Lock.read(done.results.lock).claims["X01"].parts[1]
    item = list(parts_of(done.experiment.claims[0]))[1]
    reference = Reference(target_error=steps.target_error, train_loss=None)
    means = {
        arm: fmean(
            item.measures[0].of(source, reference).value or 0 for source in done.runs.tuning(arm, item)
        )
        for arm in ("none", "wide")
    }
    assert steps.second == min(means, key=lambda arm: means[arm])
    scores = {arm: done.runs.record.arm(arm).tuned[0].score for arm in ("none", "wide")}
    by_tuning = Lock.read(done.results.lock).claims["X01"].parts[2]
    assert by_tuning.second == min(scores, key=lambda arm: scores[arm] or 0)


def test_a_follower_uses_the_rate_of_its_leader_and_has_no_trials(done: Done) -> None:
    record = done.runs.record
    rates = {run.tuned["optim.lr"] for run in record.runs if run.arm == "slow"}
    assert rates == {record.arm("none").tuned[0].settings["optim.lr"]}
    assert not [run for run in record.runs if run.arm == "slow" and run.stage == "tune"]


def test_nothing_was_measured_before_it_was_fixed(done: Done) -> None:
    assert Lock.read(done.results.lock).claims["X01"].num_runs_before == 0


def test_a_claim_that_comes_after_the_runs_says_so(copy: Done) -> None:
    path = copy.folder / "fixing.yaml"
    later = EXPERIMENT.partition("claims:\n")[2].replace("X01", "X02")
    path.write_text(EXPERIMENT + later)
    reproduce(copy.folder, load_experiment(path))
    claims = Lock.read(copy.results.lock).claims
    assert (claims["X01"].num_runs_before, claims["X02"].num_runs_before) == (0, 15)
    assert claims["X01"].when <= claims["X02"].when


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("10% of none", "20% of none", "the rule of X01 has changed"),
        ("seeds: 5", "seeds: 4", "the experiment has changed"),
    ],
)
def test_a_rule_cannot_change_after_the_tuning(copy: Done, old: str, new: str, message: str) -> None:
    path = copy.folder / "fixing.yaml"
    path.write_text(EXPERIMENT.replace(old, new))
    with pytest.raises(UsageError, match=f"lock.json: {message}.*remove .* to fix the rule again"):
        reproduce(copy.folder, load_experiment(path))


def test_amounts_cannot_change_after_the_tuning(copy: Done) -> None:
    """The trials are chosen by validation loss; what the smallest effect is a share of may change unseen."""
    trial = copy.folder / "runs" / copy.trials("none")[0].folder
    remove_checksums(trial)
    path = trial / "run.json"
    record = json.loads(path.read_text())
    record["final"]["test_loss"] *= 0.9
    path.write_text(json.dumps(record))
    with pytest.raises(UsageError, match=r"lock\.json: X01 had other amounts from the tuning.*remove "):
        reproduce(copy.folder, copy.experiment)


def test_other_words_are_no_other_rule(copy: Done) -> None:
    path = copy.folder / "fixing.yaml"
    before = copy.results.lock.read_bytes()
    path.write_text(EXPERIMENT.replace("It does.", "It does indeed."))
    reproduce(copy.folder, load_experiment(path))
    assert copy.results.lock.read_bytes() == before


def test_results_that_were_removed_come_back_to_the_last_digit(copy: Done) -> None:
    before = read_measures(copy.results.measures)
    parts = Lock.read(copy.results.lock).claims["X01"].parts
    shutil.rmtree(copy.results.path)
    for folder in (copy.folder / "runs").iterdir():
        if "-s3-" in folder.name:
            shutil.rmtree(folder)
    reproduce(copy.folder, copy.experiment)
    assert read_measures(copy.results.measures) == before
    assert Lock.read(copy.results.lock).claims["X01"].parts == parts


def test_measures_are_a_function_of_the_runs(copy: Done) -> None:
    before = copy.results.measures.read_bytes()
    copy.results.measures.unlink()
    measure(copy.experiment, copy.folder / "runs", copy.folder / "results")
    assert copy.results.measures.read_bytes() == before


def test_a_share_of_nothing_makes_no_smallest_effect(copy: Done) -> None:
    text = EXPERIMENT.replace("measure: loss_gap", "measure: diverged")
    path = copy.folder / "fixing.yaml"
    path.write_text(text)
    part = register(load_experiment(path), copy.runs).claims["X01"].parts[0]
    assert part.problem == "10% of none is 0 on the tuning seeds: no smallest effect"


@pytest.mark.parametrize("name", ["lock.json", "verdicts.json"])
def test_the_file_of_another_experiment_is_refused(tmp_path: Path, name: str) -> None:
    """Results of one experiment, copied over those of another."""
    source, target = (
        ResultsFolder.named(root, "cpu", experiment)
        for root, experiment in ((ROOT / "results", "batch_size"), (tmp_path, "dropout_recipe"))
    )
    target.path.mkdir(parents=True)
    (target.path / name).write_bytes((source.path / name).read_bytes())
    with pytest.raises(UsageError, match=rf"{name}: is of cpu/batch_size; put the right file back"):
        target.read_lock() if name == "lock.json" else target.read_verdicts()


def test_a_changed_lock_is_refused(copy: Done) -> None:
    path = copy.results.lock
    path.write_text(path.read_text().replace('"amount": 0.', '"amount": 1.', 1))
    with pytest.raises(UsageError, match=r"lock\.json: is damaged"):
        copy.results.read_lock()
