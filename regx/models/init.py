"""Initial weights: Gaussian, drawn by a generator per layer name; biases 0, gamma 1, beta 0."""

import math
from collections.abc import Callable

import torch
from torch import nn

from regx.config.sections.model import InitConfig

__all__ = ["initialize_", "weight_std"]


@torch.no_grad()
def initialize_(
    network: nn.Sequential, init: InitConfig, generator_for: Callable[[str], torch.Generator]
) -> None:
    """Draw all weights in place.

    Args:
        network: A network whose layers have names; the last one is `output`.
        init: Scheme and gains.
        generator_for: Gives the generator of a layer name.
    """
    for name, layer in network.named_children():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            gain = init.output_gain if name == "output" else init.gain
            std = weight_std(init.scheme, layer.weight, gain)
            layer.weight.normal_(0.0, std, generator=generator_for(name))
            if layer.bias is not None:
                layer.bias.zero_()


def weight_std(scheme: str, weight: torch.Tensor, gain: float) -> float:
    """Return the standard deviation of a layer's initial weights.

    Args:
        scheme: he, xavier or normal.
        weight: (units, ...) of a Linear or Conv2d layer.
        gain: Factor on the scheme's deviation; for `normal` the deviation itself.

    Source:
        He et al. 2015, equation 10; Glorot & Bengio 2010, equation 12 (there for a uniform distribution of
        the same variance).
    """
    receptive = weight[0, 0].numel()
    fan_in, fan_out = weight.shape[1] * receptive, weight.shape[0] * receptive
    if scheme == "normal":
        return gain
    return gain * math.sqrt(2 / fan_in if scheme == "he" else 2 / (fan_in + fan_out))
