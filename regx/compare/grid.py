"""Arms over a grid of one numeric axis: where each of them works, and where it works best, seed by seed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log2
from statistics import fmean
from typing import Literal

from regx.compare.compare import Cell
from regx.compare.select import Arm, Selection
from regx.config.errors import UsageError
from regx.measures.grid import ANY_AXIS, OTHER_AXES, RATES, SHOWN_GRID_MEASURES
from regx.measures.ladder import LADDER_START, MIN_PARABOLA, grid_floor
from regx.measures.measure import CellRun, Measure, Reference, SeedRuns
from regx.runs.table import Run
from regx.stats.inference import Inference, correct, infer

__all__ = ["GridArm", "GridComparison", "GridRow", "Scale", "compare_grid", "grid_axis"]

# How the numbers of a row are counted: learning rates and their ratios in doublings (log2), values of another
# axis as they are, errors as fractions.
Scale = Literal["log2", "doublings", "value", "fraction"]
_SCALES: dict[str, Scale] = {"learning rate": "log2", "doublings": "doublings", "fraction": "fraction"}


@dataclass(frozen=True, kw_only=True)
class GridArm:
    """One arm with all its cells.

    Attributes:
        label: Its name.
        arm: As its first cell declares it.
        values: Of the axis, ascending.
        ladders: For each seed that has a run in every cell, its runs by value of the axis.
        incomplete: Seeds that lack a run, ascending: not used.
    """

    label: str
    arm: Arm
    values: tuple[float, ...]
    ladders: Mapping[int, Mapping[float, Run]]
    incomplete: tuple[int, ...]

    def num_without_end(self, value: float) -> int:
        """Count the runs at a value of the axis that have no metrics at the end: diverged, or stopped."""
        return sum(ladder[value].record.final is None for ladder in self.ladders.values())


@dataclass(frozen=True, kw_only=True)
class GridRow:
    """One measure over the grid, of all arms.

    Attributes:
        measure: What it shows.
        cells: One per arm; learning rates as log2.
        inferences: Each arm against the first; None for the first and where a mean is missing.
    """

    measure: Measure
    cells: tuple[Cell, ...]
    inferences: tuple[Inference | None, ...]

    @property
    def scale(self) -> Scale:
        """How its numbers are counted."""
        return _scale(self.measure)


@dataclass(frozen=True, kw_only=True)
class GridComparison:
    """All that is known about arms over one axis."""

    axis: str
    arms: tuple[GridArm, ...]
    rows: tuple[GridRow, ...]


def grid_axis(selections: Sequence[Selection]) -> str | None:
    """Return the axis, if all are whole arms with a grid over the same numeric axis."""
    axes = {tuple(selection.arm.cell) if selection.arm else () for selection in selections}
    if len(axes) != 1 or any(selection.is_cell for selection in selections):
        return None
    axis, *others = axes.pop() or (None,)
    values = [selection.arm.cell[axis] for selection in selections if selection.arm and axis]
    if axis is None or others or not all(_is_number(value) for value in values):
        return None
    return str(axis) if len(set(values)) > 1 else None


def compare_grid(selections: Sequence[Selection], axis: str) -> GridComparison:
    """Measure every arm over its grid, seed by seed, and set the others against the first.

    Args:
        selections: One per arm and cell; see `grid_axis`.
        axis: Dotted path of what the grid varies.

    Raises:
        UsageError: If an arm is given twice, or no seed of it has a run in every cell.
    """
    by_arm: dict[tuple[str, str], list[Selection]] = {}
    for selection in selections:
        assert selection.arm is not None  # grid_axis has looked
        members = by_arm.setdefault((str(selection.arm.sweep.resolve()), selection.arm.name), [])
        if any(selection.arm == member.arm for member in members):
            raise UsageError(f"{selection.argument}: is given twice; name each arm once")
        members.append(selection)
    arms = [_arm(members, axis) for members in by_arm.values()]
    names = [arm.label for arm in arms]
    arms = [
        arm if names.count(arm.label) == 1 else replace(arm, label=f"{arm.arm.sweep.name}:{arm.label}")
        for arm in arms
    ]
    reference = Reference(first_rate=_first_rate(arms))
    rows = tuple(_row(measure, arms, axis, reference) for measure in _choose_measures(axis, arms))
    return GridComparison(axis=axis, arms=tuple(arms), rows=rows)


def _first_rate(arms: Sequence[GridArm]) -> float:
    """Choose the rate from which on every arm should learn."""
    reached = min(arm.values[-1] for arm in arms) >= LADDER_START
    return LADDER_START if reached else min(arm.values[0] for arm in arms)


def _choose_measures(axis: str, arms: Sequence[GridArm]) -> list[Measure]:
    """Choose the measures for an axis: ladders of learning rates have measures of their own."""
    has_rates = axis == "optim.lr" and min(arm.values[0] for arm in arms) > 0
    sections = (RATES if has_rates else OTHER_AXES, ANY_AXIS)
    fewest = min(len(arm.values) for arm in arms)
    return [
        measure
        for measure in SHOWN_GRID_MEASURES
        if measure.section in sections and (measure.name != "optimum" or fewest >= MIN_PARABOLA)
    ]


def _arm(members: Sequence[Selection], axis: str) -> GridArm:
    cells: dict[float, dict[int, Run]] = {}
    seeds: set[int] = set()
    for selection in members:
        if selection.arm is not None:
            cells[float(selection.arm.cell[axis])] = {run.record.seed: run for run in selection.runs}
            seeds |= {run.record.seed for run in selection.runs} | set(selection.arm.absent)
    values = tuple(sorted(cells))
    whole = [seed for seed in sorted(seeds) if all(seed in cells[value] for value in values)]
    arm = members[0].arm
    assert arm is not None
    if not whole:
        raise UsageError(f"{arm.sweep}:{arm.name}: no seed has a run in every cell yet; `regx sweep` goes on")
    return GridArm(
        label=arm.name,
        arm=arm,
        values=values,
        ladders={seed: {value: cells[value][seed] for value in values} for seed in whole},
        incomplete=tuple(sorted(seeds - set(whole))),
    )


def _row(measure: Measure, arms: Sequence[GridArm], axis: str, reference: Reference) -> GridRow:
    measure = replace(measure, missing=measure.missing.format(first_rate=reference.first_rate))
    by_seed = [_numbers(measure, arm, axis, reference) for arm in arms]
    cells = tuple(_cell(list(values.values())) for values in by_seed)
    present = [
        {seed: value for seed, value in values.items() if value is not None} if cell.mean is not None else {}
        for values, cell in zip(by_seed, cells, strict=True)
    ]
    floor = _floor(measure, arms)
    first, *others = present
    inferences = [
        infer(first, other, measure.better, sd_floor=floor) if first and other else None for other in others
    ]
    return GridRow(
        measure=measure,
        cells=cells,
        inferences=(None, *correct(inferences)),
    )


def _numbers(measure: Measure, arm: GridArm, axis: str, reference: Reference) -> dict[int, float | None]:
    """Measure every seed of an arm; learning rates as log2."""
    numbers = {}
    for seed, ladder in arm.ladders.items():
        runs = tuple(CellRun({axis: value}, run) for value, run in ladder.items())
        value = measure.number(SeedRuns(arm=arm.label, runs=runs, reference={}, axis=axis), reference).value
        numbers[seed] = log2(value) if value is not None and _scale(measure) == "log2" else value
    return numbers


def _scale(measure: Measure) -> Scale:
    return _SCALES.get(measure.unit, "value")


def _cell(values: Sequence[float | None]) -> Cell:
    present = [value for value in values if value is not None]
    if len(present) < len(values):
        return Cell(values=tuple(values), missing=f"{len(values) - len(present)} of {len(values)} none")
    return Cell(
        values=tuple(values),
        mean=fmean(present),
    )


def _floor(measure: Measure, arms: Sequence[GridArm]) -> float | None:
    """Return the spread to assume where all seeds agree: that of rounding to the values that were tried.

    The step is the smallest between neighbours in any arm, in the unit of the measure: doublings (log2) for
    learning rates, else that of the axis.
    """
    if not measure.on_grid:
        return None
    count: Callable[[float], float] = float if _scale(measure) == "value" else log2
    steps = [count(high) - count(low) for arm in arms for low, high in pairwise(arm.values)]
    return grid_floor(min(steps)) if steps else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
