"""How many seeds would settle a claim that is open."""

from regx.analysis.evidence import ALPHA, Evidence, Measured
from regx.analysis.power import seeds_needed

__all__ = ["seeds_to_settle"]


def seeds_to_settle(evidence: Evidence, num_tests: int = 1) -> int | None:
    """Return with how many seeds each part that is needed would be settled in 4 of 5 experiments.

    A part needs as many as tell its margin from 0, were the measured spread the true one. One that has as
    many and is open all the same has its mean close to the margin: it needs as many as tell those two apart,
    were that mean the true one. Where one of several settings is enough, the cheapest one not lost counts.

    Args:
        evidence: Of the whole claim.
        num_tests: Claims in its family: the strictest step of Holm has to be passed.

    Returns:
        1 or more; None where it cannot be said, or a million are not enough.
    """
    return _settle(evidence, num_tests, num_tests)


def _settle(evidence: Evidence, tests: int, tests_against: int) -> int | None:
    """Plan with as many tests as have to be corrected for, for the claim and against it."""
    if evidence.measured is not None:
        return _settle_one(evidence, evidence.measured, tests, tests_against)
    if evidence.problem or not evidence.parts:  # a part that is so under every seed needs no more of them
        return None if evidence.problem else 1
    if evidence.one_is_enough:
        left = [part for part in evidence.parts if not _is_lost(part, tests_against)]
        needed = [_settle(part, tests * len(evidence.parts), tests_against) for part in left]
        return min((number for number in needed if number is not None), default=None)
    needed = [_settle(part, tests, tests_against * len(evidence.parts)) for part in evidence.parts]
    known = [number for number in needed if number is not None]
    return max(known) if len(known) == len(needed) else None


def _settle_one(evidence: Evidence, measured: Measured, tests: int, tests_against: int) -> int | None:
    sd = measured.summary.sd
    needed = seeds_needed(measured.margin, sd, measured.alpha / tests, measured.power)
    is_found = evidence.favours and evidence.p < ALPHA / tests
    if is_found or _is_lost(evidence, tests_against) or needed is None or needed > evidence.num_seeds:
        return needed
    return seeds_needed(measured.edge, sd, 2 * ALPHA / max(tests, tests_against))


def _is_lost(evidence: Evidence, tests: int) -> bool:
    """Whether it is contradicted by itself."""
    p = min(evidence.p_against if evidence.opposes else 1.0, evidence.p_null)
    return p < ALPHA / tests
