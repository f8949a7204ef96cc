"""The one start of every training: from a checked config to all that the loop needs.

A run with a folder, the sanity gates, the exact checks and the estimate of speed begin here. `prepare` makes
the images, `start` the network with its initial weights and its optimiser; `train` of the loop takes both.
"""

from torch import nn

from regx.config import RunConfig
from regx.data.images import Images
from regx.models.batch_norm import PrependReference
from regx.models.network import build_model
from regx.training.evaluate import zero_sum
from regx.training.loop import TrainState
from regx.training.optim import Sgd
from regx.training.prepare import RunData
from regx.training.seeding import generator

__all__ = ["build_network", "start"]


def start(config: RunConfig, data: RunData) -> TrainState:
    """Build the state of a run before its first step, on the device of its images.

    torch's default generator, which dropout draws from, is left to the caller: a run with a folder seeds it
    by the stream `noise`.
    """
    device = data.train.labels.device
    network = build_network(config).to(device)
    _hold_reference_(network, data.train)
    return TrainState(network=network, optimizer=Sgd(network, config.optim), running_loss=zero_sum(device))


def build_network(config: RunConfig) -> nn.Sequential:
    """Build the network of a config on the CPU, with the initial weights of its seed."""
    return build_model(config.model, config.data.facts, lambda name: generator(config.seed, f"init/{name}"))


def _hold_reference_(network: nn.Module, train: Images) -> None:
    """Give the reference images of batch norm, the first of the training subset, to the network."""
    for layer in network.modules():
        if isinstance(layer, PrependReference):
            layer.images, _ = train.batch(slice(0, layer.num_reference))
