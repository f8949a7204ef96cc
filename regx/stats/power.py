"""How many seeds a test needs to see an effect, and how many would settle a claim that is open."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from math import inf, sqrt

import numpy as np
from scipy.special import nctdtr, ndtr, stdtrit  # type: ignore[import-untyped]

from regx.stats.verdict import Evidence, Hurdle

__all__ = ["POWER", "fewest_seeds", "paired_power", "seeds_needed", "seeds_to_settle"]

MOST_SEEDS = 1_000_000
POWER = 0.8  # "in 4 of 5 experiments"


def paired_power(effect_size: float, num_seeds: int, alpha: float = 0.05) -> float:
    """Return the chance that a two-sided paired t-test finds an effect.

    Args:
        effect_size: d_z, the true mean of the differences in units of their true standard deviation.
        num_seeds: Pairs, at least 2.
        alpha: Level of the test, in (0, 1).

    Raises:
        ValueError: If an argument is out of its range.

    Source:
        Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, section 2.3, computed exactly from
        the noncentral t distribution.
    """
    if num_seeds < 2 or not 0 < alpha < 1 or not abs(effect_size) < inf:
        raise ValueError(f"no power for effect size {effect_size}, {num_seeds} seeds, alpha {alpha}")
    degrees, shift = num_seeds - 1, abs(effect_size) * sqrt(num_seeds)
    limit = float(stdtrit(degrees, 1 - alpha / 2))
    # nctdtr gives up (NaN) where the probability is below 1e-14, so 0 is what it means.
    missed, wrong_sign = np.nan_to_num(nctdtr(degrees, shift, [limit, -limit]), nan=0.0)
    return float(1 - missed + wrong_sign)


def seeds_needed(mean: float, sd: float, alpha: float = 0.05, power: float = POWER) -> int | None:
    """Return the smallest number of seeds with which a paired t-test finds an effect often enough.

    Args:
        mean: True mean of the paired differences that is to be found; its sign does not matter.
        sd: Their standard deviation, in the same unit; 0 or more.
        alpha: Level of the two-sided test, in (0, 1).
        power: Chance of finding the effect, in (0, 1).

    Returns:
        2 or more; None where a million seeds are not enough.

    Raises:
        ValueError: If an argument is out of its range.
    """
    if not (abs(mean) < inf and 0 <= sd < inf and 0 < power < 1):
        raise ValueError(f"no number of seeds for mean {mean}, sd {sd}, power {power}")
    if mean == 0:
        return None
    if sd == 0:
        return 2
    return fewest_seeds(lambda num_seeds: paired_power(mean / sd, num_seeds, alpha), power)


def fewest_seeds(chance: Callable[[int], float], power: float = POWER) -> int | None:
    """Return the smallest number of seeds, from 2 on, with which a chance is large enough.

    Args:
        chance: Of so many seeds; it must not fall with more of them.
        power: The chance that is enough.

    Returns:
        None where a million seeds are not enough.
    """
    candidates = range(2, MOST_SEEDS + 1)
    found = bisect_left(candidates, power, key=chance)
    return candidates[found] if found < len(candidates) else None


def seeds_to_settle(evidence: Evidence, num_tests: int = 1) -> int | None:
    """Return with how many seeds a claim would be settled in 4 of 5 experiments.

    The measured means and standard deviations are taken as the true ones. They say whether the claim is
    right, and it is settled when the runs show that:

    - A claim of several parts is right where all parts are right: the runs have to show each of them. It is
      wrong where one part is wrong: showing that one is enough.
    - A claim about several settings is right where one setting is right: showing that one is enough. It is
      wrong where all are wrong: the runs have to show each of them.

    Args:
        evidence: Of the whole claim.
        num_tests: Tests to correct for, e.g. claims in its family: the strictest step of Holm is passed.

    Returns:
        2 or more; None where it cannot be said, or a million are not enough.
    """
    return fewest_seeds(lambda num_seeds: _chance(evidence, num_seeds, num_tests))


def _chance(evidence: Evidence, num_seeds: int, tests: int) -> float:
    """Return the least chance that the runs show what the means say: that the claim is right, or wrong.

    Where one part is enough, it is the part that is easiest to show. Where all are needed, the chances of
    missing one add up: the parts share their seeds, so how these chances depend on each other is not known.
    """
    if evidence.problem:
        return 0.0
    if evidence.summary is not None:
        return _chance_of_all(evidence.hurdles, evidence.summary.sd, num_seeds, tests)
    deciding = [part for part in evidence.parts if part.points_for == evidence.points_for]
    if evidence.parts and evidence.one_is_enough == evidence.points_for:
        return max(_chance(part, num_seeds, tests * len(evidence.parts)) for part in deciding)
    return 1 - sum(1 - _chance(part, num_seeds, tests) for part in deciding)


def _chance_of_all(hurdles: Sequence[Hurdle], sd: float, num_seeds: int, tests: int) -> float:
    """Return the least chance that all hurdles are cleared.

    The chances of failing two tests add up, as only one of them can fail at a time. An estimate that is large
    enough nearly always passes its test too, so the smaller of these two chances counts.
    """
    missed, large_enough = 0.0, 1.0
    for hurdle in hurdles:
        effect_size = hurdle.distance / sd
        if hurdle.alpha is None:
            large_enough = min(large_enough, float(ndtr(effect_size * sqrt(num_seeds))))
        else:
            missed += 1 - paired_power(effect_size, num_seeds, hurdle.alpha / tests)
    return min(1 - missed, large_enough)
