"""Small networks and runs for exact checks, the same numbers every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from regx.config import RunConfig
    from regx.runs.metrics import EpochMetrics
    from regx.training.loop import TrainState
    from regx.training.prepare import RunData

__all__ = ["SEED", "build", "reproducible", "small_config", "train_observed"]


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


SEED = 0


def small_config(**sections: dict[str, Any]) -> RunConfig:
    """Make the config of a run on 300 of the embedded digits; each keyword is a section of it."""
    from regx.config import RunConfig

    data = {"name": "digits", "train_size": 300} | sections.pop("data", {})
    content = {"name": "check", "data": data, "optim": {"lr": 0.1}, "seed": SEED} | sections
    return RunConfig.model_validate(content)


def build(config: RunConfig) -> nn.Sequential:
    """Build the network of a config with its initial weights."""
    from regx.models.network import build_model
    from regx.training.seeding import generator

    return build_model(config.model, config.data.facts, lambda name: generator(SEED, f"init/{name}"))


def train_observed(
    config: RunConfig,
    network: nn.Sequential,
    seen: Callable[[TrainState], None],
    *,
    data: RunData | None = None,
) -> None:
    """Train a network to the end of its budget, or until it is no longer finite.

    Args:
        config: The run.
        network: What `build` made of it; trained in place.
        seen: Called with the state before the first step and after every step.
        data: Other images than those that the config names.
    """
    import torch

    from regx.data.load import load_dataset
    from regx.training.evaluate import zero_sum
    from regx.training.loop import TrainState, train
    from regx.training.optim import Sgd
    from regx.training.prepare import prepare

    cpu = torch.device("cpu")
    images = data or prepare(config, load_dataset(config.data.name, offline=True), cpu)
    state = TrainState(network=network, optimizer=Sgd(network, config.optim), running_loss=zero_sum(cpu))
    train(config, images, state, _Observer(seen))
    seen(state)


@dataclass(frozen=True)
class _Observer:
    """Looks on, and never stops the run."""

    seen: Callable[[TrainState], None]

    def before_step(self, state: TrainState) -> bool:
        self.seen(state)
        return True

    def epoch_done(self, row: EpochMetrics) -> None: ...
