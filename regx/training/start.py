"""The one start of every training: from a checked config and a data set to all that the loop needs.

A run with a folder, the sanity gates, the exact checks and the estimate of speed begin here. `prepare` makes
the images, `start` the network with its initial weights and its optimiser; `train` of the loop takes both.
"""

import torch
from torch import Tensor, nn

from regx.config import RunConfig
from regx.data.images import Images, RunData, balanced_subset
from regx.data.load import Dataset
from regx.data.preprocess import fit
from regx.models.batch_norm import PrependReference
from regx.models.network import build_model
from regx.training.evaluate import zero_sum
from regx.training.loop import TrainState
from regx.training.optim import Sgd
from regx.training.seeding import generator

__all__ = ["build_network", "prepare", "start"]


def prepare(config: RunConfig, dataset: Dataset, device: torch.device) -> RunData:
    """Draw the subset, fit the preprocessing on it alone, and put everything on the device."""
    rows = balanced_subset(dataset.pool_labels, config.data.train_size, generator(config.seed, "subset"))
    train_uint8, train_labels = dataset.pool_images[rows], dataset.pool_labels[rows]
    transform = fit(config.data.preprocess, train_uint8)

    def on_device(images: Tensor, labels: Tensor) -> Images:
        pixels = transform(images).permute(0, 2, 3, 1).contiguous()
        return Images(pixels.to(device), labels.to(device))

    train = on_device(train_uint8, train_labels)
    return RunData(
        train=train,
        train_slice=_train_slice(train, config.data.num_train_slice),
        valid=on_device(dataset.valid_images, dataset.valid_labels),
        test=on_device(dataset.test_images, dataset.test_labels),
    )


def _train_slice(train: Images, count: int) -> Images:
    """Take all images of a small subset, else evenly spaced ones: the same for every seed of the order."""
    if count == len(train):
        return train
    rows = torch.linspace(0, len(train) - 1, count, dtype=torch.float64).long().to(train.labels.device)
    return Images(train.pixels[rows], train.labels[rows])


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
