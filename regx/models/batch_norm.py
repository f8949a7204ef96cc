"""Layers around batch norm that change its statistics, to find out what batch norm owes to them.

Ghosts and reference images are layers around a plain batch norm, which keeps gamma, beta and the running
statistics. In eval mode all of them pass on what the plain batch norm gives with its running statistics.

Shapes: B batch, R reference images, C channels, ... further dimensions.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "BatchNorm",
    "BatchNormNoise",
    "GhostBatchNorm",
    "PrependReference",
    "ReferenceBatchNorm",
    "RemoveReference",
]

BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d


class GhostBatchNorm(nn.Module):
    """Normalise each run of `size` images of a batch with statistics of its own.

    Running statistics take the mean of the ghosts' statistics, as if it were that of one batch.

    Source:
        Hoffer et al. 2017, "Train longer, generalize better", algorithm 1; there the ghosts move the running
        statistics one after the other.
    """

    def __init__(self, norm: BatchNorm, size: int) -> None:
        super().__init__()
        self.norm, self.size = norm, size

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (B, C, ...); `size` must divide B while training."""
        norm = self.norm
        if not self.training or norm.running_mean is None or norm.running_var is None:
            return norm(input)  # type: ignore[no-any-return]  # nn.Module returns Any
        ghosts = torch.split(input, self.size)
        means, variances = norm.running_mean.repeat(len(ghosts), 1), norm.running_var.repeat(len(ghosts), 1)
        outputs = [
            functional.batch_norm(
                ghost, mean, variance, norm.weight, norm.bias, True, norm.momentum or 0.0, norm.eps
            )
            for ghost, mean, variance in zip(ghosts, means, variances, strict=True)
        ]
        norm.running_mean.copy_(means.mean(dim=0))
        norm.running_var.copy_(variances.mean(dim=0))
        return torch.cat(outputs)


class ReferenceBatchNorm(nn.Module):
    """Normalise a batch with the statistics of the reference images that stand before it.

    The reference images go through the network with the batch, so gradients pass through their statistics.
    The output for an image depends only on the image and the weights, and not on its batch. So the noise of
    batch norm is gone. Running statistics are those of the last step.

    Source:
        Virtual batch norm of Salimans et al. 2016, "Improved techniques for training GANs", section 3.5;
        there an image is itself among those that give its statistics.
    """

    def __init__(self, norm: BatchNorm, num_reference: int) -> None:
        super().__init__()
        self.norm, self.num_reference = norm, num_reference

    def forward(self, input: Tensor) -> Tensor:
        """Normalise (R + B, C, ...) while training."""
        norm = self.norm
        if not self.training or norm.running_mean is None or norm.running_var is None:
            return norm(input)  # type: ignore[no-any-return]  # nn.Module returns Any
        wide = input.to(torch.promote_types(input.dtype, torch.float32))
        others = [dim for dim in range(input.ndim) if dim != 1]
        variance, mean = torch.var_mean(wide[: self.num_reference], dim=others, correction=0)
        norm.running_mean.copy_(mean.detach())
        norm.running_var.copy_(variance.detach())  # of these very images, so not the unbiased estimate
        scale, shift = (variance + norm.eps).rsqrt(), None
        if norm.affine:
            scale, shift = scale * norm.weight, norm.bias
        each = (-1, *(1 for _ in others[1:]))
        output = (wide - mean.view(each)) * scale.view(each)
        return (output if shift is None else output + shift.view(each)).to(input.dtype)


class PrependReference(nn.Module):
    """Put the reference images before the batch while training."""

    def __init__(self, num_reference: int) -> None:
        super().__init__()
        self.num_reference = num_reference
        self.images: Tensor | None = None  # of the data, not of the network: no checkpoint holds them

    def forward(self, input: Tensor) -> Tensor:
        """Return (R + B, C, ...) while training, else the input.

        Raises:
            RuntimeError: If no images have been given.
        """
        if not self.training:
            return input
        if self.images is None:
            raise RuntimeError("batch norm has no reference images; `start` in regx.training gives them")
        return torch.cat([self.images, input])


class RemoveReference(nn.Module):
    """Take the reference images away again while training."""

    def __init__(self, num_reference: int) -> None:
        super().__init__()
        self.num_reference = num_reference

    def forward(self, input: Tensor) -> Tensor:
        """Return the last B of (R + B, ...) while training, else the input."""
        return input[self.num_reference :] if self.training else input


class BatchNormNoise(nn.Module):
    """Shift and scale each unit's output, anew at each step, while training.

    All images of a step share the draw, and so do all pixels of a channel. It moves the distribution of the
    unit, which batch norm is said to keep still. Draws come from torch's default generator, like dropout's.

    Source:
        Santurkar et al. 2018, "How does batch normalization help optimization?", section 2.1: noise of
        non-zero mean and non-unit variance whose distribution changes at every step. There each image has a
        draw of its own from the distribution of the step; here it has the step's mean and scale.
    """

    def __init__(self, mean_sd: float, scale_max: float) -> None:
        super().__init__()
        self.mean_sd, self.scale_max = mean_sd, scale_max

    def forward(self, input: Tensor) -> Tensor:
        """Return scale * input + shift, with one scale and one shift for each channel of (B, C, ...)."""
        if not self.training:
            return input
        shape = (1, input.shape[1], *(1 for _ in input.shape[2:]))
        shift = self.mean_sd * torch.randn(shape, dtype=input.dtype, device=input.device)
        scale = torch.empty(shape, dtype=input.dtype, device=input.device).uniform_(1.0, self.scale_max)
        return input * scale + shift
