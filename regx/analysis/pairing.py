"""Pairs of values by seed: which seeds both arms have, and which only one of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

__all__ = ["Pairs", "SeedValues", "pair_by_seed"]

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
