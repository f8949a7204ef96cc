"""Pairs of values by seed: which seeds both arms have, and which only one of them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from statistics import fmean, variance
from typing import Literal

__all__ = [
    "LEVEL",
    "MIN_PAIRS",
    "Inference",
    "Pairs",
    "SeedValues",
    "correct",
    "half_width",
    "infer",
    "pair_by_seed",
]

SeedValues = Mapping[int, float] | Iterable[tuple[int, float]]


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Two arms, seed by seed.

    Attributes:
        seeds: What both have, ascending.
        a: Values of the first arm, in the order of `seeds`.
        b: Values of the second, likewise.
        only_a: Seeds that only the first has, ascending: not used.
        only_b: Seeds that only the second has, likewise.
    """

    seeds: tuple[int, ...]
    a: tuple[float, ...]
    b: tuple[float, ...]
    only_a: tuple[int, ...]
    only_b: tuple[int, ...]

    @property
    def differences(self) -> tuple[float, ...]:
        """First arm minus second, in the order of `seeds`."""
        return tuple(a - b for a, b in zip(self.a, self.b, strict=True))


def pair_by_seed(a: SeedValues, b: SeedValues) -> Pairs:
    """Pair two arms by seed.

    Args:
        a: Value of each seed of the first arm: a mapping, or pairs of seed and value.
        b: The same of the second.

    Returns:
        The pairs, and the seeds that found no partner. There may be no pair at all.

    Raises:
        ValueError: If an arm has a seed twice, or a value that is not finite.
    """
    first, second = _by_seed(a, "first"), _by_seed(b, "second")
    seeds = tuple(sorted(first.keys() & second.keys()))
    return Pairs(
        seeds=seeds,
        a=tuple(first[seed] for seed in seeds),
        b=tuple(second[seed] for seed in seeds),
        only_a=tuple(sorted(first.keys() - second.keys())),
        only_b=tuple(sorted(second.keys() - first.keys())),
    )


def _by_seed(values: SeedValues, arm: str) -> dict[int, float]:
    found: dict[int, float] = {}
    for seed, value in values.items() if isinstance(values, Mapping) else values:
        if seed in found:
            raise ValueError(f"seed {seed} is counted twice in the {arm} arm")
        if not isfinite(value):
            raise ValueError(f"seed {seed} of the {arm} arm is {value}; values must be finite")
        found[seed] = value
    return found


LEVEL = 0.05
MIN_PAIRS = 5  # with fewer no difference is called one: our choice

Method = Literal["paired", "unpaired", "none"]


@dataclass(frozen=True, kw_only=True)
class Inference:
    """A later group against the first one, in the unit of the measure.

    Attributes:
        method: `paired`: by the seeds that both have; `unpaired`: Welch, as they share no seed; `none`: too
            few values for either.
        difference: Later group minus first one: the mean over the pairs, or the difference of the means.
        means: Of the first group and the later one, over the values that the difference is taken of: the
            pairs, or all.
        censored: How many of these values of either are times that are only known to be longer.
        times_as_fast: Of times: the ratio of the geometric means of these values, first group over later
            one: 2 where the later one takes half the time.
        seeds: The pairs' seeds, ascending; empty unless paired.
        values: The pairs' differences, in that order.
        num_values: Pairs; unpaired, the values of the smaller group.
        sd: Sample standard deviation of the pairs' differences; unpaired, of the difference of one value of
            each group.
        low: Lower end of the 95 % interval; None where nothing varies or there are too few values.
        high: Upper end, likewise.
        p: Two-sided, of the paired t-test or Welch's; None likewise.
        p_holm: Corrected for the other groups that are compared with the first, measure by measure.
        p_sign_flip: Of the exact sign-flip test; None unless paired.
        effect_size: d_z, the mean of the pairs' differences over their standard deviation.
        wins: Share of pairs in which the later group is better, a tie counting half; None where no direction
            is.
        remark: Stands in the place of the interval where there is none.
    """

    method: Method
    difference: float
    means: tuple[float, float]
    censored: tuple[int, int] = (0, 0)
    times_as_fast: float | None = None
    seeds: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    num_values: int = 1
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    p_sign_flip: float | None = None
    effect_size: float | None = None
    wins: float | None = None
    remark: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the group that looks faster has times that are lower bounds: it may be the slower one."""
        return self.censored[self.difference < 0] > 0

    @property
    def is_told(self) -> bool:
        """Whether the difference is more than chance would explain, with seeds enough to say so."""
        if self.low is None or self.high is None or self.p_holm is None or self.num_values < MIN_PAIRS:
            return False
        return not (self.is_open or self.low <= 0 <= self.high) and self.p_holm < LEVEL


def infer(
    first: Mapping[int, float],
    other: Mapping[int, float],
    better: Literal["lower", "higher"] | None,
    *,
    sd_floor: float | None = None,
) -> Inference:
    """Set one group against the first.

    Args:
        first: Value of each seed of the first group, at least one.
        other: The same of the later one.
        better: Which direction is better.
        sd_floor: Smallest standard deviation to believe in, for outcomes on a grid.
    """
    pairs = pair_by_seed(other, first)
    if len(pairs.seeds) >= 2:
        return _paired(pairs, better, sd_floor)
    means = _mean(first), _mean(other)
    plain = means[1] - means[0]
    if pairs.seeds or min(len(first), len(other)) < 2:
        remark = "one pair" if pairs.seeds else "one seed"
        return Inference(method="none", difference=plain, means=means, remark=remark)
    from regx.stats.tests import NoSpreadError, welch

    fewer = min(len(first), len(other))
    try:
        result = welch(list(other.values()), list(first.values()))
    except NoSpreadError:
        remark = "no spread" if plain else "identical"
        return Inference(method="unpaired", difference=plain, means=means, num_values=fewer, remark=remark)
    return Inference(
        method="unpaired",
        difference=plain,
        means=means,
        num_values=fewer,
        sd=math.sqrt(variance(first.values()) + variance(other.values())),
        low=result.interval.low,
        high=result.interval.high,
        p=result.p,
        p_holm=result.p,
    )


def correct(inferences: Sequence[Inference | None]) -> list[Inference | None]:
    """Correct the p-values of one measure for the number of groups set against the first (Holm)."""
    family = [
        index
        for index, one in enumerate(inferences)
        if one and (one.p is not None or one.remark == "identical")
    ]
    if not family:
        return list(inferences)
    from regx.stats.tests import holm

    p_values = [one.p if one.p is not None else 1.0 for index in family if (one := inferences[index])]
    corrected = list(inferences)
    for index, p_holm in zip(family, holm(p_values), strict=True):
        one = corrected[index]
        if one is not None and one.p is not None:
            corrected[index] = replace(one, p_holm=p_holm)
    return corrected


def half_width(values: Sequence[float]) -> float | None:
    """Return what stands after the ± of a mean: half the width of its 95 % t-interval; None for one value."""
    if len(values) < 2:
        return None
    from regx.stats.tests import mean_interval

    return mean_interval(values).half_width


def _paired(pairs: Pairs, better: Literal["lower", "higher"] | None, sd_floor: float | None) -> Inference:
    from regx.stats.tests import NoSpreadError, share_of_wins, sign_flip_p, summarize

    differences = pairs.differences
    sign = {"lower": -1.0, "higher": 1.0, None: None}[better]
    common = Inference(
        method="paired",
        difference=fmean(differences),
        means=(fmean(pairs.b), fmean(pairs.a)),
        seeds=pairs.seeds,
        values=differences,
        num_values=len(differences),
        wins=None if sign is None else share_of_wins([sign * difference for difference in differences]),
    )
    try:
        summary = summarize(differences, sd_floor=sd_floor)
    except NoSpreadError:
        return replace(common, sd=0.0, remark="the same in each" if any(differences) else "identical")
    return replace(
        common,
        difference=summary.mean,
        sd=summary.sd,
        low=summary.interval.low,
        high=summary.interval.high,
        p=summary.p,
        p_holm=summary.p,
        p_sign_flip=sign_flip_p(differences).p,
        effect_size=summary.effect_size,
    )


def _mean(values: Mapping[int, float]) -> float:
    return fmean(values.values())
