"""The sign-flip test: what the differences themselves say, with no assumption on their distribution."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regx.analysis.intervals import Values, finite

__all__ = ["NUM_DRAWS", "SignFlip", "sign_flip_p"]

MOST_EXACT = 20  # 2^20 sums are 8 MB; every further seed doubles them
NUM_DRAWS = 100_000
AT_ONCE = 8  # differences whose signs are drawn together, as the bits of a byte


@dataclass(frozen=True, kw_only=True)
class SignFlip:
    """Result of a sign-flip test.

    Attributes:
        p: Two-sided.
        exact: Whether all 2^n signs were counted, or a sample of them.
    """

    p: float
    exact: bool


def sign_flip_p(differences: Values) -> SignFlip:
    """Ask how often the mean would be as far from 0 if the sign of every difference were a coin toss.

    Up to 20 seeds all 2^n signs are counted. Beyond, 100,000 signs are drawn, always the same ones: then p
    has a standard error of 0.0007 at 0.05 and is never below 1e-5.

    Args:
        differences: One per seed. Differences of 0 keep their place: no sign changes the sum.

    Returns:
        The two-sided p-value; it cannot be below 2 / 2^n.

    Raises:
        ValueError: If there are no values, or one is not finite.

    Source:
        Fisher 1935, The Design of Experiments, section 21.
    """
    array = finite(differences, at_least=1)
    exact = array.size <= MOST_EXACT
    first, rest = array[:1], array[1:]  # the first sign may stay: |sum| has a mirror image
    sums = _all_sums(first, rest) if exact else _drawn_sums(first, rest)
    # The same sum added up in another order is a tie, not a smaller sum.
    as_far = abs(array.sum()) - 1e-9 * np.abs(array).sum()
    count = int(np.count_nonzero(np.abs(sums) >= as_far))
    return SignFlip(p=count / sums.size if exact else (count + 1) / (NUM_DRAWS + 1), exact=exact)


def _all_sums(start: NDArray[np.float64], differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add the differences to the sums so far, with every choice of their signs."""
    for difference in differences:
        start = np.concatenate([start + difference, start - difference])
    return start


def _drawn_sums(start: NDArray[np.float64], differences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add the differences to one sum, with signs drawn many times: a byte picks one of 256 sums of eight."""
    rng = np.random.default_rng(0)
    sums = np.full(NUM_DRAWS, start[0])
    for at in range(0, differences.size, AT_ONCE):
        part = _all_sums(np.zeros(1), differences[at : at + AT_ONCE])
        sums += part[rng.integers(0, part.size, size=NUM_DRAWS, dtype=np.uint8)]
    return sums
