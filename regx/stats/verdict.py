"""The verdict on a claim: one rule for all of them, fixed before the runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Literal

from scipy.special import stdtr  # type: ignore[import-untyped]

from regx.stats.inference import FEWEST_SEEDS, LEVEL
from regx.stats.tests import NoSpreadError, PairedSummary, Values, finite, holm, summarize

__all__ = [
    "PROVISIONAL_BELOW",
    "Decision",
    "Evidence",
    "Hurdle",
    "Kind",
    "Verdict",
    "all_of",
    "always",
    "any_of",
    "at_least",
    "decide",
    "decide_family",
    "not_worse_than",
    "within",
]

# How a claim can be contradicted: the effect goes the other way, is too small to matter, or, where the claim
# is that two things agree, they differ by more than the margin.
Kind = Literal["reversed", "null", "outside"]


@dataclass(frozen=True)
class Hurdle:
    """What a verdict has to clear, if the measured mean is the true one.

    Attributes:
        distance: Of that mean from the value that it has to be told from.
        alpha: Level of the two-sided test that tells them apart; None where the estimate has to be on the
            right side of the value, and no test is asked for.
    """

    distance: float
    alpha: float | None


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
        points_for: Whether the claim is right, if the measured means are the true ones.
        summary: The differences, where it is one comparison and something could be computed from them.
        hurdles: What it takes to find that this comparison points for the claim, or that it does not.
        problem: Why nothing could be computed; None where all is well.
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
    points_for: bool = False
    summary: PairedSummary | None = None
    hurdles: tuple[Hurdle, ...] = ()
    problem: str | None = None
    parts: tuple["Evidence", ...] = ()
    one_is_enough: bool = False


def at_least(differences: Values, smallest_effect: float, *, sd_floor: float | None = None) -> Evidence:
    """Return the evidence that there is an effect, and one that matters.

    It favours with mean >= smallest_effect and a 95 % interval above 0, is strong with an interval above the
    smallest effect, and opposes with mean <= -smallest_effect and an interval below 0; p is the two-sided
    paired t-test for both. The effect is too small to matter (null) by the two one-sided tests, even where it
    is certainly not 0.

    Args:
        differences: One per seed, positive in favour of the claim.
        smallest_effect: What would matter, > 0, in their unit.
        sd_floor: Smallest standard deviation to believe in, for outcomes on a grid: step / sqrt(12).
    """
    summary = _summarize(differences, smallest_effect, sd_floor)
    if isinstance(summary, Evidence):
        return summary
    size = abs(summary.mean)
    is_large = size >= smallest_effect
    large = Hurdle(size, LEVEL), Hurdle(size - smallest_effect, None)
    return Evidence(
        num_seeds=summary.num_seeds,
        favours=summary.mean >= smallest_effect and summary.interval.low > 0,
        strong=summary.interval.low >= smallest_effect,
        p=summary.p,
        opposes=summary.mean <= -smallest_effect and summary.interval.high < 0,
        p_against=summary.p,
        p_null=summary.equivalence_p(smallest_effect),
        points_for=is_large and summary.mean > 0,
        summary=summary,
        hurdles=large if is_large else _inside(size, smallest_effect),
    )


def not_worse_than(differences: Values, margin: float, *, sd_floor: float | None = None) -> Evidence:
    """Return the evidence that nothing was lost, or no more than a margin.

    It favours when the lower one-sided 95 % bound is above -margin (p is the one-sided test of that) and
    opposes when the 95 % interval lies below -margin (p is two-sided).

    Args:
        differences: One per seed, positive for the better.
        margin: Largest loss that does not matter, > 0, in their unit.
        sd_floor: As in `at_least`.
    """
    summary = _summarize(differences, margin, sd_floor)
    if isinstance(summary, Evidence):
        return summary
    distance = summary.mean + margin
    points_for = summary.mean > -margin
    return Evidence(
        num_seeds=summary.num_seeds,
        favours=summary.interval_90.low > -margin,
        strong=summary.interval.low > -margin,
        p=_p_below(summary, -distance),
        opposes=summary.interval.high < -margin,
        p_against=min(1.0, 2 * _p_below(summary, distance)),
        points_for=points_for,
        summary=summary,
        hurdles=(Hurdle(abs(distance), 2 * LEVEL if points_for else LEVEL),),
    )


def within(differences: Values, margin: float, *, sd_floor: float | None = None) -> Evidence:
    """Return the evidence that two things agree to within a margin.

    It favours when the 90 % interval lies inside (-margin, +margin), by the two one-sided tests, and opposes
    when the 95 % interval lies outside the band (p is the two-sided test of the nearer edge).

    Args:
        differences: One per seed; their sign does not matter.
        margin: Largest difference that counts as none, > 0, in their unit.
        sd_floor: As in `at_least`.
    """
    summary = _summarize(differences, margin, sd_floor)
    if isinstance(summary, Evidence):
        return summary
    size = abs(summary.mean)
    points_for = size < margin
    return Evidence(
        num_seeds=summary.num_seeds,
        favours=summary.interval_90.inside(margin),
        strong=summary.interval.inside(margin),
        p=_p_below(summary, size - margin),
        opposes=summary.interval.low > margin or summary.interval.high < -margin,
        p_against=min(1.0, 2 * _p_below(summary, margin - size)),
        against="outside",
        points_for=points_for,
        summary=summary,
        hurdles=_inside(size, margin) if points_for else (Hurdle(size - margin, LEVEL),),
    )


def always(values: Sequence[float], wanted: float) -> Evidence:
    """Return the evidence that a number is the same under every seed; one other number is enough against."""
    holds = all(value == wanted for value in values)
    return Evidence(
        num_seeds=len(values),
        favours=holds,
        strong=holds,
        p=0.0 if holds else 1.0,
        opposes=not holds,
        p_against=1.0 if holds else 0.0,
        points_for=holds,
    )


def _inside(size: float, margin: float) -> tuple[Hurdle, ...]:
    """Tell an estimate of this size from both ends of a band around 0."""
    return Hurdle(margin - size, 2 * LEVEL), Hurdle(margin + size, 2 * LEVEL)


def _p_below(summary: PairedSummary, distance: float) -> float:
    """Return the one-sided p-value that a mean at this distance from a bound is below it."""
    return float(stdtr(summary.num_seeds - 1, distance * summary.num_seeds**0.5 / summary.sd))


def _summarize(differences: Values, margin: float, sd_floor: float | None) -> PairedSummary | Evidence:
    """Summarize the differences, or return evidence that says why that cannot be."""
    if not 0 < margin < inf:
        raise ValueError(f"the smallest effect or margin must be > 0 and finite, got {margin}")
    num_seeds = finite(differences, at_least=1).size
    if num_seeds < 2:
        return Evidence(num_seeds=num_seeds, problem="one seed has no spread")
    try:
        return summarize(differences, sd_floor=sd_floor)
    except NoSpreadError as error:
        return Evidence(num_seeds=num_seeds, problem=str(error))


def all_of(parts: Sequence[Evidence]) -> Evidence:
    """Put together a claim of several parts that must all hold.

    For it: every part must favour, and p is the largest of theirs. That needs no correction: a false claim
    has a false part, and that one must come out wrong. Against it: one part is enough, and with k parts there
    are k chances of a false alarm, so the smallest p is multiplied by k.

    Source:
        Berger 1982, Technometrics 24 (intersection-union tests).
    """
    against = [part for part in parts if part.opposes]
    first = min(against, key=lambda part: part.p_against, default=None)
    return Evidence(
        num_seeds=_fewest_seeds(parts),
        favours=all(part.favours for part in parts),
        strong=all(part.strong for part in parts),
        p=max(part.p for part in parts),
        opposes=first is not None,
        p_against=min(1.0, len(parts) * first.p_against) if first else 1.0,
        p_null=min(1.0, len(parts) * min(part.p_null for part in parts)),
        against=first.against if first else "reversed",
        points_for=all(part.points_for for part in parts),
        problem=_problems(parts),
        parts=tuple(parts),
    )


def any_of(parts: Sequence[Evidence]) -> Evidence:
    """Put together a claim about several settings, all named beforehand, of which one is enough.

    For it: with m settings there are m chances of a false alarm, so the smallest p of those that favour is
    multiplied by m. Against it: every setting must contradict, and p is the largest of theirs. Even then the
    claim is contradicted in these settings only.
    """
    favouring = [part for part in parts if part.favours]
    first = min(favouring, key=lambda part: part.p, default=None)
    return Evidence(
        num_seeds=_fewest_seeds(parts),
        favours=first is not None,
        strong=first is not None and first.strong,
        p=min(1.0, len(parts) * first.p) if first else 1.0,
        opposes=all(part.opposes for part in parts),
        p_against=max(part.p_against for part in parts),
        p_null=max(min(part.p_against if part.opposes else 1.0, part.p_null) for part in parts),
        against=parts[0].against,
        points_for=any(part.points_for for part in parts),
        problem=_problems(parts),
        parts=tuple(parts),
        one_is_enough=True,
    )


def _fewest_seeds(parts: Sequence[Evidence]) -> int:
    if not parts:
        raise ValueError("a claim needs at least one part")
    return min(part.num_seeds for part in parts)


def _problems(parts: Sequence[Evidence]) -> str | None:
    return "; ".join(part.problem for part in parts if part.problem) or None


PROVISIONAL_BELOW = 10

Verdict = Literal["supported", "contradicted", "inconclusive", "invalid", "smoke"]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A verdict and what it rests on.

    Attributes:
        verdict: The word.
        kind: How it is contradicted; None for all other verdicts.
        strong: Supported, and even the unfavourable end of the interval is an effect that matters.
        provisional: Supported or contradicted by fewer than 10 seeds.
        p: The p-value that was judged, corrected; the one for the claim where nothing was concluded.
        reasons: Why it is invalid.
        evidence: What it was judged by, with its p-values corrected where the claim is one of a family.
    """

    verdict: Verdict
    kind: Kind | None = None
    strong: bool = False
    provisional: bool = False
    p: float
    reasons: tuple[str, ...] = ()
    evidence: Evidence

    @property
    def label(self) -> str:
        """The verdict as it is printed, e.g. `supported (strong, provisional, n=5)`."""
        words = [self.kind or "", "strong" * self.strong]
        words += ["provisional", f"n={self.evidence.num_seeds}"] if self.provisional else []
        inside = ", ".join(word for word in words if word)
        return f"{self.verdict} ({inside})" if inside else self.verdict


def decide(evidence: Evidence, *, failed_gates: Sequence[str] = ()) -> Decision:
    """Judge one claim, by the p-values of its evidence as they are.

    Args:
        evidence: For and against it.
        failed_gates: Sanity checks that failed, in words: a broken trainer proves nothing.
    """
    provisional = evidence.num_seeds < PROVISIONAL_BELOW
    if failed_gates:
        return Decision(verdict="invalid", p=1.0, reasons=tuple(failed_gates), evidence=evidence)
    if evidence.num_seeds < FEWEST_SEEDS:
        return Decision(verdict="smoke", p=1.0, evidence=evidence)
    if evidence.problem:
        return Decision(verdict="invalid", p=1.0, reasons=(evidence.problem,), evidence=evidence)
    if evidence.favours and evidence.p < LEVEL:
        strong, p = evidence.strong, evidence.p
        return Decision(verdict="supported", strong=strong, provisional=provisional, p=p, evidence=evidence)
    if evidence.opposes and evidence.p_against < LEVEL:
        kind, p = evidence.against, evidence.p_against
    elif evidence.p_null < LEVEL:
        kind, p = "null", evidence.p_null
    else:
        return Decision(verdict="inconclusive", p=evidence.p, evidence=evidence)
    return Decision(verdict="contradicted", kind=kind, provisional=provisional, p=p, evidence=evidence)


def decide_family(
    claims: Mapping[str, Evidence], *, family_size: int | None = None, failed_gates: Sequence[str] = ()
) -> dict[str, Decision]:
    """Judge the claims of one family, so that the chance of any false verdict in it stays small.

    The p-values for the claims are corrected together, and so are those against them. A claim that is open
    after that may still be null, too small to matter; p_null is corrected for the claims that are still open.

    Args:
        claims: Evidence by name of the claim.
        family_size: Claims that are registered in the family; those without evidence count as tests too, or a
            claim would be the easier to support the fewer of its family were run. None: as many as are given.
        failed_gates: Sanity checks that failed.

    Returns:
        A decision for each claim, in the order given. Claims that are invalid or smoke count as tests that
        found nothing.

    Raises:
        ValueError: If more claims are given than the family has.
    """
    size = len(claims) if family_size is None else family_size
    if size < len(claims):
        raise ValueError(f"{len(claims)} claims are more than the family of {size} has")
    decided = {name: decide(evidence, failed_gates=failed_gates) for name, evidence in claims.items()}
    judged = [name for name, decision in decided.items() if decision.verdict not in {"invalid", "smoke"}]
    p = _corrected({name: claims[name].p for name in judged}, size)
    p_against = _corrected({name: claims[name].p_against for name in judged}, size)
    corrected = {
        name: replace(claims[name], p=p[name], p_against=p_against[name], p_null=1.0) for name in judged
    }
    decided |= {name: decide(evidence) for name, evidence in corrected.items()}
    still_open = [name for name in judged if decided[name].verdict == "inconclusive"]
    num_settled = len(judged) - len(still_open)
    p_null = _corrected({name: claims[name].p_null for name in still_open}, size - num_settled)
    return decided | {name: decide(replace(corrected[name], p_null=p_null[name])) for name in still_open}


def _corrected(p_values: Mapping[str, float], family_size: int) -> dict[str, float]:
    """Correct by Holm; what is missing in the family counts as a p-value of 1."""
    missing = [1.0] * (family_size - len(p_values))
    return dict(zip(p_values, holm([*p_values.values(), *missing]), strict=False))
