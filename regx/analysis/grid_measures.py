"""What is measured over a grid of one numeric axis, for one seed of one arm."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Literal

from regx.measures import ladder
from regx.runs.table import Run

__all__ = ["GridMeasure", "Ladder", "Scale", "grid_measures"]

# How the numbers of a row are counted: learning rates and their ratios in doublings (log2), values of another
# axis as they are, errors as fractions.
Scale = Literal["log2", "doublings", "value", "fraction"]
Ladder = Mapping[float, Run]
EVERYWHERE = "diverged everywhere"


@dataclass(frozen=True, kw_only=True)
class GridMeasure:
    """One number of a ladder of runs.

    Attributes:
        name: In CSV and JSON.
        label: In tables.
        scale: How its numbers are counted.
        better: Which direction is better; None where neither is.
        absent: What became of a seed that has no such number.
        of: Computes it.
        on_grid: Whether it is one of the values that were tried, not one between them.
    """

    name: str
    label: str
    scale: Scale
    better: Literal["lower", "higher"] | None
    absent: str
    of: Callable[[Ladder], float | None]
    on_grid: bool = False


def grid_measures(axis: str, values: Sequence[Sequence[float]]) -> tuple[GridMeasure, ...]:
    """Choose the measures for an axis: ladders of learning rates have measures of their own.

    Args:
        axis: Dotted path of what the grid varies.
        values: Of the axis, ascending, for each arm.
    """
    if axis == "optim.lr" and min(of_arm[0] for of_arm in values) > 0:
        return (*_rate_measures(values), LOWEST_VALID_ERROR)
    if all(len(of_arm) >= 3 for of_arm in values):
        return OPTIMUM, BEST_VALUE, LOWEST_VALID_ERROR
    return BEST_VALUE, LOWEST_VALID_ERROR


def _rate_measures(values: Sequence[Sequence[float]]) -> tuple[GridMeasure, ...]:
    """Count from a rate at which every arm should learn."""
    reached = min(of_arm[-1] for of_arm in values) >= ladder.LADDER_START
    start = ladder.LADDER_START if reached else min(of_arm[0] for of_arm in values)
    too_soon = f"did not learn at the smallest rate from {start:g} on"
    lr_max = GridMeasure(
        name="lr_max",
        label="LR_max",
        scale="log2",
        better="higher",
        absent=too_soon,
        of=lambda runs: _log2(ladder.lr_max(_learned(runs), start=start)),
        on_grid=True,
    )
    stable_width = GridMeasure(
        name="stable_width",
        label="stable width",
        scale="doublings",
        better="higher",
        absent=too_soon,
        of=lambda runs: ladder.stable_width(_learned(runs), _accuracies(runs), start=start),
        on_grid=True,
    )
    return lr_max, LR_STAR, stable_width


def _learned(runs: Ladder) -> dict[float, bool | None]:
    return {value: run.record.has_learned for value, run in runs.items()}


def _losses(runs: Ladder) -> dict[float, float | None]:
    return {value: run.record.final.valid_loss if run.record.final else None for value, run in runs.items()}


def _valid_errors(runs: Ladder) -> dict[float, float | None]:
    return {value: run.record.final.valid_error if run.record.final else None for value, run in runs.items()}


def _accuracies(runs: Ladder) -> dict[float, float | None]:
    return {value: None if error is None else 1 - error for value, error in _valid_errors(runs).items()}


def _lowest(values: Mapping[float, float | None]) -> float | None:
    return min((value for value in values.values() if value is not None), default=None)


def _argmin(losses: Mapping[float, float | None]) -> float | None:
    finite = {value: loss for value, loss in losses.items() if loss is not None}
    return min(finite, key=finite.__getitem__, default=None)


def _log2(rate: float | None) -> float | None:
    return None if rate is None else log2(rate)


LOWEST_VALID_ERROR = GridMeasure(
    name="lowest_valid_error",
    label="lowest valid error (%)",
    scale="fraction",
    better="lower",
    absent=EVERYWHERE,
    of=lambda runs: _lowest(_valid_errors(runs)),
)
BEST_VALUE = GridMeasure(
    name="best_value",
    label="best value",
    scale="value",
    better=None,
    absent=EVERYWHERE,
    of=lambda runs: _argmin(_losses(runs)),
    on_grid=True,
)
OPTIMUM = GridMeasure(
    name="optimum",
    label="optimum",
    scale="value",
    better=None,
    absent="diverged at some value",
    of=lambda runs: ladder.optimum(_losses(runs)),
)
LR_STAR = GridMeasure(
    name="lr_star",
    label="LR*",
    scale="log2",
    better=None,
    absent=EVERYWHERE,
    of=lambda runs: _log2(ladder.lr_star(_losses(runs))),
    on_grid=True,
)
