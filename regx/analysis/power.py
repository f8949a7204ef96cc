"""How many seeds a paired t-test needs to see an effect."""

from bisect import bisect_left
from collections.abc import Callable
from math import inf, sqrt

import numpy as np
from scipy.special import nctdtr, stdtrit  # type: ignore[import-untyped]

__all__ = ["POWER", "fewest_seeds", "paired_power", "seeds_needed"]

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
