"""Images of a run on its device, and class-balanced subsets."""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Images", "RunData", "balanced_subset"]


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


def balanced_subset(labels: Tensor, size: int | None, generator: torch.Generator) -> Tensor:
    """Draw images, equally from all classes as far as possible.

    Class sizes differ by at most one. Which classes get the extra image is drawn, too. If a class has too few
    images, the others get more. With the same seed, a smaller subset is part of a larger one.

    Args:
        labels: (N,) int64, the class of each image.
        size: Images to draw, at most N; None takes all.
        generator: CPU generator of the draw.

    Returns:
        (size,) int64 indices in ascending order: the order of training is another stream's affair.

    Raises:
        ValueError: If `size` is not in [1, N].
    """
    if size is None:
        return torch.arange(len(labels))
    if not 1 <= size <= len(labels):
        raise ValueError(f"size must be in [1, {len(labels)}], got {size}")
    # Every class lines up in a random order; the lines are served in rounds, one image of each class a round.
    shuffled = torch.randperm(len(labels), generator=generator)
    counts = torch.bincount(labels)
    turn = torch.randperm(len(counts), generator=generator)
    by_class = shuffled[torch.argsort(labels[shuffled], stable=True)]
    starts = torch.cumsum(counts, 0) - counts
    rounds = torch.arange(len(labels)) - starts[labels[by_class]]
    served = torch.argsort(rounds * len(counts) + turn[labels[by_class]])
    return by_class[served[:size]].sort().values
