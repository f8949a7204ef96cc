"""A later group of seeds against the first one: by the pairs of seeds that both have, or by Welch's test.

`regx.stats.tests` is imported where a test is made: comparing single runs needs no scipy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from regx.stats.tests import PairedSummary, Welch

__all__ = ["FEWEST_SEEDS", "LEVEL", "MOST_CENSORED", "Inference", "correct", "infer"]

LEVEL = 0.05  # of every test
FEWEST_SEEDS = 5  # with fewer no difference is called one, and no claim has a verdict: our choice
MOST_CENSORED = 0.2  # share of times that may be lower bounds, before their mean tells too little: our choice


@dataclass(frozen=True, kw_only=True)
class Inference:
    """A later group against the first one, in the unit of the measure.

    Attributes:
        difference: Later group minus first one: the mean over the pairs, or the difference of the means.
        means: Of the first group and the later one, over the values that the difference is taken of: the
            pairs, or all.
        num_values: Pairs; unpaired, the values of the smaller group.
        seeds: The pairs' seeds, ascending; empty unless paired.
        values: The pairs' differences, in that order.
        wins: Share of pairs in which the later group is better, a tie counting half; None where no direction
            is.
        pairs: What is said of these; None unless paired, and where nothing varies.
        welch: Welch's test where the two share no seed; None where nothing varies, too.
        p_holm: Its p-value corrected for the other groups that are compared with the first, measure by
            measure.
        remark: Stands in the place of the interval where there is none.
        censored: How many values of either are times that are only known to be longer.
        times_as_fast: Of times: the ratio of the geometric means of these values, first group over later
            one: 2 where the later one takes half the time.
    """

    difference: float
    means: tuple[float, float]
    num_values: int = 1
    seeds: tuple[int, ...] = ()
    values: tuple[float, ...] = ()
    wins: float | None = None
    pairs: "PairedSummary | None" = None
    welch: "Welch | None" = None
    p_holm: float | None = None
    remark: str = ""
    censored: tuple[int, int] = (0, 0)
    times_as_fast: float | None = None

    @property
    def method(self) -> Literal["paired", "unpaired", "none"]:
        """By the pairs of seeds, by Welch, or not at all: there are too few values for either."""
        if self.num_values < 2:
            return "none"
        return "paired" if self.seeds else "unpaired"

    @property
    def test(self) -> "PairedSummary | Welch | None":
        """The test that was made; None where nothing varies, or there are too few values."""
        return self.pairs or self.welch

    @property
    def low(self) -> float | None:
        """Lower end of the 95 % interval; None without a test."""
        return self.test.interval.low if self.test else None

    @property
    def high(self) -> float | None:
        """Upper end, likewise."""
        return self.test.interval.high if self.test else None

    @property
    def p(self) -> float | None:
        """Two-sided p-value of the test."""
        return self.test.p if self.test else None

    @property
    def p_sign_flip(self) -> float | None:
        """P-value of the sign-flip test; None unless paired."""
        return self.pairs.sign_flip_p if self.pairs else None

    @property
    def effect_size(self) -> float | None:
        """d_z, the mean of the pairs' differences over their standard deviation; None unless paired."""
        return self.pairs.effect_size if self.pairs else None

    @property
    def may_be_reversed(self) -> bool:
        """Whether the group that looks faster has times that are lower bounds: it may be the slower one."""
        return self.censored[self.difference < 0] > 0

    @property
    def is_significant(self) -> bool:
        """Whether the difference is more than chance would explain, with seeds enough to say so."""
        if self.test is None or self.p_holm is None or self.num_values < FEWEST_SEEDS or self.may_be_reversed:
            return False
        return self.test.interval.excludes(0) and self.p_holm < LEVEL


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
    seeds = tuple(sorted(first.keys() & other.keys()))
    if len(seeds) >= 2:
        return _paired({seed: (first[seed], other[seed]) for seed in seeds}, better, sd_floor)
    means = fmean(first.values()), fmean(other.values())
    if seeds or min(len(first), len(other)) < 2:
        remark = "one pair" if seeds else "one seed"
        return Inference(difference=means[1] - means[0], means=means, remark=remark)
    return _unpaired(list(first.values()), list(other.values()), means)


def correct(inferences: Sequence[Inference | None]) -> list[Inference | None]:
    """Correct the p-values of one measure for the number of groups set against the first (Holm)."""
    from regx.stats.tests import holm

    p_values = {
        index: 1.0 if one.p is None else one.p
        for index, one in enumerate(inferences)
        if one and (one.p is not None or one.remark == "identical")
    }
    corrected = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    return [
        replace(one, p_holm=corrected[index]) if one and one.p is not None else one
        for index, one in enumerate(inferences)
    ]


def _paired(
    values: Mapping[int, tuple[float, float]],
    better: Literal["lower", "higher"] | None,
    sd_floor: float | None,
) -> Inference:
    from regx.stats.tests import NoSpreadError, share_of_wins, summarize

    differences = tuple(later - first for first, later in values.values())
    sign = -1.0 if better == "lower" else 1.0
    pairs, remark = None, ""
    try:
        pairs = summarize(differences, sd_floor=sd_floor)
    except NoSpreadError:
        remark = "the same in each" if any(differences) else "identical"
    return Inference(
        difference=pairs.mean if pairs else fmean(differences),
        means=(fmean(first for first, _ in values.values()), fmean(later for _, later in values.values())),
        num_values=len(differences),
        seeds=tuple(values),
        values=differences,
        wins=share_of_wins([sign * difference for difference in differences]) if better else None,
        pairs=pairs,
        remark=remark,
    )


def _unpaired(first: list[float], other: list[float], means: tuple[float, float]) -> Inference:
    from regx.stats.tests import NoSpreadError, welch

    difference = means[1] - means[0]
    test, remark = None, ""
    try:
        test = welch(other, first)
    except NoSpreadError:
        remark = "no spread" if difference else "identical"
    fewer = min(len(first), len(other))
    return Inference(difference=difference, means=means, num_values=fewer, welch=test, remark=remark)
