"""The lines of the figures: one per run and their mean, with no more points than a picture can show."""

import math
import statistics
from collections.abc import Callable, Sequence
from typing import TypeVar

from regx.runs.table import Run

__all__ = ["mean_curve", "thin_out"]

Item = TypeVar("Item")


def thin_out(items: Sequence[Item], max_items: int) -> list[Item]:
    """Keep at most about `max_items` at equal steps, the first and the last always among them."""
    if len(items) <= max_items:
        return list(items)
    stride = math.ceil((len(items) - 1) / (max_items - 1))
    kept = list(items[:-1:stride])
    return [*kept, items[-1]]


def mean_curve(runs: Sequence[Run], curve: Callable[[Run], Sequence[float]]) -> list[float]:
    """Average one curve over the runs, epoch by epoch, as far as all of them go.

    Args:
        runs: One or more.
        curve: Gives one value per completed epoch of a run.
    """
    return [statistics.fmean(values) for values in zip(*(curve(run) for run in runs), strict=False)]
