"""Arms over a grid of one numeric axis: where each of them works, and where it works best, seed by seed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log2
from statistics import fmean, stdev
from typing import Literal

from regx.analysis.arms import Arm
from regx.analysis.compare import Cell
from regx.analysis.inference import Inference, correct, half_width, infer
from regx.analysis.selection import Selection
from regx.config.errors import UsageError
from regx.runs.table import Run

__all__ = ["GridArm", "GridComparison", "GridRow", "Scale", "compare_grid", "grid_axis"]

# How the numbers of a row are counted: learning rates and their ratios in doublings (log2), values of another
# axis as they are, errors as fractions.
Scale = Literal["log2", "doublings", "value", "fraction"]
Ladder = Mapping[float, Run]
EVERYWHERE = "diverged everywhere"


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
    ladders: Mapping[int, Ladder]
    incomplete: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class GridRow:
    """One measure over the grid, of all arms.

    Attributes:
        name: In CSV and JSON.
        label: In tables.
        scale: How its numbers are counted.
        better: Which direction is better; None where neither is.
        absent: What became of a seed that has no such number.
        cells: One per arm; learning rates as log2.
        inferences: Each arm against the first; None for the first and where a mean is missing.
    """

    name: str
    label: str
    scale: Scale
    better: Literal["lower", "higher"] | None
    absent: str
    cells: tuple[Cell, ...]
    inferences: tuple[Inference | None, ...]


@dataclass(frozen=True, kw_only=True)
class GridComparison:
    """All that is known about arms over one axis."""

    axis: str
    arms: tuple[GridArm, ...]
    rows: tuple[GridRow, ...]


@dataclass(frozen=True, kw_only=True)
class _GridMeasure:
    name: str
    label: str
    scale: Scale
    better: Literal["lower", "higher"] | None
    absent: str
    of: Callable[[Ladder], float | None]
    on_grid: bool = False  # one of the values that were tried, not one between them


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
        arm if names.count(arm.label) == 1 else _renamed(arm, f"{arm.arm.sweep.name}:{arm.label}")
        for arm in arms
    ]
    rows = tuple(_row(measure, arms) for measure in _measures(axis, arms))
    return GridComparison(axis=axis, arms=tuple(arms), rows=rows)


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


def _renamed(arm: GridArm, label: str) -> GridArm:
    return GridArm(
        label=label, arm=arm.arm, values=arm.values, ladders=arm.ladders, incomplete=arm.incomplete
    )


def _row(measure: _GridMeasure, arms: Sequence[GridArm]) -> GridRow:
    by_seed = [{seed: measure.of(ladder) for seed, ladder in arm.ladders.items()} for arm in arms]
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
        name=measure.name,
        label=measure.label,
        scale=measure.scale,
        better=measure.better,
        absent=measure.absent,
        cells=cells,
        inferences=(None, *correct(inferences)),
    )


def _cell(values: Sequence[float | None]) -> Cell:
    present = [value for value in values if value is not None]
    if len(present) < len(values):
        return Cell(values=tuple(values), missing=f"{len(values) - len(present)} of {len(values)} none")
    return Cell(
        values=tuple(values),
        mean=fmean(present),
        deviation=stdev(present) if len(present) > 1 else None,
        half_width=half_width(present),
    )


def _floor(measure: _GridMeasure, arms: Sequence[GridArm]) -> float | None:
    """Return the spread to assume where all seeds agree: that of rounding to the values that were tried.

    The step is the smallest between neighbours in any arm, in the unit of the measure: doublings (log2) for
    learning rates, else that of the axis.
    """
    from regx.analysis.ladder import grid_floor

    if not measure.on_grid:
        return None
    count: Callable[[float], float] = float if measure.scale == "value" else log2
    steps = [count(high) - count(low) for arm in arms for low, high in pairwise(arm.values)]
    return grid_floor(min(steps)) if steps else None


def _measures(axis: str, arms: Sequence[GridArm]) -> list[_GridMeasure]:
    """Choose the measures for an axis: ladders of learning rates have measures of their own."""
    from regx.analysis import ladder

    lowest = _GridMeasure(
        name="lowest_valid_error",
        label="lowest valid error (%)",
        scale="fraction",
        better="lower",
        absent=EVERYWHERE,
        of=lambda runs: min(
            (error for error in _valid_errors(runs).values() if error is not None), default=None
        ),
    )
    if axis != "optim.lr" or min(value for arm in arms for value in arm.values) <= 0:
        best = _GridMeasure(
            name="best_value",
            label="best value",
            scale="value",
            better=None,
            absent=EVERYWHERE,
            of=lambda runs: _argmin(_losses(runs)),
            on_grid=True,
        )
        optimum = _GridMeasure(
            name="optimum",
            label="optimum",
            scale="value",
            better=None,
            absent="diverged at some value",
            of=lambda runs: ladder.optimum(_losses(runs)),
        )
        enough = all(len(arm.values) >= 3 for arm in arms)
        return [*([optimum] if enough else []), best, lowest]
    largest = min(arm.values[-1] for arm in arms)
    start = ladder.LADDER_START if largest >= ladder.LADDER_START else min(arm.values[0] for arm in arms)
    too_soon = f"did not learn at the smallest rate from {start:g} on"
    return [
        _GridMeasure(
            name="lr_max",
            label="LR_max",
            scale="log2",
            better="higher",
            absent=too_soon,
            of=lambda runs: _log2(ladder.lr_max(_learned(runs), start=start)),
            on_grid=True,
        ),
        _GridMeasure(
            name="lr_star",
            label="LR*",
            scale="log2",
            better=None,
            absent=EVERYWHERE,
            of=lambda runs: _log2(ladder.lr_star(_losses(runs))),
            on_grid=True,
        ),
        _GridMeasure(
            name="stable_width",
            label="stable width",
            scale="doublings",
            better="higher",
            absent=too_soon,
            of=lambda runs: ladder.stable_width(_learned(runs), _accuracies(runs), start=start),
            on_grid=True,
        ),
        lowest,
    ]


def _learned(runs: Ladder) -> dict[float, bool | None]:
    return {value: run.record.status == "done" for value, run in runs.items()}


def _losses(runs: Ladder) -> dict[float, float | None]:
    return {value: run.record.final.valid_loss if run.record.final else None for value, run in runs.items()}


def _valid_errors(runs: Ladder) -> dict[float, float | None]:
    return {value: run.record.final.valid_error if run.record.final else None for value, run in runs.items()}


def _accuracies(runs: Ladder) -> dict[float, float | None]:
    return {value: None if error is None else 1 - error for value, error in _valid_errors(runs).items()}


def _argmin(losses: Mapping[float, float | None]) -> float | None:
    finite = {value: loss for value, loss in losses.items() if loss is not None}
    return min(finite, key=finite.__getitem__, default=None)


def _log2(rate: float | None) -> float | None:
    return None if rate is None else log2(rate)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
