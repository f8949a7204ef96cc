"""The lines of the figures: one per run, or their mean and its band, no more points than show."""

import math
import statistics
from collections.abc import Callable, Sequence
from typing import TypeVar

from regx.compare.compare import Comparison
from regx.compare.select import Group
from regx.runs.table import Run

__all__ = [
    "MIN_BAND",
    "band",
    "curves_caption",
    "has_band",
    "left_out_caption",
    "mean_curve",
    "shared_epochs",
    "thin_out",
]

Item = TypeVar("Item")

MIN_BAND = 5  # seeds; the band of fewer is so wide that it hides the lines, which are drawn one by one then


def thin_out(items: Sequence[Item], max_items: int) -> list[Item]:
    """Keep at most about `max_items` at equal steps, the first and the last always among them."""
    if len(items) <= max_items:
        return list(items)
    stride = math.ceil((len(items) - 1) / (max_items - 1))
    kept = list(items[:-1:stride])
    return [*kept, items[-1]]


def mean_curve(runs: Sequence[Run], curve: Callable[[Run], Sequence[float]]) -> list[float]:
    """Average one curve over the runs, row by row, as far as all of them go.

    Args:
        runs: One or more.
        curve: Gives one value per row of a run.
    """
    return [statistics.fmean(values) for values in zip(*(curve(run) for run in runs), strict=False)]


def shared_epochs(runs: Sequence[Run]) -> list[int]:
    """Give the epochs of a mean curve: those in which all runs of an arm were evaluated.

    Args:
        runs: One or more, with rows.
    """
    return [row.epoch for row in min(runs, key=lambda run: len(run.rows)).rows]


def has_band(runs: Sequence[Run]) -> bool:
    """Whether the seeds are shown as a band, not as a line each: they are enough, and equally long."""
    return len(runs) >= MIN_BAND and len({tuple(row.step for row in run.rows) for run in runs}) == 1


def curves_caption(groups: Sequence[Group]) -> str:
    """Say what the lines of groups of seeds mean; nothing for single runs."""
    drawn = [[run for run in group.runs if run.rows] for group in groups]
    many = [runs for runs in drawn if len(runs) > 1]
    if not many:
        return ""
    parts = ["thick: mean of the seeds"]
    parts += ["band: its 95 % t-interval"] if any(has_band(runs) for runs in many) else []
    parts += ["thin: each seed"] if not all(has_band(runs) for runs in many) else []
    return "; ".join(parts)


def left_out_caption(comparison: Comparison) -> str:
    """Say how many groups are not drawn, where some are not."""
    if not comparison.num_left_out:
        return ""
    num_all = len(comparison.groups) + comparison.num_left_out
    return f"the first {len(comparison.groups)} of {num_all:,} groups"


def band(
    runs: Sequence[Run], curve: Callable[[Run], Sequence[float]], rows: Sequence[int]
) -> tuple[list[float], list[float]]:
    """Give the 95 % t-interval of the mean over the seeds, row by row.

    Args:
        runs: Two or more.
        curve: Gives one value per row of a run.
        rows: Indices of the rows wanted; all runs must have them.

    Returns:
        Lower and upper ends.
    """
    from regx.stats.tests import mean_interval

    curves = [curve(run) for run in runs]
    intervals = [mean_interval([values[row] for values in curves]) for row in rows]
    return [interval.low for interval in intervals], [interval.high for interval in intervals]
