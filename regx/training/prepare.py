"""From a data set to the tensors that a run trains and evaluates on."""

from dataclasses import dataclass

import torch
from torch import Tensor

from regx.config import RunConfig
from regx.data.images import Images, balanced_subset
from regx.data.load import Dataset
from regx.data.preprocess import fit
from regx.training.seeding import generator

__all__ = ["RunData", "prepare"]


@dataclass(frozen=True)
class RunData:
    """All images of a run.

    Attributes:
        train: The training subset.
        train_slice: A fixed part of it, on which training metrics are taken in eval mode.
        valid: Validation images, for each epoch.
        test: Test images, read once at the end.
    """

    train: Images
    train_slice: Images
    valid: Images
    test: Images


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
