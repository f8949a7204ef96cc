"""What the seeds say for and against a claim.

A claim rests on one comparison (`at_least`, `not_worse_than`, `within`), or on several, which
`regx.analysis.compound` takes together. Differences are paired by seed and oriented so that positive favours
the claim. Nothing is decided here: see `regx.analysis.decision`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Literal

from scipy.special import stdtr  # type: ignore[import-untyped]

from regx.analysis.intervals import Interval, NoSpreadError, Values, finite
from regx.analysis.sign_flip import SignFlip, sign_flip_p
from regx.analysis.statistics import PairedSummary, paired_interval, summarize, tost

__all__ = ["ALPHA", "Evidence", "Hurdle", "Kind", "Measured", "at_least", "not_worse_than", "within"]

ALPHA = 0.05

# How a claim can be contradicted: the effect goes the other way, is too small to matter, or, where the claim
# is that two things agree, they differ by more than the margin.
Kind = Literal["reversed", "null", "outside"]


@dataclass(frozen=True)
class Hurdle:
    """What a verdict has to clear, were the measured mean the true one.

    Attributes:
        distance: Of that mean from the value that it has to be told from.
        alpha: Level of the two-sided test that tells them apart; None where the estimate has to be on the
            right side of the value, and no test is asked for.
    """

    distance: float
    alpha: float | None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The numbers behind one comparison.

    Attributes:
        differences: One per seed, in the order given.
        summary: Mean, 95 % interval, p, effect size and wins of the differences.
        interval_90: 90 % interval of the mean: inside ±margin, the difference is too small to matter.
        margin: Smallest effect, or largest harm or deviation, in the unit of the differences.
        points_for: Whether the claim is right, were the measured mean the true one.
        hurdles: What it takes to find that, or that it is wrong.
    """

    differences: tuple[float, ...]
    summary: PairedSummary
    interval_90: Interval
    margin: float
    points_for: bool
    hurdles: tuple[Hurdle, ...]

    @cached_property
    def sign_flip(self) -> SignFlip:
        """The sign-flip test, reported beside the t-test."""
        return sign_flip_p(self.differences)

    @property
    def smallest_excluded(self) -> float:
        """Smallest effect, in either direction, that lies outside the 90 % interval: it is not as large."""
        return max(-self.interval_90.low, self.interval_90.high)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """For and against a claim. Each p-value counts only together with the condition named beside it.

    Attributes:
        num_seeds: Of the smallest comparison in it.
        favours: Whether the estimates are what the claim says, at the least by the smallest effect.
        strong: Whether even the unfavourable ends of the 95 % intervals are.
        p: For `favours`.
        opposes: Whether the estimates go against the claim by the smallest effect.
        p_against: For `opposes`.
        p_null: For "too small to matter"; 1 where a claim has no such outcome.
        against: How `opposes` contradicts.
        measured: The numbers, where it is one comparison and they could be computed.
        problem: Why they could not; None where all is well.
        parts: Where it is made of several, in the order given.
        one_is_enough: Whether one of them is, or all are needed.
    """

    num_seeds: int
    favours: bool = False
    strong: bool = False
    p: float = 1.0
    opposes: bool = False
    p_against: float = 1.0
    p_null: float = 1.0
    against: Kind = "reversed"
    measured: Measured | None = None
    problem: str | None = None
    parts: tuple["Evidence", ...] = ()
    one_is_enough: bool = False

    @property
    def points_for(self) -> bool:
        """Whether the claim is right, were the measured means the true ones."""
        if self.measured is not None:
            return self.measured.points_for
        if not self.parts:
            return self.favours
        return (any if self.one_is_enough else all)(part.points_for for part in self.parts)


def at_least(differences: Values, smallest_effect: float, *, sd_floor: float | None = None) -> Evidence:
    """Weigh the claim that there is an effect, and one that matters.

    It favours with mean >= smallest_effect and a 95 % interval above 0, is strong with an interval above the
    smallest effect, and opposes with mean <= -smallest_effect and an interval below 0; p is the two-sided
    paired t-test for both. The effect is too small to matter (null) by the two one-sided tests, even where it
    is certainly not 0.

    Args:
        differences: One per seed, positive in favour of the claim.
        smallest_effect: What would matter, > 0, in their unit.
        sd_floor: Smallest spread to believe in, for outcomes on a grid: step / sqrt(12).
    """
    measured = _measure(differences, smallest_effect, sd_floor, _effect)
    if not isinstance(measured, Measured):
        return measured
    summary = measured.summary
    return Evidence(
        num_seeds=summary.num_seeds,
        favours=summary.mean >= smallest_effect and summary.interval.low > 0,
        strong=summary.interval.low >= smallest_effect,
        p=summary.p,
        opposes=summary.mean <= -smallest_effect and summary.interval.high < 0,
        p_against=summary.p,
        p_null=tost(differences, smallest_effect, sd_floor=sd_floor).p,
        measured=measured,
    )


def not_worse_than(differences: Values, margin: float, *, sd_floor: float | None = None) -> Evidence:
    """Weigh the claim that nothing was lost, or no more than a margin.

    It favours when the lower one-sided 95 % bound is above -margin (p is the one-sided test of that) and
    opposes when the 95 % interval lies below -margin (p is two-sided).

    Args:
        differences: One per seed, positive for the better.
        margin: Largest loss that does not matter, > 0, in their unit.
        sd_floor: As in `at_least`.
    """
    measured = _measure(differences, margin, sd_floor, _harm)
    if not isinstance(measured, Measured):
        return measured
    summary = measured.summary
    t = (summary.mean + margin) * summary.num_seeds**0.5 / summary.sd
    p_worse = float(stdtr(summary.num_seeds - 1, t))
    return Evidence(
        num_seeds=summary.num_seeds,
        favours=measured.interval_90.low > -margin,
        strong=summary.interval.low > -margin,
        p=float(stdtr(summary.num_seeds - 1, -t)),
        opposes=summary.interval.high < -margin,
        p_against=min(1.0, 2 * p_worse),
        measured=measured,
    )


def within(differences: Values, margin: float, *, sd_floor: float | None = None) -> Evidence:
    """Weigh the claim that two things agree to within a margin.

    It favours when the 90 % interval lies inside (-margin, +margin), by the two one-sided tests, and opposes
    when the 95 % interval lies outside the band (p is the two-sided test of the nearer edge).

    Args:
        differences: One per seed; their sign does not matter.
        margin: Largest difference that counts as none, > 0, in their unit.
        sd_floor: As in `at_least`.
    """
    measured = _measure(differences, margin, sd_floor, _band)
    if not isinstance(measured, Measured):
        return measured
    summary = measured.summary
    t = (abs(summary.mean) - margin) * summary.num_seeds**0.5 / summary.sd
    return Evidence(
        num_seeds=summary.num_seeds,
        favours=measured.interval_90.inside(margin),
        strong=summary.interval.inside(margin),
        p=float(stdtr(summary.num_seeds - 1, t)),
        opposes=summary.interval.low > margin or summary.interval.high < -margin,
        p_against=min(1.0, 2 * float(stdtr(summary.num_seeds - 1, -t))),
        against="outside",
        measured=measured,
    )


_Outlook = tuple[bool, tuple[Hurdle, ...]]


def _effect(mean: float, smallest_effect: float) -> _Outlook:
    """Tell an effect from 0, with an estimate that is large enough; or from one that is large enough."""
    size = abs(mean)
    if size >= smallest_effect:
        return mean > 0, (Hurdle(size, ALPHA), Hurdle(size - smallest_effect, None))
    return False, _inside(size, smallest_effect)


def _harm(mean: float, margin: float) -> _Outlook:
    return mean > -margin, (Hurdle(abs(mean + margin), 2 * ALPHA if mean > -margin else ALPHA),)


def _band(mean: float, margin: float) -> _Outlook:
    size = abs(mean)
    return size < margin, _inside(size, margin) if size < margin else (Hurdle(size - margin, ALPHA),)


def _inside(size: float, margin: float) -> tuple[Hurdle, ...]:
    return Hurdle(margin - size, 2 * ALPHA), Hurdle(margin + size, 2 * ALPHA)


def _measure(
    differences: Values,
    margin: float,
    sd_floor: float | None,
    outlook: Callable[[float, float], _Outlook],
) -> Measured | Evidence:
    """Compute the numbers, or return evidence that says why there are none."""
    if not 0 < margin < inf:
        raise ValueError(f"the smallest effect or margin must be > 0 and finite, got {margin}")
    num_seeds = finite(differences, at_least=1).size
    if num_seeds < 2:
        return Evidence(num_seeds=num_seeds, problem="one seed has no spread")
    try:
        summary = summarize(differences, sd_floor=sd_floor)
    except NoSpreadError as error:
        return Evidence(num_seeds=num_seeds, problem=str(error))
    points_for, hurdles = outlook(summary.mean, margin)
    return Measured(
        differences=tuple(float(difference) for difference in differences),
        summary=summary,
        interval_90=paired_interval(differences, 0.9, sd_floor=sd_floor),
        margin=margin,
        points_for=points_for,
        hurdles=hurdles,
    )
