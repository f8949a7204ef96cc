"""The verdict on a claim: one rule for all of them, fixed before the runs.

D_1..D_n are differences paired by seed, positive in favour of the claim; delta is the smallest effect that
would matter. For a claim of one effect:

| verdict | when |
|---|---|
| invalid | a sanity gate failed, or all seeds gave the same value |
| smoke | n < 5: the machinery was tried, nothing was tested |
| supported | mean >= delta, 95 % interval above 0, p < 0.05; strong: the interval is above delta |
| contradicted, reversed | mean <= -delta, 95 % interval below 0, p < 0.05 |
| contradicted, null | 90 % interval inside (-delta, +delta): an effect that matters is excluded |
| inconclusive | everything else |

p is the two-sided paired t-test, corrected by Holm over the family of claims. Claims that are neither
supported nor reversed enter the null stage, whose p-values are corrected by Holm among themselves. A verdict
of fewer than 10 seeds is provisional. `regx.analysis.evidence` has the conditions of claims of other forms,
`regx.analysis.compound` those of claims of several parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from regx.analysis.evidence import ALPHA, Evidence, Kind
from regx.analysis.statistics import holm

__all__ = ["FEWEST_SEEDS", "PROVISIONAL_BELOW", "Decision", "Verdict", "decide", "decide_family"]

FEWEST_SEEDS = 5
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
        evidence: Seeds, intervals, p-values before correction, parts.
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


def decide(
    evidence: Evidence,
    *,
    p: float | None = None,
    p_against: float | None = None,
    p_null: float | None = None,
    failed_gates: Sequence[str] = (),
) -> Decision:
    """Judge one claim.

    Args:
        evidence: For and against it.
        p: The p-value for it, corrected for its family; None to judge the claim by itself.
        p_against: The same for `opposes`.
        p_null: The same for "too small to matter".
        failed_gates: Sanity checks that failed, in words: a broken trainer proves nothing.
    """
    p = evidence.p if p is None else p
    p_against = evidence.p_against if p_against is None else p_against
    p_null = evidence.p_null if p_null is None else p_null
    provisional = evidence.num_seeds < PROVISIONAL_BELOW
    if failed_gates:
        return Decision(verdict="invalid", p=1.0, reasons=tuple(failed_gates), evidence=evidence)
    if evidence.num_seeds < FEWEST_SEEDS:
        return Decision(verdict="smoke", p=1.0, evidence=evidence)
    if evidence.problem:
        return Decision(verdict="invalid", p=1.0, reasons=(evidence.problem,), evidence=evidence)
    if evidence.favours and p < ALPHA:
        return Decision(
            verdict="supported", strong=evidence.strong, provisional=provisional, p=p, evidence=evidence
        )
    kind: Kind | None = None
    if evidence.opposes and p_against < ALPHA:
        kind, p = evidence.against, p_against
    elif p_null < ALPHA:
        kind, p = "null", p_null
    if kind:
        return Decision(verdict="contradicted", kind=kind, provisional=provisional, p=p, evidence=evidence)
    return Decision(verdict="inconclusive", p=p, evidence=evidence)


def decide_family(
    claims: Mapping[str, Evidence],
    *,
    family_size: int | None = None,
    failed_gates: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Decision]:
    """Judge the claims of one family, so that the chance of any false verdict in it stays small.

    Args:
        claims: Evidence by name of the claim.
        family_size: Claims that are registered in the family; those without evidence count as tests too, or a
            claim would be the easier to support the fewer of its family were run. None: as many as are given.
        failed_gates: Sanity checks that failed, by name of the claim.

    Returns:
        A decision for each claim, in the order given. Claims that are invalid or smoke count as tests that
        found nothing.

    Raises:
        ValueError: If more claims are given than the family has.
    """
    size = len(claims) if family_size is None else family_size
    if size < len(claims):
        raise ValueError(f"{len(claims)} claims are more than the family of {size} has")
    gates = failed_gates or {}
    judged = [
        name
        for name, evidence in claims.items()
        if decide(evidence, failed_gates=gates.get(name, ())).verdict not in {"invalid", "smoke"}
    ]
    p = _corrected({name: claims[name].p for name in judged}, size)
    p_against = _corrected({name: claims[name].p_against for name in judged}, size)

    def judge(name: str, p_null: float) -> Decision:
        corrected = {"p": p[name], "p_against": p_against[name]} if name in judged else {}
        return decide(claims[name], **corrected, p_null=p_null, failed_gates=gates.get(name, ()))

    settled = [name for name in judged if judge(name, p_null=1.0).verdict != "inconclusive"]
    entering = {name: claims[name].p_null for name in judged if name not in settled}
    p_null = _corrected(entering, size - len(settled))
    return {name: judge(name, p_null.get(name, 1.0)) for name in claims}


def _corrected(p_values: Mapping[str, float], family_size: int) -> dict[str, float]:
    """Correct by Holm; what is missing in the family counts as a p-value of 1."""
    missing = [1.0] * (family_size - len(p_values))
    return dict(zip(p_values, holm([*p_values.values(), *missing]), strict=False))
