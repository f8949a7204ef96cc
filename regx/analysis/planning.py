"""How many seeds would settle a claim that is open."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import sqrt

from scipy.special import ndtr  # type: ignore[import-untyped]

from regx.analysis.evidence import Evidence, Hurdle, Measured
from regx.analysis.power import MOST_SEEDS, paired_power

__all__ = ["seeds_to_settle"]

POWER = 0.8


def seeds_to_settle(evidence: Evidence, num_tests: int = 1) -> int | None:
    """Return with how many seeds a claim would be settled in 4 of 5 experiments.

    The measured means and spreads are taken as the true ones, and they decide which way it is settled. Where
    all parts of a claim point for it, each has to be found; where some do not, one of those is enough. Where
    one of several settings is enough, the cheapest that points for the claim counts; if none does, all of
    them have to go against it.

    Args:
        evidence: Of the whole claim.
        num_tests: Tests to correct for, e.g. claims in its family: the strictest step of Holm is passed.

    Returns:
        1 or more; None where it cannot be said, or a million are not enough.
    """
    if evidence.problem:
        return None
    if evidence.measured is not None:
        return _settle_one(evidence.measured, num_tests)
    if not evidence.parts:  # a part that is so under every seed needs no more of them
        return 1
    deciding = [part for part in evidence.parts if part.points_for == evidence.points_for]
    if evidence.one_is_enough == evidence.points_for:
        needed = [seeds_to_settle(part, num_tests * len(evidence.parts)) for part in deciding]
        return min((seeds for seeds in needed if seeds is not None), default=None)
    return _most(seeds_to_settle(part, num_tests) for part in deciding)


def _most(needed: Iterable[int | None]) -> int | None:
    most = 1
    for seeds in needed:
        if seeds is None:
            return None
        most = max(most, seeds)
    return most


def _settle_one(measured: Measured, tests: int) -> int | None:
    sd = measured.summary.sd
    candidates = range(2, MOST_SEEDS + 1)
    found = bisect_left(
        candidates, True, key=lambda num_seeds: _chance(measured.hurdles, sd, num_seeds, tests) >= POWER
    )
    return candidates[found] if found < len(candidates) else None


def _chance(hurdles: Sequence[Hurdle], sd: float, num_seeds: int, tests: int) -> float:
    """Compute the chance that all hurdles are cleared.

    Two tests are passed from two sides, so that their chances to fail add up. That an estimate is large
    enough goes along with its test, so that the harder of the two counts.
    """
    missed, large_enough = 0.0, 1.0
    for hurdle in hurdles:
        effect_size = hurdle.distance / sd
        if hurdle.alpha is None:
            large_enough = min(large_enough, float(ndtr(effect_size * sqrt(num_seeds))))
        else:
            missed += 1 - paired_power(effect_size, num_seeds, hurdle.alpha / tests)
    return min(1 - missed, large_enough)
