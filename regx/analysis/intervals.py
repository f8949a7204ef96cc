"""Lists with one number per seed: their spread, and the interval of their mean.

What is not a finite number is refused, never dropped: a mean of the seeds that went well is biased.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit  # type: ignore[import-untyped]

__all__ = [
    "Interval",
    "NoSpreadError",
    "Values",
    "all_same",
    "finite",
    "mean_interval",
    "spread",
    "t_interval",
]

Values = Sequence[float] | NDArray[np.float64]

# Values whose spread is below this share of their size differ by rounding only: 0.3 - 0.1 and 0.4 - 0.2.
ROUNDING = 1e-9


class NoSpreadError(ValueError):
    """All seeds gave the same value: nothing is known of chance, and maybe the seed was never used."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A confidence interval, in the unit of the values.

    Attributes:
        estimate: The mean, or the difference of means.
        low: Lower end.
        high: Upper end.
    """

    estimate: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """What stands after the ±."""
        return (self.high - self.low) / 2

    def excludes(self, value: float) -> bool:
        """Whether a value lies outside."""
        return not self.low <= value <= self.high

    def inside(self, margin: float) -> bool:
        """Whether the whole interval lies strictly between -margin and +margin."""
        return -margin < self.low and self.high < margin


def spread(values: Values, *, sd_floor: float | None = None) -> tuple[int, float, float]:
    """Return how many values there are, their mean and their sample standard deviation.

    Args:
        values: One per seed; two or more.
        sd_floor: Smallest standard deviation to believe in, > 0. Outcomes on a grid (the best of a few
            learning rates) may agree in all seeds by rounding; the uniform error of a grid is
            step / sqrt(12).

    Raises:
        NoSpreadError: If all values are the same up to rounding, and there is no floor.
        ValueError: If there are fewer than two values, one is not finite, or the floor is not > 0.
    """
    array = finite(values)
    if sd_floor is not None and not 0 < sd_floor < inf:
        raise ValueError(f"sd_floor must be > 0 and finite, got {sd_floor}")
    mean, sd = float(array.mean()), float(array.std(ddof=1))
    if all_same(array):
        if sd_floor is None:
            raise NoSpreadError(f"all {array.size} seeds gave {array[0]:g}; was the seed used?")
        sd = 0.0
    return array.size, mean, max(sd, sd_floor or 0.0)


def mean_interval(values: Values, confidence: float = 0.95) -> Interval:
    """Compute the t-interval of the mean of one arm, to describe it in a table or a band, not to test it.

    Args:
        values: One per seed; two or more. Where all are the same the width is 0, as for an arm whose
            training error is 0 in every seed.
        confidence: Two-sided coverage, in (0, 1).

    Raises:
        ValueError: If there are fewer than two values, or one is not finite.
    """
    array = finite(values)
    error = 0.0 if all_same(array) else float(array.std(ddof=1)) / sqrt(array.size)
    return t_interval(float(array.mean()), error, array.size - 1, confidence)


def t_interval(estimate: float, error: float, degrees: float, confidence: float) -> Interval:
    """Return estimate ± t * error.

    Args:
        estimate: Mean, or difference of means.
        error: Its standard error.
        degrees: Degrees of freedom of the standard error.
        confidence: Two-sided coverage, in (0, 1).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), got {confidence}")
    reach = float(stdtrit(degrees, (1 + confidence) / 2)) * error
    return Interval(estimate=estimate, low=estimate - reach, high=estimate + reach)


def all_same(array: NDArray[np.float64]) -> bool:
    """Whether the values differ by rounding at most."""
    return bool(np.ptp(array) <= ROUNDING * np.abs(array).max())


def finite(values: Values, *, at_least: int = 2) -> NDArray[np.float64]:
    """Return the values as an array, or refuse them.

    Raises:
        ValueError: If there are too few, or one is not finite; the message says which.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size < at_least:
        raise ValueError(f"needs a list of {at_least} or more values, got {array.tolist()}")
    bad = [f"{value} at index {index}" for index, value in enumerate(array.tolist()) if not isfinite(value)]
    if bad:
        raise ValueError(f"values must be finite, got {', '.join(bad)}")
    return array
