"""Is a difference more than chance? Intervals and tests on one number per seed.

Two arms that ran the same seeds saw the same images from the same initial weights, so their difference is
taken seed by seed and judged as one sample of differences. Arms that share no seed are judged by Welch's
test.

`scipy.special` holds what is needed here; `scipy.stats` takes more than a second to import.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

from scipy.special import stdtr  # type: ignore[import-untyped]

from regx.analysis.intervals import (
    Interval,
    NoSpreadError,
    Values,
    all_same,
    finite,
    mean_interval,
    spread,
    t_interval,
)

__all__ = [
    "Interval",
    "NoSpreadError",
    "PairedSummary",
    "Tost",
    "Values",
    "Welch",
    "effect_size",
    "holm",
    "mean_interval",
    "paired_interval",
    "paired_p",
    "share_of_wins",
    "spread",
    "summarize",
    "tost",
    "welch",
]


@dataclass(frozen=True, kw_only=True)
class PairedSummary:
    """What is said of one list of paired differences.

    Attributes:
        num_seeds: Pairs.
        mean: Of the differences.
        sd: Their sample standard deviation, at least the floor if one was given.
        interval: 95 % t-interval of the mean.
        p: Two-sided p-value of the paired t-test.
        effect_size: Cohen's d_z, mean / sd.
        wins: Share of seeds with a difference above 0; a tie counts half.
    """

    num_seeds: int
    mean: float
    sd: float
    interval: Interval
    p: float
    effect_size: float
    wins: float


@dataclass(frozen=True, kw_only=True)
class Tost:
    """Two one-sided tests: is the mean difference smaller than a margin in both directions?

    Attributes:
        p: The larger of the two one-sided p-values; below 0.05 exactly when the 90 % interval is inside.
        interval: The 90 % t-interval.
        equivalent: Whether that interval lies inside (-margin, +margin).
    """

    p: float
    interval: Interval
    equivalent: bool


@dataclass(frozen=True, kw_only=True)
class Welch:
    """Two groups without common seeds.

    Attributes:
        interval: Of mean(treatment) - mean(control).
        p: Two-sided.
        degrees_of_freedom: By Welch and Satterthwaite; no integer.
    """

    interval: Interval
    p: float
    degrees_of_freedom: float


def summarize(differences: Values, *, sd_floor: float | None = None) -> PairedSummary:
    """Compute all that is said of one list of paired differences.

    Args:
        differences: One per seed, in the unit of the measure.
        sd_floor: See `regx.analysis.intervals.spread`.

    Raises:
        ValueError: As `spread`.
    """
    num_seeds, mean, sd = spread(differences, sd_floor=sd_floor)
    return PairedSummary(
        num_seeds=num_seeds,
        mean=mean,
        sd=sd,
        interval=t_interval(mean, sd / sqrt(num_seeds), num_seeds - 1, 0.95),
        p=_two_sided_p(num_seeds, mean, sd),
        effect_size=mean / sd,
        wins=share_of_wins(differences),
    )


def paired_interval(
    differences: Values, confidence: float = 0.95, *, sd_floor: float | None = None
) -> Interval:
    """Compute the t-interval of the mean of paired differences.

    Args:
        differences: One per seed.
        confidence: Two-sided coverage, in (0, 1).
        sd_floor: See `regx.analysis.intervals.spread`.

    Raises:
        ValueError: As `spread`, or if the confidence is not in (0, 1).

    Source:
        Student 1908, Biometrika 6.
    """
    num_seeds, mean, sd = spread(differences, sd_floor=sd_floor)
    return t_interval(mean, sd / sqrt(num_seeds), num_seeds - 1, confidence)


def paired_p(differences: Values, *, sd_floor: float | None = None) -> float:
    """Return the two-sided p-value of the paired t-test of no difference.

    Raises:
        ValueError: As `spread`.
    """
    return _two_sided_p(*spread(differences, sd_floor=sd_floor))


def _two_sided_p(num_seeds: int, mean: float, sd: float) -> float:
    return float(2 * stdtr(num_seeds - 1, -abs(mean) / (sd / sqrt(num_seeds))))


def tost(differences: Values, margin: float, *, sd_floor: float | None = None) -> Tost:
    """Test whether the mean difference is smaller than a margin in both directions, at the 5 % level.

    Args:
        differences: One per seed.
        margin: Smallest difference that matters, > 0, in their unit.
        sd_floor: See `regx.analysis.intervals.spread`.

    Raises:
        ValueError: As `spread`, or if the margin is not > 0.

    Source:
        Schuirmann 1987, Journal of Pharmacokinetics and Biopharmaceutics 15.
    """
    if not 0 < margin < inf:
        raise ValueError(f"margin must be > 0 and finite, got {margin}")
    num_seeds, mean, sd = spread(differences, sd_floor=sd_floor)
    interval = t_interval(mean, sd / sqrt(num_seeds), num_seeds - 1, 0.9)
    t = (abs(mean) - margin) / (sd / sqrt(num_seeds))
    return Tost(p=float(stdtr(num_seeds - 1, t)), interval=interval, equivalent=interval.inside(margin))


def effect_size(differences: Values, *, sd_floor: float | None = None) -> float:
    """Return Cohen's d_z: the mean of the differences in units of their standard deviation.

    Raises:
        ValueError: As `spread`.
    """
    _, mean, sd = spread(differences, sd_floor=sd_floor)
    return mean / sd


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
    if all(all_same(group) for group in groups):
        raise NoSpreadError(f"all seeds gave {groups[0][0]:g} and {groups[1][0]:g}; was the seed used?")
    error_a, error_b = (group.var(ddof=1) / group.size for group in groups)
    degrees = (error_a + error_b) ** 2 / sum(
        error**2 / (group.size - 1) for error, group in zip((error_a, error_b), groups, strict=True)
    )
    estimate, error = float(groups[0].mean() - groups[1].mean()), sqrt(error_a + error_b)
    return Welch(
        interval=t_interval(estimate, error, degrees, confidence),
        p=float(2 * stdtr(degrees, -abs(estimate) / error)),
        degrees_of_freedom=float(degrees),
    )
