from functools import partial
from pathlib import Path
from typing import Any

import pytest
from run_builder import build_run, built_run, group_runs

from regx.compare.compare import Comparison, compare
from regx.compare.notes import notes
from regx.compare.select import show_cell_of, show_tuned
from regx.compare.words import conclude
from regx.config.errors import UsageError
from regx.runs.load import Run, load_run_folder

REGULARIZED: dict[str, Any] = {
    "name": "dropout",
    "model": {"drop_prob": {"hidden": 0.2}},
    "train_losses": (1.2, 0.8, 0.4),
    "valid_errors": (0.5, 0.2, 0.1),
    "test_loss": 0.5,
    "test_error": 0.15,
}


@pytest.fixture
def build(tmp_path: Path):
    return partial(built_run, tmp_path)


@pytest.fixture
def pair(build) -> tuple[Run, Run]:
    return build(), build(**REGULARIZED)


def compared(*runs: Run, target_error: float | None = None) -> Comparison:
    return compare(group_runs(runs), target_error=target_error)


@pytest.mark.parametrize(
    ("measure", "plain", "dropout"),
    [
        ("loss_gap", 0.6 - 0.1, 0.5 - 0.4),
        ("error_gap", 0.22 - 0.1, 0.15 - 0.05),
        ("overtraining_index", 0.0, 0.0),
        ("matched_gap", 0.6 - 0.4, 0.2 - 0.4),  # at 0.4, which both reach at the end of an epoch
        ("epochs_to_target", 2.9, 1.0 + 0.29 / 0.3),
        ("seconds_to_target", 5.8, 2.0 + 2 * 0.29 / 0.3),
        ("valid_accuracy_area", (0.6 + 0.75) / 2, (0.65 + 0.85) / 2),
        ("best_valid_error", 0.2, 0.1),
        ("test_error", 0.22, 0.15),
        ("images_per_second", 150.0, 150.0),
    ],
)
def test_each_measure_by_hand(pair: tuple[Run, Run], measure: str, plain: float, dropout: float) -> None:
    row = compared(*pair, target_error=0.21).row(measure)
    assert [cell.mean for cell in row.cells] == pytest.approx([plain, dropout])
    assert row.inferences[1].difference == pytest.approx(dropout - plain)


def test_swapping_the_runs_turns_every_sign(pair: tuple[Run, Run]) -> None:
    there, back = compared(*pair), compared(*reversed(pair))
    for row, turned in zip(there.rows, back.rows, strict=True):
        assert row.inferences[1].difference == -turned.inferences[1].difference
        assert (row.best is None) == (turned.best is None)
        assert row.best is None or row.best == 1 - turned.best


def test_seeds_become_mean_and_deviation(build) -> None:
    runs = [build(seed=seed, test_error=error) for seed, error in enumerate((0.1, 0.2, 0.3))]
    cell = compared(*runs, build(**REGULARIZED)).row("test_error").cells[0]
    assert (cell.mean, cell.deviation) == pytest.approx((0.2, 0.1))


def test_names_do_not_part_a_group(build) -> None:
    groups = group_runs([build(seed=0), build(seed=1, name="other"), build(**REGULARIZED)])
    assert [group.seeds for group in groups] == [(0, 1), (0,)]


def test_equal_names_of_unlike_configs_are_told_apart(build) -> None:
    groups = group_runs([build(), build(optim={"lr": 0.2})])
    assert len({group.label for group in groups}) == 2


def test_a_run_given_twice_is_refused(build) -> None:
    run = build()
    with pytest.raises(UsageError, match="is given twice"):
        group_runs([run, run, build(**REGULARIZED)])


def test_a_copy_of_a_run_is_refused(build, tmp_path: Path) -> None:
    copy = built_run(tmp_path / "copy")
    with pytest.raises(UsageError, match="are the same run"):
        group_runs([build(), copy, build(**REGULARIZED)])


def test_one_run_is_no_comparison(build) -> None:
    with pytest.raises(UsageError, match="is one run; a comparison needs two"):
        group_runs([build()])


def test_two_seeds_of_one_config_show_chance(build) -> None:
    comparison = compared(build(seed=0), build(seed=1, test_loss=0.7))
    assert len(comparison.groups) == 2
    assert any("so every difference is chance" in line for line in conclude(comparison))


def test_a_target_out_of_reach_is_no_number(pair: tuple[Run, Run]) -> None:
    row = compared(*pair, target_error=0.15).row("epochs_to_target")
    assert (row.cells[0].mean, row.cells[0].missing, row.inferences[1]) == (None, "not reached", None)
    assert row.cells[1].mean == pytest.approx(2.5)


def test_a_group_in_which_one_seed_fell_short_has_no_mean(build) -> None:
    runs = [build(seed=0), build(seed=1, valid_errors=(0.5, 0.4, 0.4)), build(**REGULARIZED)]
    cell = compared(*runs, target_error=0.21).row("steps_to_target").cells[0]
    assert (cell.mean, cell.missing) == (None, "1 of 2 not reached")
    assert cell.values == (pytest.approx(29.0), None)


def test_the_default_target_is_one_that_all_reach(pair: tuple[Run, Run]) -> None:
    comparison = compared(*pair)
    assert comparison.reference.target_error == pytest.approx(0.21)  # 5 % above 0.2
    assert all(cell.mean is not None for cell in comparison.row("epochs_to_target").cells)
    assert "every finished run reaches" in comparison.target_rule


@pytest.mark.parametrize(("lowest", "target"), [(0.0313, 0.033), (0.0098, 0.011), (0.4, 0.42), (0.0, 0.0)])
def test_the_default_target_is_rounded_up_to_two_digits(build, lowest: float, target: float) -> None:
    runs = build(valid_errors=(0.5, 0.45, lowest)), build(**REGULARIZED | {"valid_errors": (0.5, 0.3, 0.0)})
    assert compared(*runs).reference.target_error == pytest.approx(target)


def test_a_declared_target_goes_before_the_chosen_one(build) -> None:
    declared = {"train": {"target_error": 0.3}}
    comparison = compared(build(**declared), build(**REGULARIZED | declared))
    assert comparison.reference.target_error == 0.3
    assert "declared" in comparison.target_rule


def test_the_matched_loss_is_the_lowest_that_all_reach(pair: tuple[Run, Run]) -> None:
    assert compared(*pair).reference.train_loss == 0.4


def test_a_diverged_run_keeps_what_it_has_and_no_more(build) -> None:
    broken = build(**REGULARIZED | {"status": "diverged", "epochs": 9})
    comparison = compared(build(), broken)
    for measure in ("test_error", "loss_gap", "overtraining_index", "valid_accuracy_area"):
        assert comparison.row(measure).cells[1].missing == "diverged"
    assert comparison.row("best_valid_error").cells[1].mean == pytest.approx(0.1)
    assert any("dropout diverged after 3 of 9 epochs: loss became NaN" in note for note in notes(comparison))
    assert any("cannot be compared: dropout: diverged" in line for line in conclude(comparison))


def test_without_a_finished_run_there_is_no_target(build) -> None:
    nothing = {"train_losses": (), "valid_errors": (), "status": "diverged"}
    comparison = compared(build(**nothing), build(**REGULARIZED | nothing))
    assert comparison.reference.target_error is None
    assert comparison.row("best_valid_error").cells[0].missing == "diverged"
    assert all(cell.mean is None for row in comparison.rows for cell in row.cells)
    assert len(conclude(comparison)) >= 3


def test_what_differs_is_listed_by_dotted_path(build) -> None:
    other = build(
        model={"batch_norm": True}, optim={"lr": 0.2, "lr_decay": {"kind": "exponential", "factor": 0.9}}
    )
    comparison = compared(build(), other)
    assert [entry.path for entry in comparison.config] == ["model.batch_norm", "optim.lr", "optim.lr_decay"]
    assert conclude(comparison)[0] == (
        "CONFOUNDED: they differ in model.batch_norm, optim.lr and optim.lr_decay; "
        "this comparison cannot tell which made the difference."
    )


def test_one_setting_is_named_without_warning(pair: tuple[Run, Run]) -> None:
    said = " ".join(conclude(compared(*pair)))
    assert "They differ in one setting: model.drop_prob.hidden." in said
    assert "CONFOUNDED" not in said


def test_other_data_and_another_machine_are_noted(build) -> None:
    other = build(**REGULARIZED, environment={"data_sha256": "f" * 64, "threads": 4})
    found = " ".join(notes(compared(build(), other)))
    assert "they did not see the same data" in found
    assert "threads (1, 4); do not compare their seconds" in found


def test_the_sentences_name_winner_and_margin(pair: tuple[Run, Run]) -> None:
    overfitting, convergence, *_ = conclude(compared(*pair, target_error=0.21))
    assert overfitting == (
        "dropout overfits less than plain: loss gap 0.100 against 0.500 nats, difference −0.400. "
        "The test error of dropout is lower than that of plain: 15.00 against 22.00 %, difference −7.00."
    )
    assert convergence == (
        "dropout converges faster than plain: 2.0 against 2.9 epochs to a validation error of 21 %, "
        "difference −0.9; 1.47 times faster; in training time 3.93 s against 5.80 s."
    )


def test_a_small_gap_with_a_worse_test_error_is_not_sold_as_a_win(build) -> None:
    worse = build(**REGULARIZED | {"test_error": 0.4})
    said = conclude(compared(build(), worse))[0]
    assert "But the error gap of dropout is higher than that of plain: " in said
    assert "The test error of dropout is higher than that of plain: 40.00 against 22.00 %" in said


def test_equal_runs_are_called_equal(build) -> None:
    overfitting, convergence, *_ = conclude(compared(build(), build(name="same", optim={"lr": 0.2})))
    assert overfitting.startswith("The overfitting of plain and same is the same: loss gap 0.500 against")
    assert convergence.startswith("The convergence of plain and same is the same: 2.9 against 2.9 epochs")


def test_what_is_not_known_is_no_word_of_python(tmp_path: Path) -> None:
    """A run outside a git checkout has no commit; an arm may be tuned to nothing, or not at all."""
    runs = [
        built_run(tmp_path, name=name, optim={"lr": lr}, environment={"git_commit": commit})
        for name, lr, commit in (("a", 0.1, None), ("b", 0.2, "c" * 40))
    ]
    said = notes(compare(group_runs(runs)))
    assert said == ["The runs differ in git_commit (unknown, cccccccccccc)."]
    assert show_cell_of({"optim.max_norm": None}) == ["optim.max_norm=null"]
    assert show_tuned({}, "optim.lr") == "not tuned"


def test_a_config_on_record_is_read_as_strictly_as_any(tmp_path: Path) -> None:
    path = build_run(tmp_path)
    text = (path / "config.yaml").read_text()
    (path / "config.yaml").write_text(f"{text}seed: 0\n")
    with pytest.raises(UsageError, match="'seed' stands here twice"):
        load_run_folder(path)
    (path / "config.yaml").write_text(text.replace("seed: 0", "seed: 0x0"))
    with pytest.raises(UsageError, match="seed"):
        load_run_folder(path)
