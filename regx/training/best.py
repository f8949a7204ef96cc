"""The weights of the best epoch: kept while training goes on, tested at its end."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor, nn

from regx.runs.metrics import EpochMetrics

__all__ = ["BestWeights", "weights_of"]


@dataclass(kw_only=True)
class BestWeights:
    """A copy of the network after the epoch with the lowest validation error so far, the earliest of equals.

    Attributes:
        epoch: That epoch; 0 before the first.
        valid_error: Its validation error.
        network: Weights and running statistics.
    """

    epoch: int = 0
    valid_error: float = math.inf
    network: dict[str, Tensor] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], device: torch.device) -> Self:
        """Take up what a checkpoint holds."""
        network = {name: value.to(device) for name, value in content["network"].items()}
        return cls(epoch=content["epoch"], valid_error=content["valid_error"], network=network)

    def to_dict(self) -> dict[str, Any]:
        """Return what a checkpoint holds; tensors are shared."""
        return {"epoch": self.epoch, "valid_error": self.valid_error, "network": self.network}

    def see(self, network: nn.Module, row: EpochMetrics) -> None:
        """Copy the network where this epoch is the best so far."""
        if row.valid_error < self.valid_error:
            self.epoch, self.valid_error = row.epoch, row.valid_error
            self.network = {name: value.clone() for name, value in network.state_dict().items()}


@contextmanager
def weights_of(network: nn.Module, best: BestWeights) -> Iterator[None]:
    """Give a network the best weights inside the context; afterwards it has its own again."""
    own = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(best.network)
    try:
        yield
    finally:
        network.load_state_dict(own)
