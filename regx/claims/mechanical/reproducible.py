"""The same numbers at every run of a check, whatever ran before it."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["reproducible"]


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Seed torch's default generator and use one thread; afterwards both are what they were.

    Also a decorator of a check: `@reproducible(seed=1)`.
    """
    import torch

    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)  # sums in another order differ in their last digits
        try:
            yield
        finally:
            torch.set_num_threads(threads)
