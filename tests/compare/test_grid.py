import csv
import io
import json
from collections.abc import Sequence
from math import log2
from pathlib import Path
from typing import Any

import pytest
from sweep_builder import build_sweep

from regx.compare.compare import Comparison, compare
from regx.compare.data import GRID_COLUMNS, as_csv, as_json
from regx.compare.groups import group_selections
from regx.compare.notes import notes
from regx.compare.select import select
from regx.compare.tables import as_markdown
from regx.compare.words import conclude
from regx.config.errors import UsageError

ARMS: dict[str, dict[str, Any]] = {"plain": {}, "norm": {"model.batch_norm": True}}
RATES = [0.01 * 2**k for k in range(6)]  # 0.01 to 0.32


def ends_at(error: float) -> dict[str, Any]:
    return {"valid_errors": (0.5, 0.4, error)}


def ladder(arm: str, cell: dict[str, Any], seed: int) -> dict[str, Any] | None:
    """Plain works up to 0.08 and is best at 0.04, norm up to 0.32 (one seed: 0.16) and best at 0.16."""
    rate = cell["optim.lr"]
    last, best = (0.08, 0.04) if arm == "plain" else (0.16 if seed == 0 else 0.32, 0.16)
    if rate > last * 1.01:
        return {"status": "diverged"}
    return ends_at(0.05 + 0.02 * abs(log2(rate / best)) + 0.001 * seed)


def compared(
    tmp_path: Path, curves: Any = ladder, axis: str = "optim.lr", values: Sequence[float] = RATES
) -> Comparison:
    sweep = build_sweep(tmp_path, ARMS, cells=[{axis: value} for value in values], curves=curves)
    comparison = compare(group_selections(select(str(sweep))))
    assert comparison.axis == axis
    return comparison


@pytest.fixture(scope="module")
def rates(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return compared(tmp_path_factory.mktemp("rates"))


def test_ladders_by_hand(rates: Comparison) -> None:
    comparison = rates
    plain, norm = comparison.row("lr_max").cells
    assert plain.values == pytest.approx([log2(0.08)] * 6)
    assert norm.values == pytest.approx([log2(0.16), *[log2(0.32)] * 5])
    assert comparison.row("lr_star").cells[1].mean == pytest.approx(log2(0.16))
    assert comparison.row("lr_max").inferences[1].difference == pytest.approx(2 - 1 / 6)  # doublings
    # Down to 90 % of the best accuracy: 0.855, an error of 0.145, five steps below the best one.
    assert comparison.row("stable_width").cells[0].values[0] == pytest.approx(3.0)
    assert comparison.row("lowest_valid_error").cells[0].values == pytest.approx(
        [0.05 + 0.001 * s for s in range(6)]
    )


def test_seeds_that_agree_by_the_ladder_have_the_spread_of_its_steps(rates: Comparison) -> None:
    star = rates.row("lr_star").inferences[1]
    assert star.difference == pytest.approx(2.0)
    assert star.test.sd == pytest.approx(12**-0.5)
    assert star.is_significant


def test_values_of_another_axis_that_agree_have_the_spread_of_its_steps(tmp_path: Path) -> None:
    """The smallest of unequal steps, in the unit of the axis; an optimum is not bound to the grid."""

    def same_best(arm: str, cell: dict[str, Any], seed: int) -> dict[str, Any]:
        best = 0.5 if arm == "plain" else 0.3
        return ends_at(0.1 + 0.1 * abs(cell["optim.momentum"] - best))

    comparison = compared(tmp_path, same_best, "optim.momentum", (0.0, 0.3, 0.5, 0.9))
    best = comparison.row("best_value").inferences[1]
    assert best.difference == pytest.approx(-0.2)
    assert best.test.sd == pytest.approx(0.2 / 12**0.5)
    assert best.is_significant
    assert comparison.row("optimum").inferences[1].remark == "the same in each"


def test_unequal_steps_of_a_ladder_count_by_the_smallest(tmp_path: Path) -> None:
    comparison = compared(tmp_path, values=(0.01, 0.04, 0.08, 0.16, 0.32))
    assert comparison.row("lr_star").inferences[1].test.sd == pytest.approx(12**-0.5)


def test_a_seed_without_an_lr_max_is_named(tmp_path: Path) -> None:
    def unlucky(arm: str, cell: dict[str, Any], seed: int) -> dict[str, Any] | None:
        if (arm, seed) == ("norm", 3):
            return {"status": "diverged"}
        return ladder(arm, cell, seed)

    comparison = compared(tmp_path, unlucky, values=[0.005, *RATES])
    assert comparison.row("lr_max").cells[1].missing == "1 of 6 none"
    said = notes(comparison)
    assert (
        "norm: seed 3 did not learn at the smallest rate from 0.01 on, so there is no mean of LR_max and "
        "stable width."
    ) in said
    assert "norm: seed 3 ended early everywhere, so there is no mean of LR* and lowest valid error." in said
    assert not any("no mean" in note and note.startswith("plain") for note in said)


def test_it_says_which_works_at_larger_rates(rates: Comparison) -> None:
    assert conclude(rates)[0].startswith(
        "The LR_max of norm is higher than that of plain: 0.285 against 0.08, difference +1.8 doublings ["
    )
    said = notes(rates)
    assert "plain: runs diverged or were stopped, 6 of 6 at 0.16 and 6 of 6 at 0.32." in said
    assert "norm: the largest rate tried still works with 5 of 6 seeds: its LR_max is a lower bound." in said


def test_another_axis_has_an_optimum(tmp_path: Path) -> None:
    def parabola(arm: str, cell: dict[str, Any], seed: int) -> dict[str, Any]:
        best = 0.5 if arm == "plain" else 0.3
        return ends_at(0.1 + 0.2 * (cell["optim.momentum"] - best) ** 2 + 0.001 * seed)

    comparison = compared(tmp_path, parabola, "optim.momentum", (0.0, 0.2, 0.4, 0.6, 0.8))
    cells = comparison.row("optimum").cells
    assert [cell.mean for cell in cells] == pytest.approx([0.5, 0.3])


def test_a_seed_that_lacks_a_cell_is_not_used_and_named(tmp_path: Path) -> None:
    def holes(arm: str, cell: dict[str, Any], seed: int) -> dict[str, Any] | None:
        return None if (arm, seed) == ("norm", 2) and cell["optim.lr"] == 0.01 else ladder(arm, cell, seed)

    comparison = compared(tmp_path, holes)
    assert list(comparison.groups[1].ladders) == [0, 1, 3, 4, 5]
    assert comparison.row("lr_max").inferences[1].seeds == (0, 1, 3, 4, 5)
    assert any("norm: seeds 2 lack a run in some cell" in note for note in notes(comparison))
    said = next(line for line in conclude(comparison) if "lowest valid error" in line)
    assert "5.26 against 5.26 % over the 5 pairs" in said  # of all six: 5.25


def test_files_hold_what_the_tables_show(rates: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(rates))))
    assert tuple(rows[0]) == GRID_COLUMNS
    row = next(row for row in rows if (row["measure"], row["arm"]) == ("lr_max", "norm"))
    assert (row["scale"], row["axis"], row["method"], row["num_pairs"]) == ("log2", "optim.lr", "paired", "6")
    content = json.loads(as_json(rates))
    assert content["arms"][1]["values"] == pytest.approx(RATES)
    lr_max = next(measure for measure in content["measures"] if measure["name"] == "lr_max")
    assert lr_max["arms"][0]["test"] is None
    assert lr_max["arms"][1]["test"]["values"] == pytest.approx([1.0, *[2.0] * 5])
    page = as_markdown(rates)
    assert page.startswith("# plain vs norm over optim.lr\n")
    assert "| LR\\* (doublings) | difference |" in page


def test_one_seed_tests_nothing(tmp_path: Path) -> None:
    sweep = build_sweep(
        tmp_path, ARMS, cells=[{"optim.lr": lr} for lr in RATES], seeds=range(1), curves=ladder
    )
    comparison = compare(group_selections(select(str(sweep))))
    assert not comparison.tested
    assert {row["method"] for row in csv.DictReader(io.StringIO(as_csv(comparison)))} == {""}
    assert conclude(comparison)[0] == (
        "The LR_max of norm is higher than that of plain: 0.16 against 0.08, difference +1.0 doublings."
    )


def test_an_arm_given_twice_is_refused(tmp_path: Path) -> None:
    sweep = build_sweep(tmp_path, {"none": {}}, cells=[{"optim.lr": lr} for lr in (0.01, 0.1)], curves=ladder)
    with pytest.raises(UsageError, match="is given twice"):
        group_selections([*select(f"{sweep}:none"), *select(f"{sweep}:none")])


def test_no_whole_seed_is_refused(tmp_path: Path) -> None:
    def holes(arm: str, cell: dict[str, Any], seed: int) -> dict[str, Any] | None:
        return None if arm == "norm" and RATES.index(cell["optim.lr"]) == seed else ladder(arm, cell, seed)

    with pytest.raises(UsageError, match="norm: no seed has a run in every cell yet"):
        compared(tmp_path, holes)


def test_what_is_no_grid_of_one_axis(tmp_path: Path) -> None:
    one = build_sweep(tmp_path / "a", ARMS, cells=[{"optim.lr": lr} for lr in RATES], seeds=range(1))
    two = build_sweep(
        tmp_path / "b", ARMS, cells=[{"optim.lr": lr, "optim.momentum": 0.5} for lr in RATES], seeds=range(1)
    )
    flags = build_sweep(
        tmp_path / "c",
        {"plain": {}},
        cells=[{"model.batch_norm": on} for on in (True, False)],
        seeds=range(1),
    )
    two_cells = [f"{one}:plain,optim.lr={rate}" for rate in (0.01, 0.02)]
    for words in (two_cells, [f"{one}:plain", f"{two}:plain"], [two], [flags]):
        groups = group_selections([found for word in words for found in select(str(word))])
        assert {group.axis for group in groups} == {""}, words
    assert group_selections(select(f"{one}:plain"))[0].axis == "optim.lr"
