"""Sweeps in this process, with real training on the embedded digits."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from small_sweeps import finish, write_experiment
from watching import timeless

from regx.config import Experiment
from regx.runs.folder import RunFolder
from regx.runs.sweep import SweepFolder, SweepRecord
from regx.sweeps.driver import Summary, make_plan, sweep
from regx.sweeps.jobs import EngineOptions, Job, JobResult, Watch
from regx.sweeps.ledger import Ledger
from regx.sweeps.worker import in_process

ARMS = "arms: {none: {}, wide: {model.hidden_sizes: [16]}}\nseeds: 2\n"
TUNE = "tune: {over: {optim.lr: [0.1, 0.2, 0.4]}, seeds: [1000], max_extensions: 0}\n"


class Seen(Watch):
    """Remembers what went by."""

    def __init__(self) -> None:
        self.stages: list[tuple[int, int]] = []
        self.began: list[str] = []
        self.results: list[JobResult] = []
        self.notices: list[str] = []

    def planned(self, jobs: Sequence[Job], num_ended: int) -> None:
        self.stages.append((len(jobs), num_ended))

    def started(self, job: Job, worker: str) -> None:  # noqa: ARG002  # the protocol's name
        self.began.append(job.folder)

    def ended(self, result: JobResult) -> None:
        self.results.append(result)

    def noticed(self, message: str) -> None:
        self.notices.append(message)


def run(experiment: Experiment, runs_dir: Path, *, retry_failed: bool = False) -> tuple[Summary, Seen]:
    seen = Seen()
    with in_process(EngineOptions(runs_dir=runs_dir, offline=True)) as engine:
        summary = sweep(experiment, Ledger(runs_dir), engine, seen, retry_failed=retry_failed)
    return summary, seen


def test_a_sweep_trains_every_run_once(tmp_path: Path) -> None:
    experiment, runs = write_experiment(tmp_path, ARMS), tmp_path / "runs"
    summary, seen = run(experiment, runs)
    assert summary.complete
    assert [result.ending for result in summary.trained] == ["done"] * 4
    again, seen = run(experiment, runs)
    assert (again.trained, again.num_ended_before, seen.began) == ([], 4, [])


def test_what_is_missing_is_trained_and_nothing_else(tmp_path: Path) -> None:
    experiment, runs = write_experiment(tmp_path, ARMS), tmp_path / "runs"
    there = Ledger(runs).job(experiment, "wide", 1)
    finish(runs, there)
    summary, seen = run(experiment, runs)
    assert there.folder not in seen.began
    assert len(seen.began) == len(summary.trained) == 3
    assert summary.num_ended_before == 1


def test_trials_of_a_grid_that_grew_count_once(tmp_path: Path) -> None:
    """The whole grid is asked for again each time that it grows."""
    grows = "tune: {over: {optim.lr: [0.001, 0.002]}, seeds: [1000], max_extensions: 1}\n"
    experiment, runs = write_experiment(tmp_path, ARMS + grows), tmp_path / "runs"
    first, _ = run(experiment, runs)
    again, _ = run(experiment, runs)
    assert len(first.trained) == 2 * 3 + 2 * 2
    assert (again.trained, again.num_ended_before) == ([], len(first.trained))


def test_two_experiments_share_the_run_that_both_need(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    run(write_experiment(tmp_path, ARMS), runs)
    (tmp_path / "second").mkdir()
    other = write_experiment(tmp_path / "second", "arms: {plain: {}, fast: {optim.lr: 0.3}}\nseeds: 2\n")
    _, seen = run(other, runs)
    assert len(seen.began) == 2
    assert all("fast" in folder for folder in seen.began)


def test_the_record_says_which_run_is_which(tmp_path: Path) -> None:
    experiment, runs = write_experiment(tmp_path, ARMS + TUNE), tmp_path / "runs"
    summary, _ = run(experiment, runs)
    folder = SweepFolder.named("try", "cpu", runs)
    record = SweepRecord.read(folder.record)
    assert record == summary.record
    confirm = [entry for entry in record.runs if entry.stage == "confirm"]
    assert [(entry.arm, entry.seed) for entry in confirm] == [
        ("none", 0), ("wide", 0), ("none", 1), ("wide", 1),
    ]  # fmt: skip
    assert all((runs / entry.folder / "run.json").exists() for entry in record.runs)
    for entry in confirm:  # trained under the value that was tuned for its arm
        [tuned] = record.arm(entry.arm).tuned
        assert entry.tuned == tuned.settings
        assert f"lr: {tuned.settings['optim.lr']}" in (runs / entry.folder / "config.yaml").read_text()
    with folder.table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 2 + 4
    assert {row["status"] for row in rows} == {"done"}
    for row in rows:  # every digit is kept, and the test images are for runs that are compared
        final = RunFolder(runs / row["folder"]).read_record().final
        assert final is not None
        assert row["valid_loss"] == repr(final.valid_loss)
        assert row["test_loss"] == ("" if row["stage"] == "tune" else repr(final.test_loss))


def test_tuning_and_comparison_never_share_a_seed(tmp_path: Path) -> None:
    summary, _ = run(write_experiment(tmp_path, ARMS + TUNE), tmp_path / "runs")
    seeds = {
        stage: {r.seed for r in summary.record.runs if r.stage == stage} for stage in ("tune", "confirm")
    }
    assert seeds == {"tune": {1000}, "confirm": {0, 1}}


def test_a_failed_run_is_left_alone_until_it_is_asked_for(tmp_path: Path) -> None:
    experiment, runs = write_experiment(tmp_path, ARMS), tmp_path / "runs"
    failed = Ledger(runs).job(experiment, "none", 0)
    finish(runs, failed, status="failed")
    summary, seen = run(experiment, runs)
    assert [job.folder for job in summary.skipped] == [failed.folder]
    assert failed.folder not in seen.began
    assert not summary.complete
    summary, seen = run(experiment, runs, retry_failed=True)
    assert seen.began == [failed.folder]
    assert summary.complete


def test_a_diverged_run_is_a_result(tmp_path: Path) -> None:
    text = "arms: {none: {}, wild: {model.hidden_sizes: [64, 64, 64], optim.lr: 1.0e+6}}\nseeds: 1\n"
    summary, _ = run(write_experiment(tmp_path, text), tmp_path / "runs")
    assert {result.ending for result in summary.trained} == {"done", "diverged"}
    assert summary.complete


def test_a_plan_trains_nothing(tmp_path: Path) -> None:
    experiment, runs = write_experiment(tmp_path, ARMS + TUNE), tmp_path / "runs"
    plan = make_plan(experiment, Ledger(runs))
    assert (len(plan.tuning.trials), len(plan.confirm), len(plan.left)) == (6, 4, 10)
    assert not runs.exists()


def test_a_stop_ends_the_sweep_and_the_next_one_goes_on(tmp_path: Path) -> None:
    experiment, runs = write_experiment(tmp_path, ARMS), tmp_path / "runs"

    class Stopper(Seen):
        def ended(self, result: JobResult) -> None:
            super().ended(result)
            engine.stop()

    seen = Stopper()
    with in_process(EngineOptions(runs_dir=runs, offline=True)) as engine:
        summary = sweep(experiment, Ledger(runs), engine, seen)
    assert [result.ending for result in summary.trained] == ["done", *["interrupted"] * 3]
    assert not summary.complete
    summary, seen = run(experiment, runs)
    assert summary.complete
    assert len(seen.began) == 3


@pytest.mark.parametrize("tier", ["cpu", "smoke"])
def test_a_tier_has_a_folder_of_its_own(tmp_path: Path, tier: str) -> None:
    folder = SweepFolder.named("try", tier, tmp_path)
    assert folder.path.name == ("try" if tier == "cpu" else "try-smoke")


def test_an_experiment_that_was_edited_keeps_its_former_record(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    before, _ = run(write_experiment(tmp_path, ARMS), runs)
    after, seen = run(write_experiment(tmp_path, ARMS.replace("seeds: 2", "seeds: 3")), runs)
    [kept] = (runs / "try").glob("sweep-*.json")
    assert SweepRecord.read(kept) == before.record
    assert len(after.trained) == 2  # the third seed of both arms
    assert any("has changed since its last sweep" in notice for notice in seen.notices)
    _, seen = run(write_experiment(tmp_path, ARMS.replace("seeds: 2", "seeds: 3")), runs)
    assert not seen.notices


def test_an_extension_says_why(tmp_path: Path) -> None:
    tune = "tune: {over: {optim.lr: [0.02, 0.05]}, seeds: [1000], max_extensions: 1}\n"
    _, seen = run(write_experiment(tmp_path, ARMS + tune), tmp_path / "runs")
    assert any("is the largest tried; all arms get one more value" in notice for notice in seen.notices)


def test_a_damaged_run_is_named_counts_as_not_done_and_is_trained_anew_when_asked(tmp_path: Path) -> None:
    experiment, runs = write_experiment(tmp_path, ARMS), tmp_path / "runs"
    run(experiment, runs)
    metrics = sorted(runs.glob("*/metrics.csv"))[0]
    whole = timeless(metrics.parent)
    metrics.write_text(metrics.read_text().replace("0.", "1.", 1))
    summary, seen = run(experiment, runs)
    assert (summary.complete, [job.folder for job in summary.skipped]) == (False, [metrics.parent.name])
    [notice] = seen.notices
    assert notice.startswith(f"{metrics}: is damaged")
    assert "--retry-failed" in notice
    summary, seen = run(experiment, runs, retry_failed=True)
    assert (summary.complete, seen.began) == (True, [metrics.parent.name])
    assert [notice.rpartition("; ")[2] for notice in seen.notices] == [
        "the run is trained again",
        f"it is put aside as {metrics}.damaged",
    ]
    assert timeless(metrics.parent) == whole


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (
            lambda text: text.replace('"seed": 1', '"seed": 2'),
            "is damaged: its content does not have its checksum",
        ),
        (lambda text: text[:-40], "is not valid JSON"),
    ],
)
def test_a_damaged_record_of_a_sweep_is_put_aside(tmp_path: Path, damage, why: str) -> None:
    experiment, runs = write_experiment(tmp_path, ARMS), tmp_path / "runs"
    before, _ = run(experiment, runs)
    record = runs / "try" / "sweep.json"
    record.write_text(damage(record.read_text()))
    after, seen = run(experiment, runs)
    assert (after.complete, after.trained, after.record) == (True, [], before.record)
    [notice] = seen.notices
    assert notice == f"{record}: {why}; it is put aside as {record}.damaged and written again"
    assert Path(f"{record}.damaged").exists()


def test_the_record_of_another_sweep_is_put_aside(tmp_path: Path) -> None:
    experiment, runs = write_experiment(tmp_path, ARMS), tmp_path / "runs"
    before, _ = run(experiment, runs)
    record = runs / "try" / "sweep.json"
    before.record.model_copy(update={"name": "other"}).write(record)
    _, seen = run(experiment, runs)
    assert seen.notices[0].startswith(f"{record}: is of the sweep other (cpu); it is put aside")


def test_what_the_system_refuses_is_told_as_train_tells_it(tmp_path: Path) -> None:
    experiment, runs = write_experiment(tmp_path, ARMS), tmp_path / "runs"
    (first, *_) = make_plan(experiment, Ledger(runs)).left
    (runs / first.folder).mkdir(parents=True)
    os.mkfifo(runs / first.folder / "metrics.csv")
    summary, _ = run(experiment, runs)
    assert [result.ending for result in summary.trained] == ["lost", "done", "done", "done"]
    refused = "is a named pipe, not a file; put a regular file there, or move it away"
    assert summary.trained[0].message == f"{runs / first.folder / 'metrics.csv'}: {refused}"


def test_leftovers_of_dead_processes_go(tmp_path: Path) -> None:
    experiment, runs = write_experiment(tmp_path, ARMS), tmp_path / "runs"
    run(experiment, runs)
    folder = SweepFolder.named(experiment.name, experiment.tier, runs)
    places = [runs, folder.path, runs / SweepRecord.read(folder.record).runs[0].folder]
    for place in places:
        (place / ".curves.svg.abcdefgh.part").write_text("half")
    with Ledger(runs).lock():
        run(experiment, runs)
    assert not [path for place in places for path in place.glob(".*.part")]
