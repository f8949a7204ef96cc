import math
from pathlib import Path

import pytest
from small_sweeps import trainer, write_experiment

from regx.config import RunConfig
from regx.runs.sweep import Tuned
from regx.sweeps.jobs import Job
from regx.sweeps.ledger import Ledger
from regx.sweeps.tuning import Tuning, tune

ARMS = """
arms:
  none: {}
  wide: {model.hidden_sizes: [32]}
tune:
  over: {optim.lr: [0.01, 0.1, 1.0]}
  seeds: [1000, 1001]
seeds: 2
"""


def tuned(tmp_path: Path, text: str, valid_loss, asked: list[Job] | None = None) -> Tuning:
    experiment = write_experiment(tmp_path, text)
    ledger = Ledger(tmp_path / "runs")
    return tune(experiment, ledger, trainer(ledger.runs_dir, valid_loss, asked))


def chosen(tuning: Tuning, arm: str) -> Tuned:
    (record,) = [record for record in tuning.arms if record.name == arm]
    (only,) = record.tuned
    return only


def test_every_arm_gets_its_own_best_value(tmp_path: Path) -> None:
    def loss(config: RunConfig) -> float:
        best = 0.1 if config.model.hidden_sizes == (8,) else 0.01
        return abs(math.log10(config.optim.lr / best)) + 0.5

    text = ARMS.replace("[0.01, 0.1, 1.0]", "[0.001, 0.01, 0.1, 1.0]")
    tuning = tuned(tmp_path, text, loss)
    assert chosen(tuning, "none").settings == {"optim.lr": 0.1}
    assert chosen(tuning, "wide").settings == {"optim.lr": 0.01}
    assert chosen(tuning, "wide").score == pytest.approx(0.5)
    assert tuning.complete
    assert [arm.num_trials for arm in tuning.arms] == [4, 4]


def test_a_best_value_on_the_edge_extends_every_arm(tmp_path: Path) -> None:
    def loss(config: RunConfig) -> float:
        best = 0.1 if config.model.hidden_sizes == (8,) else 10.0
        return abs(math.log10(config.optim.lr / best))

    asked: list[Job] = []
    tuning = tuned(tmp_path, ARMS, loss, asked)
    rates = {arm: {t.tuned["optim.lr"] for t in tuning.trials if t.arm == arm} for arm in ("none", "wide")}
    # 1.0 is the edge, then 10.0 is; with 100.0 the best lies inside
    assert rates == {"none": {0.01, 0.1, 1.0, 10.0, 100.0}, "wide": {0.01, 0.1, 1.0, 10.0, 100.0}}
    assert chosen(tuning, "wide").settings == {"optim.lr": 10.0}
    assert chosen(tuning, "wide").at_edge == ()
    assert [arm.num_trials for arm in tuning.arms] == [5, 5]


def test_the_extension_ends_and_says_that_the_choice_is_on_the_edge(tmp_path: Path) -> None:
    text = ARMS.replace("  seeds: [1000, 1001]", "  seeds: [1000]\n  max_extensions: 2")
    tuning = tuned(tmp_path, text, lambda config: 1 / config.optim.lr)
    assert chosen(tuning, "none").settings == {"optim.lr": 100.0}
    assert chosen(tuning, "none").at_edge == ("optim.lr",)
    assert tuning.complete


def test_a_trial_that_diverged_is_infinitely_bad(tmp_path: Path) -> None:
    tuning = tuned(tmp_path, ARMS, lambda config: None if config.optim.lr > 0.05 else config.optim.lr)
    assert chosen(tuning, "none").settings["optim.lr"] < 0.05
    assert chosen(tuning, "none").score is not None


def test_one_diverged_seed_spoils_the_mean_of_its_point(tmp_path: Path) -> None:
    def loss(config: RunConfig) -> float | None:
        return None if config.optim.lr == 0.1 and config.seed == 1001 else config.optim.lr

    tuning = tuned(tmp_path, ARMS.replace("[0.01, 0.1, 1.0]", "[0.1, 1.0]"), loss)
    assert chosen(tuning, "none").settings != {"optim.lr": 0.1}


def test_where_everything_diverges_the_score_is_missing(tmp_path: Path) -> None:
    tuning = tuned(tmp_path, ARMS, lambda _: None)
    assert chosen(tuning, "none").score is None


def test_where_everything_diverges_no_axis_goes_on(tmp_path: Path) -> None:
    tuning = tuned(tmp_path, ARMS, lambda _: None)
    assert {trial.tuned["optim.lr"] for trial in tuning.trials} == {0.01, 0.1, 1.0}
    assert chosen(tuning, "none").at_edge == ()


def test_an_error_on_the_way_does_not_save_a_trial_that_diverged(tmp_path: Path) -> None:
    def loss(config: RunConfig) -> float | None:
        return None if config.optim.lr == 0.01 else config.optim.lr

    text = ARMS.replace("  seeds: [1000", "  by: best_valid_error\n  seeds: [1000")
    assert chosen(tuned(tmp_path, text, loss), "none").settings == {"optim.lr": 0.1}


def test_of_equals_the_first_wins(tmp_path: Path) -> None:
    text = ARMS.replace("[0.01, 0.1, 1.0]", "[0.01, 0.1, 1.0]}\n  extend: []").replace(
        "extend: []}", "extend: []"
    )
    tuning = tuned(tmp_path, text, lambda _: 1.0)
    assert chosen(tuning, "none").settings == {"optim.lr": 0.01}


def test_the_mean_over_seeds_chooses_and_not_the_best_seed(tmp_path: Path) -> None:
    def loss(config: RunConfig) -> float:
        lucky = config.optim.lr == 1.0 and config.seed == 1000
        return 0.0 if lucky else {0.01: 3.0, 0.1: 2.0, 1.0: 5.0}[config.optim.lr]

    assert chosen(tuned(tmp_path, ARMS, loss), "none").settings == {"optim.lr": 0.1}


def test_the_measure_that_the_file_names_chooses(tmp_path: Path) -> None:
    text = ARMS.replace("  seeds: [1000, 1001]", "  by: final_valid_error\n  seeds: [1000]")
    tuning = tuned(tmp_path, text, lambda config: config.optim.lr)
    assert chosen(tuning, "none").score == 0.5  # the errors are all equal: measured, not taken from the loss


def test_each_cell_can_be_tuned_by_itself(tmp_path: Path) -> None:
    def loss(config: RunConfig) -> float:
        best = 0.1 if config.train.batch_size == 20 else 1.0
        return abs(math.log10(config.optim.lr / best))

    text = (
        ARMS.replace("tune:", "grid: {train.batch_size: [20, 50]}\ntune:\n  per: cell")
        .replace("[0.01, 0.1, 1.0]", "[0.01, 0.1, 1.0, 10.0]")
        .replace("  wide: {model.hidden_sizes: [32]}\n", "")
    )
    tuning = tuned(tmp_path, text, loss)
    assert tuning.settings("none", {"train.batch_size": 20}) == {"optim.lr": 0.1}
    assert tuning.settings("none", {"train.batch_size": 50}) == {"optim.lr": 1.0}


def test_tuned_once_an_arm_has_its_value_in_every_cell(tmp_path: Path) -> None:
    text = ARMS.replace("tune:", "grid: {train.batch_size: [20, 50]}\ntune:")
    tuning = tuned(tmp_path, text, lambda config: abs(math.log10(config.optim.lr / 0.1)))
    assert tuning.settings("none", {"train.batch_size": 50}) == {"optim.lr": 0.1}
    assert {trial.config.train.batch_size for trial in tuning.trials} == {50}


def test_tuning_that_could_not_finish_chooses_nothing(tmp_path: Path) -> None:
    experiment = write_experiment(tmp_path, ARMS)
    tuning = tune(experiment, Ledger(tmp_path / "runs"), lambda _: False)
    assert not tuning.complete
    assert all(arm.tuned == () for arm in tuning.arms)
    assert len(tuning.trials) == 12


def test_a_follower_takes_the_values_of_another_arm_and_has_no_trials(tmp_path: Path) -> None:
    text = ARMS.replace("  seeds: [1000", "  follow: {wide: none}\n  seeds: [1000")
    tuning = tuned(tmp_path, text, lambda config: abs(math.log10(config.optim.lr / 0.1)))
    assert {trial.arm for trial in tuning.trials} == {"none"}
    assert chosen(tuning, "wide") == chosen(tuning, "none")
    assert [arm.num_trials for arm in tuning.arms] == [3, 0]


def test_an_arm_without_axes_is_not_tuned(tmp_path: Path) -> None:
    text = ARMS.replace("  seeds: [1000", "  arms: {wide: {}}\n  seeds: [1000")
    tuning = tuned(tmp_path, text, lambda config: abs(math.log10(config.optim.lr / 0.1)))
    assert {trial.arm for trial in tuning.trials} == {"none"}
    assert tuning.settings("wide", {}) == {}


KNOWN = (
    "final_valid_loss, final_valid_error, best_valid_error, valid_accuracy_area, epochs_to_target, "
    "steps_to_target"
)
TIER = "tiers: {smoke: {tune: {by: steps_to_target}}}\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            ARMS.replace("  seeds:", "  by: test_error\n  seeds:"),
            f"10:7: tune.by: must be one of {KNOWN} (got 'test_error')",
        ),
        (
            ARMS.replace("  seeds:", "  by: final_valid_los\n  seeds:"),
            f"10:7: tune.by: must be one of {KNOWN} (got 'final_valid_los'; "
            "did you mean 'final_valid_loss'?)",
        ),
        (
            ARMS.replace("  seeds:", "  by: steps_to_target\n  seeds:"),
            "10:7: tune.by: steps_to_target needs train.target_error",
        ),
        (
            ARMS.replace("  seeds:", "  by: steps_to_target\n  seeds:").replace(
                "none: {}", "none: {train.target_error: 0.1}"
            ),
            "10:7: tune.by: steps_to_target needs train.target_error (missing in wide)",
        ),
        (ARMS + TIER, "12:28: tiers.smoke.tune.by: steps_to_target needs train.target_error at tier smoke"),
        (
            ARMS + TIER.replace("steps_to_target", "loss"),
            f"12:28: tiers.smoke.tune.by: must be one of {KNOWN} (got 'loss')",
        ),
    ],
)
def test_a_measure_that_cannot_choose_is_said_before_anything_is_trained(
    cli, tmp_path: Path, text: str, line: str
) -> None:
    path = write_experiment(tmp_path, text).path
    for words in (("validate",), ("sweep", "--dry-run", *(("--tier", "smoke") if "tiers" in line else ()))):
        result = cli(*words, path)
        assert (result.code, result.err) == (2, f"{path}:{line}\n")
