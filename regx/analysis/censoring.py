"""Times to a target, some of which are only known to be longer than the budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log2
from typing import Literal

__all__ = ["MOST_CENSORED", "Censored", "censored_times", "speed_up", "time_or_area"]

MOST_CENSORED = 0.2


def speed_up(time_a: float, time_b: float) -> float:
    """Return log2(time_a / time_b): 1 where b takes half the time of a, 0 where both take the same.

    Raises:
        ValueError: If a time is not > 0 and finite.
    """
    if not (0 < time_a < inf and 0 < time_b < inf):
        raise ValueError(f"times must be > 0 and finite, got {time_a} and {time_b}")
    return log2(time_a / time_b)


@dataclass(frozen=True, kw_only=True)
class Censored:
    """Times to a target, with the budget in place of those that are only known to be longer.

    Attributes:
        times: One per seed.
        censored: Whether the seed ran out of budget.
    """

    times: tuple[float, ...]
    censored: tuple[bool, ...]

    @property
    def share(self) -> float:
        """Share of seeds that ran out of budget."""
        return sum(self.censored) / len(self.censored)


def censored_times(times: Sequence[float | None], budget: float) -> Censored:
    """Fill in the budget where the target was never reached.

    Args:
        times: One per seed, in any unit; None where the target was not reached.
        budget: When training ended, in that unit.

    Raises:
        ValueError: If there are no times, or one is not in [0, budget].
    """
    wrong = [time for time in times if time is not None and not 0 <= time <= budget]
    if wrong or not times or not 0 < budget < inf:
        raise ValueError(f"times must be in [0, budget] with budget {budget}, got {wrong or list(times)}")
    return Censored(
        times=tuple(budget if time is None else time for time in times),
        censored=tuple(time is None for time in times),
    )


def time_or_area(*arms: Censored) -> Literal["time", "area"]:
    """Say which measure of speed to judge by.

    A censored time is too short, and the mean with it. Where more than a fifth of the seeds of an arm are
    censored, the area under the curve, which every run has, takes its place.
    """
    return "area" if any(arm.share > MOST_CENSORED for arm in arms) else "time"
