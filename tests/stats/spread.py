"""Differences of seeds for tests of verdicts."""

import numpy as np


def with_spread(mean: float, sd: float, num_seeds: int = 10) -> np.ndarray:
    """Make differences with exactly this mean and standard deviation."""
    steps = np.linspace(-1, 1, num_seeds)
    return mean + sd * steps / steps.std(ddof=1)
