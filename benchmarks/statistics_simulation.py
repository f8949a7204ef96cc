"""How often the interval misses and the decision rule errs, on data whose truth is known: `make statistics`.

Writes results/statistics/coverage.csv, a row per rate, in about two minutes; `make docs` makes the tables in
docs/statistics.md of it. The differences have standard deviation 1, so effects are in units of it.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from math import exp, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from regx.runs.files import write_csv
from regx.stats.tests import summarize, welch
from regx.stats.verdict import at_least, decide

RESULT = Path(__file__).parent.parent / "results" / "statistics" / "coverage.csv"
HEADER = (
    *("distribution", "num_seeds", "what", "smallest_effect", "true_effect"),
    *("rate", "standard_error", "repetitions"),
)
REPETITIONS = 20_000
RESAMPLES = 1_000  # of the bootstrap
SMALL = 0.1  # a smallest effect that hardly ever decides: what is left are the tests
SKEW = 0.6

Samples = NDArray[np.float64]
Row = tuple[object, ...]


def main() -> None:
    """Simulate every distribution with every number of seeds and write the rates."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    write_csv(RESULT, HEADER, rates())
    print(f"wrote {RESULT}")


def rates() -> Iterator[Row]:
    """Yield a row for each rate."""
    for number, (name, draw) in enumerate(DISTRIBUTIONS.items()):
        for num_seeds in (5, 10, 20):
            rng = np.random.default_rng([number, num_seeds])
            for what, *effects, hits, repetitions in simulate(rng, draw, num_seeds):
                rate = hits / repetitions
                error = sqrt(rate * (1 - rate) / repetitions)
                yield (name, num_seeds, what, *effects, f"{rate:.5f}", f"{error:.5f}", repetitions)


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Samples:
    """Draw from a normal distribution."""
    return rng.normal(size=shape)


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> Samples:
    """Draw from a lognormal distribution with shape 0.6, moved and scaled to mean 0 and deviation 1."""
    mean = exp(SKEW**2 / 2)
    return (rng.lognormal(0, SKEW, size=shape) - mean) / (mean * sqrt(exp(SKEW**2) - 1))


DISTRIBUTIONS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Samples]] = {
    "normal": normal,
    "skewed": skewed,
}


def simulate(
    rng: np.random.Generator,
    draw: Callable[[np.random.Generator, tuple[int, ...]], Samples],
    num_seeds: int,
) -> Iterator[tuple[str, float | str, float | str, int, int]]:
    """Yield what was counted, smallest and true effect, how often it happened, and of how many."""
    samples = draw(rng, (REPETITIONS, num_seeds))
    covered = sum(not summarize(sample).interval.excludes(0) for sample in samples)
    yield "t interval covers", "", 0, covered, REPETITIONS
    few = samples[: REPETITIONS // 4]
    yield "percentile bootstrap covers", "", 0, bootstrap_covers(rng, few), len(few)
    other = draw(rng, (REPETITIONS, num_seeds))
    alarms = sum(welch(a, b).p < 0.05 for a, b in zip(samples, other, strict=True))
    yield "Welch sees a difference", "", 0, alarms, REPETITIONS
    for smallest, true in ((SMALL, 0), (1, 0), (1, 1), (1, 2)):
        decisions = (decide(at_least(sample + true, smallest)) for sample in samples)
        verdicts = Counter(decision.kind or decision.verdict for decision in decisions)
        for verdict in ("supported", "reversed", "null", "inconclusive"):
            yield verdict, smallest, true, verdicts[verdict], REPETITIONS


def bootstrap_covers(rng: np.random.Generator, samples: Samples) -> int:
    """Count the percentile bootstrap intervals of the mean that hold 0."""
    covered = 0
    for sample in samples:
        draws = rng.integers(0, sample.size, size=(RESAMPLES, sample.size))
        low, high = np.quantile(sample[draws].mean(axis=1), [0.025, 0.975])
        covered += bool(low <= 0 <= high)
    return covered


if __name__ == "__main__":
    main()
