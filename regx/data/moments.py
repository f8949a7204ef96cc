"""First and second moments of images, exact.

Pixels are integers, so their sums and the sums of their products are integers too. As long as these stay
below 2^53 in float64 (2^24 in float32) no addition rounds, and the result is the same in any order.
"""

import torch
from torch import Tensor

__all__ = ["covariance", "mean_and_deviation"]

CENTRE = 128  # pixels minus this are at most 2^7 in size, their products at most 2^14,
EXACT_ROWS = 1024  # and 2^10 of those add up to at most 2^24: exact in float32
BLOCK = 512  # features; a symmetric matrix is worked out in blocks, only half of it


def mean_and_deviation(images: Tensor, *, per_channel: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and population deviation over the images, in pixel units of 0 to 255.

    Args:
        images: (N, C, H, W) uint8.
        per_channel: One value per channel, over images and pixels, in place of one per pixel.

    Returns:
        Two float64 tensors of shape (C, H, W), or (C, 1, 1) per channel.
    """
    total = torch.zeros(images.shape[1:], dtype=torch.float64)
    squares = torch.zeros_like(total)
    for start in range(0, len(images), EXACT_ROWS):
        values = images[start : start + EXACT_ROWS].double()
        total += values.sum(0)
        squares += values.square_().sum(0)
    count = len(images)
    if per_channel:
        count *= images[0, 0].numel()
        total, squares = total.sum((1, 2), keepdim=True), squares.sum((1, 2), keepdim=True)
    # N * sum(x^2) - (sum x)^2 is a difference of integers: zero exactly where nothing varies.
    variance = (squares * count - total.square()) / count**2
    return total / count, variance.clamp_min(0).sqrt()


def covariance(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and population covariance of all pixels.

    Args:
        images: (N, C, H, W) uint8; D = C * H * W.

    Returns:
        The mean image (C, H, W) in pixel units of 0 to 255, and the covariance (D, D) of pixels in [0, 1],
        both float64.
    """
    num_features = images[0].numel()
    products = torch.zeros(num_features, num_features, dtype=torch.float64)
    total = torch.zeros(num_features, dtype=torch.float64)
    for start in range(0, len(images), EXACT_ROWS):
        rows = images[start : start + EXACT_ROWS].flatten(1).float() - CENTRE
        total += rows.sum(0)
        for left in range(0, num_features, BLOCK):  # the blocks on and above the diagonal
            products[left : left + BLOCK, left:] += rows[:, left : left + BLOCK].T @ rows[:, left:]
    mean = total / len(images)
    products = products.triu() + products.triu(1).T
    matrix = (products / len(images) - mean.outer(mean)) / 255**2
    return (mean + CENTRE).reshape(images.shape[1:]), matrix
