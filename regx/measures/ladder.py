"""Numbers from a ladder of values of one setting, for one seed: the largest rate that works, the best one.

Every function takes plain mappings from the value of the setting (a learning rate, a probability) to what one
seed reached with it. None instead of a number means that the run diverged. An answer that does not exist is
None, and never replaced by a number.
"""

from collections.abc import Mapping, Sequence
from math import isfinite, log2, sqrt

__all__ = [
    "LADDER_START",
    "MIN_PARABOLA",
    "grid_floor",
    "lr_max",
    "lr_min",
    "lr_star",
    "optimum",
    "stable_width",
]

LADDER_START = 0.01  # learning rates below are tried, but one that fails there says nothing of the largest
SHARE_OF_BEST = 0.9
MIN_PARABOLA = 3  # values of a grid, for an optimum between them


def lr_max(outcomes: Mapping[float, bool | None], *, start: float = LADDER_START) -> float | None:
    """Return the largest learning rate such that it and all smaller ones tried, from `start` on, succeed.

    A success above a failure does not count, because whoever raises the rate meets the failure first.

    Args:
        outcomes: Whether the run learned, by learning rate; a run that diverged did not. None for a run that
            is not there. The ladder may end early, after failures.
        start: Smallest learning rate that has to succeed.

    Returns:
        A learning rate of the ladder, which is a lower bound where it is the last one. None where the first
        one fails, or a run is missing below the first failure.

    Raises:
        ValueError: If no learning rate is at least `start`, or one is not > 0 and finite.
    """
    ladder = [rate for rate in _rates(outcomes) if rate >= start]
    if not ladder:
        raise ValueError(f"no learning rate of the ladder is at least {start}")
    largest = None
    for rate in ladder:
        if outcomes[rate] is None:
            return None
        if not outcomes[rate]:
            break
        largest = rate
    return largest


def lr_star(valid_losses: Mapping[float, float | None]) -> float | None:
    """Return the learning rate with the lowest validation loss; of equal ones the smallest.

    The values may also be those of another setting.

    Args:
        valid_losses: Nats, by value; None, NaN or infinite for a run that diverged.

    Returns:
        A value of the ladder; None where every run diverged.
    """
    losses = _finite_at(_ascending(valid_losses), valid_losses)
    return min(losses, key=losses.__getitem__, default=None)


def lr_min(accuracies: Mapping[float, float | None]) -> float | None:
    """Return the smallest learning rate that reaches 90 % of the best accuracy within the budget.

    Args:
        accuracies: Validation accuracy at the end of the budget, as a fraction, by learning rate; None, NaN
            or infinite for a run that diverged.

    Returns:
        A learning rate of the ladder; None where every run diverged.
    """
    reached = _finite_at(_rates(accuracies), accuracies)
    best = max(reached.values(), default=0.0)
    return next((rate for rate, accuracy in reached.items() if accuracy >= SHARE_OF_BEST * best), None)


def stable_width(
    outcomes: Mapping[float, bool | None],
    accuracies: Mapping[float, float | None],
    *,
    start: float = LADDER_START,
) -> float | None:
    """Return how many doublings lie between the smallest useful learning rate and the largest that works.

    Args:
        outcomes: As for `lr_max`.
        accuracies: As for `lr_min`.
        start: As for `lr_max`.

    Returns:
        log2(LR_max / LR_min); higher is better. Negative where the ladder breaks below the first useful rate;
        None where one of the two does not exist.
    """
    largest, smallest = lr_max(outcomes, start=start), lr_min(accuracies)
    return None if largest is None or smallest is None else log2(largest / smallest)


def optimum(losses: Mapping[float, float | None]) -> float | None:
    """Return where a parabola through the losses has its minimum, clipped to the grid.

    A fit by least squares uses every run and moves less from seed to seed than the best point does.

    Args:
        losses: Validation loss in nats by value of the setting; None for a run that diverged.

    Returns:
        A value between the smallest and the largest of the grid. Where the parabola opens downwards, the end
        with the lower fitted loss; of equal ones, and where all losses are the same, the smallest value. None
        where a run diverged: a fit to the rest would be one of another grid.

    Raises:
        ValueError: If there are fewer than three values.
    """
    import numpy as np  # only here: names of measures are checked without it

    grid = np.array(_ascending(losses))
    if grid.size < MIN_PARABOLA:
        raise ValueError(f"a parabola needs three values, got {grid.tolist()}")
    finite = [loss for value in grid.tolist() if (loss := losses[value]) is not None and isfinite(loss)]
    if len(finite) < grid.size:
        return None
    parabola = np.polynomial.Polynomial.fit(grid, finite, deg=2)  # fitted on [-1, 1], where it is well posed
    ends = [float(grid[0]), float(grid[-1])]
    _, slope, curvature = (float(coefficient) for coefficient in parabola.coef.tolist())
    rounding = 1e-12 * float(np.abs(finite).max())
    if curvature > rounding:
        lowest = min(max(-slope / (2 * curvature), -1.0), 1.0)
        return ends[0] + (lowest + 1) / 2 * (ends[1] - ends[0])
    return ends[1] if slope < -rounding else ends[0]


def grid_floor(step: float) -> float:
    """Return the standard deviation that rounding to a grid gives by itself: step / sqrt(12).

    Results on a grid may be the same for all seeds. This is the standard deviation to assume then.
    """
    return step / sqrt(12)


def _ascending(ladder: Mapping[float, object]) -> list[float]:
    for value in ladder:
        if not isfinite(value):
            raise ValueError(f"values of a ladder must be finite, got {value}")
    return sorted(ladder)


def _rates(ladder: Mapping[float, object]) -> list[float]:
    rates = _ascending(ladder)
    if rates and rates[0] <= 0:
        raise ValueError(f"learning rates must be > 0, got {rates[0]}")
    return rates


def _finite_at(rates: Sequence[float], values: Mapping[float, float | None]) -> dict[float, float]:
    """Keep the rates whose run did not diverge. A diverged run is never the best."""
    return {rate: value for rate in rates if (value := values[rate]) is not None and isfinite(value)}
