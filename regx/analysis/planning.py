"""How many seeds would settle a claim that is open."""

from collections.abc import Sequence
from math import sqrt

from scipy.special import ndtr  # type: ignore[import-untyped]

from regx.analysis.evidence import Evidence, Hurdle
from regx.analysis.power import fewest_seeds, paired_power

__all__ = ["seeds_to_settle"]


def seeds_to_settle(evidence: Evidence, num_tests: int = 1) -> int | None:
    """Return with how many seeds a claim would be settled in 4 of 5 experiments.

    The measured means and spreads are taken as the true ones, and they decide which way it is settled. Where
    all parts of a claim point for it, all have to be found; where some do not, the one that is found soonest
    is enough. Where one of several settings is enough, the one that is found soonest counts; if none points
    for the claim, all of them have to go against it.

    Args:
        evidence: Of the whole claim.
        num_tests: Tests to correct for, e.g. claims in its family: the strictest step of Holm is passed.

    Returns:
        2 or more; None where it cannot be said, or a million are not enough.
    """
    return fewest_seeds(lambda num_seeds: _chance(evidence, num_seeds, num_tests))


def _chance(evidence: Evidence, num_seeds: int, tests: int) -> float:
    """Bound from below the chance that a claim is settled the way its means point.

    Several parts share their seeds, so that nothing is known of how their chances hang together: the chances
    to miss one add up.
    """
    if evidence.problem:
        return 0.0
    if evidence.measured is not None:
        return _chance_of_all(evidence.measured.hurdles, evidence.measured.summary.sd, num_seeds, tests)
    deciding = [part for part in evidence.parts if part.points_for == evidence.points_for]
    if evidence.parts and evidence.one_is_enough == evidence.points_for:
        return max(_chance(part, num_seeds, tests * len(evidence.parts)) for part in deciding)
    return 1 - sum(1 - _chance(part, num_seeds, tests) for part in deciding)


def _chance_of_all(hurdles: Sequence[Hurdle], sd: float, num_seeds: int, tests: int) -> float:
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
