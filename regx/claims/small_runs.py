"""Small trainings on the embedded digits, for exact checks and sanity gates: the same numbers every time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from regx.config import RunConfig
from regx.data.images import RunData
from regx.data.load import load_dataset
from regx.training.loop import TrainState, train
from regx.training.observer import Observer
from regx.training.start import prepare, start

__all__ = ["load_data", "reproducible", "small_config", "train_observed"]


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Seed torch's default generator and use one thread; afterwards both are what they were.

    Also a decorator: `@reproducible(seed=1)`.
    """
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)  # sums in another order differ in their last digits
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def small_config(**sections: dict[str, Any]) -> RunConfig:
    """Make the config of a run with seed 0 on 300 of the digits; each keyword is a section of it."""
    data = {"name": "digits", "train_size": 300} | sections.pop("data", {})
    content = {"name": "check", "data": data, "optim": {"lr": 0.1}, "seed": 0} | sections
    return RunConfig.model_validate(content)


def load_data(config: RunConfig) -> RunData:
    """Load the images of a run, from the cache or the package, onto the CPU."""
    return prepare(config, load_dataset(config.data.name, offline=True), torch.device("cpu"))


def train_observed(config: RunConfig, see: Callable[[TrainState], None]) -> None:
    """Train a run to the end of its budget, or until it is no longer finite.

    Args:
        config: The run.
        see: Called with the state before the first step and after every step.
    """
    data = load_data(config)
    state = start(config, data)
    train(config, data, state, _Look(lambda: see(state)))
    see(state)


class _Look(Observer):
    """Looks before each step."""

    def __init__(self, look: Callable[[], None]) -> None:
        self.look = look

    def before_step(self, step: int) -> bool:  # noqa: ARG002
        self.look()
        return True
