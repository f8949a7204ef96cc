"""Is a difference more than chance? Intervals and tests on one number per seed.

`scipy.special` holds what is needed here; `scipy.stats` takes more than a second to import.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit  # type: ignore[import-untyped]

__all__ = [
    "NUM_DRAWS",
    "Interval",
    "NoSpreadError",
    "PairedSummary",
    "Values",
    "Welch",
    "finite",
    "holm",
    "mean_interval",
    "share_of_wins",
    "sign_flip_p",
    "summarize",
    "welch",
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
        low: Lower end.
        high: Upper end.
    """

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
    error = 0.0 if _all_same(array) else float(array.std(ddof=1)) / sqrt(array.size)
    return _t_interval(float(array.mean()), error, array.size - 1, confidence)


def _t_interval(estimate: float, error: float, degrees: float, confidence: float) -> Interval:
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
    return Interval(low=estimate - reach, high=estimate + reach)


def _all_same(array: NDArray[np.float64]) -> bool:
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


@dataclass(frozen=True, kw_only=True)
class PairedSummary:
    """All that is said of one list of paired differences.

    Attributes:
        differences: One per seed, in the order given.
        mean: Of the differences.
        sd: Their sample standard deviation, at least the floor if one was given; above 0.
    """

    differences: tuple[float, ...]
    mean: float
    sd: float

    @property
    def num_seeds(self) -> int:
        """Number of pairs."""
        return len(self.differences)

    @property
    def standard_error(self) -> float:
        """Of the mean."""
        return self.sd / sqrt(self.num_seeds)

    @cached_property
    def interval(self) -> Interval:
        """95 % t-interval of the mean.

        Source: Student 1908, Biometrika 6.
        """
        return self.interval_at(0.95)

    @cached_property
    def interval_90(self) -> Interval:
        """90 % t-interval of the mean: inside ±margin exactly when `equivalence_p` is below 0.05."""
        return self.interval_at(0.9)

    @property
    def smallest_excluded(self) -> float:
        """Smallest effect, in either direction, that lies outside the 90 % interval: it is not as large."""
        return max(-self.interval_90.low, self.interval_90.high)

    def interval_at(self, confidence: float) -> Interval:
        """Return the t-interval of the mean at another confidence, in (0, 1)."""
        return _t_interval(self.mean, self.standard_error, self.num_seeds - 1, confidence)

    @cached_property
    def p(self) -> float:
        """Two-sided p-value of the paired t-test of no difference."""
        return float(2 * stdtr(self.num_seeds - 1, -abs(self.mean) / self.standard_error))

    def equivalence_p(self, margin: float) -> float:
        """Return the p-value of the two one-sided tests that the mean is smaller than a margin either way.

        Args:
            margin: Smallest difference that matters, > 0, in the unit of the differences.

        Source:
            Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15.
        """
        if not 0 < margin < inf:
            raise ValueError(f"margin must be > 0 and finite, got {margin}")
        return float(stdtr(self.num_seeds - 1, (abs(self.mean) - margin) / self.standard_error))

    @cached_property
    def sign_flip_p(self) -> float:
        """P-value of the sign-flip test, reported beside the t-test."""
        return sign_flip_p(self.differences)

    @property
    def effect_size(self) -> float:
        """Cohen's d_z: the mean in units of the standard deviation."""
        return self.mean / self.sd

    @property
    def wins(self) -> float:
        """Share of seeds with a difference above 0; a tie counts half."""
        return share_of_wins(self.differences)


@dataclass(frozen=True, kw_only=True)
class Welch:
    """Two groups without common seeds.

    Attributes:
        interval: Of mean(treatment) - mean(control).
        p: Two-sided.
        sd: Standard deviation of the difference of one value of each group.
    """

    interval: Interval
    p: float
    sd: float


def summarize(differences: Values, *, sd_floor: float | None = None) -> PairedSummary:
    """Compute mean and standard deviation of paired differences; the rest follows from them.

    Args:
        differences: One per seed, two or more, in the unit of the measure.
        sd_floor: Smallest standard deviation to believe in, > 0. Outcomes on a grid (the best of a few
            learning rates) may agree in all seeds by rounding; the uniform error of a grid is
            step / sqrt(12).

    Raises:
        NoSpreadError: If all differences are the same up to rounding, and there is no floor.
        ValueError: If there are fewer than two values, one is not finite, or the floor is not > 0.
    """
    array = finite(differences)
    if sd_floor is not None and not 0 < sd_floor < inf:
        raise ValueError(f"sd_floor must be > 0 and finite, got {sd_floor}")
    if _all_same(array) and sd_floor is None:
        raise NoSpreadError(f"all {array.size} seeds gave {array[0]:g}; was the seed used?")
    sd = 0.0 if _all_same(array) else float(array.std(ddof=1))
    return PairedSummary(
        differences=tuple(array.tolist()), mean=float(array.mean()), sd=max(sd, sd_floor or 0.0)
    )


def share_of_wins(differences: Values) -> float:
    """Return the share of seeds whose difference is above 0; a tie counts half.

    Raises:
        ValueError: If there are no values, or one is not finite.
    """
    array = finite(differences, at_least=1)
    return sum(1.0 if one > 0 else 0.5 if one == 0 else 0.0 for one in array.tolist()) / array.size


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of one family so that the chance of any false alarm in it stays below the level.

    Returns:
        The adjusted values, in the order given.

    Raises:
        ValueError: If a value is not in [0, 1].

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6.
    """
    for index, p in enumerate(p_values):
        if not 0 <= p <= 1:
            raise ValueError(f"p-value {index} must be in [0, 1], got {p}")
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def welch(treatment: Values, control: Values, confidence: float = 0.95) -> Welch:
    """Compare the means of two groups that share no seed, variances not assumed equal.

    One group without spread is fine (a training error of 0 in every seed); two are not.

    Args:
        treatment: One number per seed; two or more.
        control: The same measure of the other group; the number of seeds may differ.
        confidence: Two-sided coverage of the interval, in (0, 1).

    Raises:
        NoSpreadError: If neither group has any spread.
        ValueError: If a group has fewer than two values, or one that is not finite.

    Source:
        Welch 1947, Biometrika 34.
    """
    groups = [finite(treatment), finite(control)]
    if all(_all_same(group) for group in groups):
        raise NoSpreadError(f"all seeds gave {groups[0][0]:g} and {groups[1][0]:g}; was the seed used?")
    variances = [group.var(ddof=1) for group in groups]
    error_a, error_b = (variance / group.size for variance, group in zip(variances, groups, strict=True))
    degrees = (error_a + error_b) ** 2 / sum(
        error**2 / (group.size - 1) for error, group in zip((error_a, error_b), groups, strict=True)
    )
    estimate, error = float(groups[0].mean() - groups[1].mean()), sqrt(error_a + error_b)
    return Welch(
        interval=_t_interval(estimate, error, degrees, confidence),
        p=float(2 * stdtr(degrees, -abs(estimate) / error)),
        sd=sqrt(sum(variances)),
    )


MOST_EXACT = 20  # 2^20 sums are 8 MB; every further seed doubles them
NUM_DRAWS = 100_000
AT_ONCE = 8  # differences whose signs are drawn together, as the bits of a byte


def sign_flip_p(differences: Values) -> float:
    """Ask how often the mean would be as far from 0 if the sign of every difference were a coin toss.

    Up to 20 seeds all 2^n signs are counted. Beyond, 100,000 signs are drawn, always the same ones: then p
    has a standard error of 0.0007 at 0.05 and is never below 1e-5.

    Args:
        differences: One per seed. Differences of 0 keep their place: no sign changes the sum.

    Returns:
        The two-sided p-value; it cannot be below 2 / 2^n.

    Raises:
        ValueError: If there are no values, or one is not finite.

    Source:
        Fisher 1935, The Design of Experiments, section 21.
    """
    array = finite(differences, at_least=1)
    exact = array.size <= MOST_EXACT
    first, rest = array[:1], array[1:]  # the first sign may stay: |sum| has a mirror image
    sums = _all_sums(first, rest) if exact else _drawn_sums(first, rest)
    # The same sum added up in another order is a tie, not a smaller sum.
    as_far = abs(array.sum()) - 1e-9 * np.abs(array).sum()
    count = int(np.count_nonzero(np.abs(sums) >= as_far))
    return count / sums.size if exact else (count + 1) / (NUM_DRAWS + 1)


def _all_sums(start: NDArray[np.float64], differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add the differences to the sums so far, with every choice of their signs."""
    for difference in differences:
        start = np.concatenate([start + difference, start - difference])
    return start


def _drawn_sums(start: NDArray[np.float64], differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add the differences to one sum, with signs drawn many times: a byte picks one of 256 sums of eight."""
    rng = np.random.default_rng(0)
    sums = np.full(NUM_DRAWS, start[0])
    for at in range(0, differences.size, AT_ONCE):
        part = _all_sums(np.zeros(1), differences[at : at + AT_ONCE])
        sums += part[rng.integers(0, part.size, size=NUM_DRAWS, dtype=np.uint8)]
    return sums
