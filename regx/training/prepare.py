"""From a data set to the tensors that a run trains and evaluates on."""

from dataclasses import dataclass

import torch
from torch import Tensor

from regx.config import RunConfig
from regx.data.load import Dataset
from regx.data.preprocess import fit
from regx.data.subset import balanced_subset
from regx.training.seeding import generator

__all__ = ["Images", "RunData", "prepare"]

TRAIN_SLICE = 2000  # images whose training metrics are reported, where the subset is larger than this:
TRAIN_SLICE_ABOVE = 5000


@dataclass(frozen=True)
class Images:
    """Preprocessed images on the run's device.

    Attributes:
        pixels: (N, H, W, C) float32. Rows of this layout are gathered as one block each, and a permuted
            view of them is what channels-last convolutions want.
        labels: (N,) int64.
    """

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, rows: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Gather images as (B, C, H, W), channels last in memory, with their labels."""
        return self.pixels[rows].permute(0, 3, 1, 2), self.labels[rows]


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
        train_slice=_train_slice(train),
        valid=on_device(dataset.valid_images, dataset.valid_labels),
        test=on_device(dataset.test_images, dataset.test_labels),
    )


def _train_slice(train: Images) -> Images:
    """Take all images of a small subset, else evenly spaced ones: the same for every seed of the order."""
    if len(train) <= TRAIN_SLICE_ABOVE:
        return train
    rows = torch.linspace(0, len(train) - 1, TRAIN_SLICE, dtype=torch.float64).long().to(train.labels.device)
    return Images(train.pixels[rows], train.labels[rows])
