"""Times to a target, some of which are only known to be longer than the budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from statistics import geometric_mean

__all__ = ["MOST_CENSORED", "Censored", "censored_times", "times_as_fast"]

MOST_CENSORED = 0.2


@dataclass(frozen=True, kw_only=True)
class Censored:
    """Times to a target, with the budget in place of those that are only known to be longer.

    Attributes:
        times: One per seed.
        censored: Whether the seed ran out of budget: its time is a lower bound, and so is the mean.
    """

    times: tuple[float, ...]
    censored: tuple[bool, ...]


def censored_times(times: Sequence[float | None], budgets: Sequence[float | None]) -> Censored | None:
    """Fill in the budget where the target was never reached.

    Args:
        times: One per seed, in any unit; None where the target was not reached.
        budgets: When the training of each seed ended, in that unit; None where it broke off.

    Returns:
        None where the times tell too little for a mean: more than a fifth of the seeds ran out of budget, or
        one broke off on the way.

    Raises:
        ValueError: If there are no times, or one is not in [0, budget].
    """
    if not times or not all(_is_within(*pair) for pair in zip(times, budgets, strict=True)):
        raise ValueError(f"times must be in [0, budget] with budgets {list(budgets)}, got {list(times)}")
    censored = tuple(time is None for time in times)
    filled = [budget if time is None else time for time, budget in zip(times, budgets, strict=True)]
    known = tuple(time for time in filled if time is not None)
    if len(known) < len(times) or sum(censored) > MOST_CENSORED * len(times):
        return None
    return Censored(times=known, censored=censored)


def times_as_fast(times_a: Sequence[float], times_b: Sequence[float]) -> float:
    """Return how many times as fast b is: the ratio of the geometric means, 2 where b takes half the time.

    Of times that are paired by seed this is 2 to the mean of log2(time_a / time_b).

    Raises:
        ValueError: If there are no times, or one is not > 0 and finite.
    """
    if not times_a or not times_b or not all(0 < time < inf for time in (*times_a, *times_b)):
        raise ValueError(f"times must be > 0 and finite, got {list(times_a)} and {list(times_b)}")
    return geometric_mean(times_a) / geometric_mean(times_b)


def _is_within(time: float | None, budget: float | None) -> bool:
    most = inf if budget is None else budget * (1 + 1e-9)  # a moment between two epochs is rounded
    return (budget is None or 0 <= budget < inf) and (time is None or (0 <= time < inf and time <= most))
