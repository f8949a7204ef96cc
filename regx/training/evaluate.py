"""Loss and error of a network in eval mode, and the weights of the best epoch."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from regx.data.images import Images
from regx.models.batch_norm import BatchNorm, ReferenceBatchNorm
from regx.runs.metrics import EpochMetrics

__all__ = [
    "BestWeights",
    "evaluate",
    "fresh_batch_norm",
    "has_batch_norm",
    "has_finite_weights",
    "weights_of",
    "zero_sum",
]

EVAL_BATCH = 250  # small enough for the feature maps of a batch to stay in a CPU's cache
STATISTICS_BATCH = 500


@torch.inference_mode()
def evaluate(network: nn.Module, images: Images) -> tuple[float, float]:
    """Measure a network in eval mode, in fp32 whatever the precision of training.

    Returns:
        Mean cross-entropy in nats and error as a fraction in [0, 1]; both weighted by images, so that a short
        last batch counts no more than it holds.
    """
    network.eval()
    loss = zero_sum(images.labels.device)
    wrong = torch.zeros((), dtype=torch.int64, device=images.labels.device)
    for start in range(0, len(images), EVAL_BATCH):
        pixels_NCHW, labels_N = images.batch(slice(start, start + EVAL_BATCH))
        logits_NK = network(pixels_NCHW)
        loss += functional.cross_entropy(logits_NK, labels_N, reduction="sum")
        wrong += (logits_NK.argmax(dim=1) != labels_N).sum()
    return float(loss) / len(images), int(wrong) / len(images)


def zero_sum(device: torch.device) -> Tensor:
    """Make a sum of losses, in double precision where the device has it."""
    dtype = torch.float32 if device.type == "mps" else torch.float64
    return torch.zeros((), dtype=dtype, device=device)


def has_finite_weights(network: nn.Module) -> bool:
    """Whether no parameter is infinite or NaN: an activation can hide one from the loss."""
    return all(bool(parameter.isfinite().all()) for parameter in network.parameters())


def has_batch_norm(network: nn.Module) -> bool:
    """Whether a network has running statistics."""
    return any(isinstance(layer, BatchNorm) for layer in network.modules())


@contextmanager
def fresh_batch_norm(network: nn.Module, images: Images, num_images: int) -> Iterator[None]:
    """Replace running statistics by new estimates inside the context; afterwards they are what they were.

    Running statistics lag behind the weights, and after few or large steps they describe another network. One
    pass over training images gives the statistics of this one: batch norm in train mode with a cumulative
    average, everything else, dropout included, in eval mode, since that is the network which is evaluated.
    Batch norm by reference images takes the statistics of these, whatever `num_images` says.

    Args:
        network: The network; nothing in it is changed for good, and no random number is drawn.
        images: Training images, from the first on.
        num_images: How many of them at most; 0 leaves the running statistics in place.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, BatchNorm)]
    by_reference = [layer for layer in network.modules() if isinstance(layer, ReferenceBatchNorm)]
    if not layers or (num_images == 0 and not by_reference):
        yield
        return
    saved = [(layer, layer.momentum, {k: v.clone() for k, v in layer.named_buffers()}) for layer in layers]
    network.eval()
    if by_reference:
        for reference in by_reference:
            reference.train()
        count = size = by_reference[0].num_reference
    else:
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # cumulative average
            layer.train()
        count = min(num_images, len(images))
        # Batches of one size, so that each weighs the same in the average.
        size = count // -(-count // STATISTICS_BATCH)
    with torch.no_grad():
        for start in range(0, count - size + 1, size):
            network(images.batch(slice(start, start + size))[0])
    network.eval()
    try:
        yield
    finally:
        for layer, momentum, buffers in saved:
            layer.momentum = momentum
            for name, buffer in layer.named_buffers():
                buffer.copy_(buffers[name])


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
