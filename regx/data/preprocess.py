"""Transforms of the inputs, fitted on the training images and applied to all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Transform", "covariance", "fit", "mean_and_deviation"]

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


Transform = Callable[[Tensor], Tensor]
"""From (N, C, H, W) uint8 to (N, C, H, W) float32."""

DEVIATION_FLOOR = 0.1  # of the largest deviation of a pixel: pixels that hardly vary are not blown up
KEPT_VARIANCE = 0.99
EPS = 1e-2  # of the mean eigenvalue, added to each before whitening
NO_VARIANCE = 1e-9  # of the largest eigenvalue: below it is rounding, not variance
CHUNK = 4096  # images that are transformed at once


def fit(kind: str, train_images: Tensor) -> Transform:
    """Fit a transform on training images.

    With x the pixels in [0, 1], m their mean and s their population deviation over the training images:
    `none` gives x; `center` x - m, per pixel; `standardize` (x - m) / s, both per channel;
    `standardize_pixels` the same per pixel, with s at least a tenth of the largest one. With U and l the
    eigenvectors and eigenvalues of the covariance of the pixels, largest first: `pca_decorrelate` gives
    U'(x - m); `pca_whiten` divides each component by sqrt(l + eps), where eps is a hundredth of the mean
    eigenvalue, and keeps the first components that hold 99 % of the variance; `zca_whiten` is `pca_whiten`
    rotated back by U. Components that are not kept are zero, so that the shape of the images, and with it the
    network, stays the same.

    Args:
        kind: One of the names above.
        train_images: (N, C, H, W) uint8.

    Returns:
        A function from such images to float32 of the same shape.

    Raises:
        ValueError: If there is no such kind.

    Source:
        LeCun, Bottou, Orr & Müller 1998, Efficient BackProp, section 4.3 (centring, decorrelation, equal
        covariance); Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images, appendix (ZCA).
        The floors and eps: none, our choice.
    """
    try:
        fitter = _FITTERS[kind]
    except KeyError:
        raise ValueError(f"no preprocessing {kind!r}") from None
    return fitter(train_images)


@dataclass(frozen=True)
class _Scale:
    """x -> (x - mean) / deviation, with x in 0..255; both broadcast against (C, H, W)."""

    mean: Tensor
    deviation: Tensor

    def __call__(self, images: Tensor) -> Tensor:
        factor = (1 / self.deviation).float()
        offset = (-self.mean / self.deviation).float()
        result = torch.empty(images.shape, dtype=torch.float32)
        for chunk in _chunks(images):
            torch.addcmul(offset, images[chunk].float(), factor, out=result[chunk])
        return result


@dataclass(frozen=True)
class _Project:
    """x -> (x - mean) A B ..., with x a row of all pixels in 0..255; features that B lacks are zero."""

    mean: Tensor
    matrices: tuple[Tensor, ...]

    def __call__(self, images: Tensor) -> Tensor:
        mean = self.mean.flatten().float()
        matrices = [matrix.float() for matrix in self.matrices]
        result = torch.zeros(len(images), mean.numel())
        for chunk in _chunks(images):
            rows = images[chunk].flatten(1).float() - mean
            for matrix in matrices:
                rows = rows @ matrix
            result[chunk, : rows.shape[1]] = rows
        return result.reshape(images.shape)


def _chunks(images: Tensor) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, len(images), CHUNK)]


def _none(images: Tensor) -> Transform:
    return _Scale(images.new_zeros(1, dtype=torch.float64), torch.full((1,), 255.0, dtype=torch.float64))


def _center(images: Tensor) -> Transform:
    mean, _ = mean_and_deviation(images)
    return _Scale(mean, torch.full_like(mean, 255.0))


def _standardize(images: Tensor) -> Transform:
    mean, deviation = mean_and_deviation(images, per_channel=True)
    return _Scale(mean, torch.where(deviation > 0, deviation, 255.0))


def _standardize_pixels(images: Tensor) -> Transform:
    mean, deviation = mean_and_deviation(images)
    largest = deviation.max()
    floor = DEVIATION_FLOOR * largest if largest > 0 else torch.full_like(largest, 255.0)
    return _Scale(mean, deviation.clamp_min(floor))


def _pca_decorrelate(images: Tensor) -> Transform:
    mean, values, vectors = _principal_axes(images)
    kept = int((values > NO_VARIANCE * values[0]).sum())
    return _Project(mean, (vectors[:, :kept] / 255,))


def _pca_whiten(images: Tensor) -> Transform:
    mean, whitening, _ = _whitening(images)
    return _Project(mean, (whitening,))


def _zca_whiten(images: Tensor) -> Transform:
    mean, whitening, axes = _whitening(images)
    return _Project(mean, (whitening, axes.T))


def _whitening(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mean image, the whitening matrix (features, kept) and the axes that it projects onto."""
    mean, values, vectors = _principal_axes(images)
    share = values.cumsum(0) / values.sum()  # not a number if nothing varies: then nothing is kept
    kept = int((share < KEPT_VARIANCE).sum()) + int(values[0] > 0)
    axes = vectors[:, :kept]
    return mean, axes / (values[:kept] + EPS * values.mean()).sqrt() / 255, axes


def _principal_axes(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mean image, the eigenvalues of the covariance from the largest, the eigenvectors as columns.

    An eigenvector's sign is arbitrary; here its largest component is positive.
    """
    mean, matrix = covariance(images)
    values, vectors = torch.linalg.eigh(matrix)
    values, vectors = values.flip(0).clamp_min(0), vectors.flip(1)
    largest = vectors.gather(0, vectors.abs().argmax(0, keepdim=True))
    return mean, values, vectors * largest.sign()


_FITTERS: dict[str, Callable[[Tensor], Transform]] = {
    "none": _none,
    "center": _center,
    "standardize": _standardize,
    "standardize_pixels": _standardize_pixels,
    "pca_decorrelate": _pca_decorrelate,
    "pca_whiten": _pca_whiten,
    "zca_whiten": _zca_whiten,
}
