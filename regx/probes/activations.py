"""Pre-activations of each layer on the probe batch: before, inside and after batch norm.

Shapes: N images, U units or channels, V values of a unit.
"""

from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from regx.models.batch_norm import BatchNorm, BatchNormNoise
from regx.probes.layers import batch_norms, weight_layers
from regx.probes.protocol import ProbedRun

__all__ = ["PreActivations", "pre_activations"]

MAX_POSITIONS = 4  # of a feature map


@dataclass(frozen=True, kw_only=True)
class PreActivations:
    """What one layer hands to its activation function.

    Attributes:
        raw: (U, V) Wu + b.
        normalised: (U, V) the same in batch norm, before gamma and beta; None without batch norm.
        output: (U, V) what the activation function gets: `raw` itself without batch norm.
    """

    raw: Tensor
    normalised: Tensor | None
    output: Tensor


def pre_activations(run: ProbedRun) -> dict[str, PreActivations]:
    """Compute the pre-activations of every layer on the probe batch; of the output layer, the logits.

    The network is the one that is evaluated: no dropout, and batch norm with statistics of the weights of
    the moment. Noise behind batch norm, if the config asks for it, is drawn as in training.
    """
    has_noise = any(isinstance(module, BatchNormNoise) for module in run.network)
    noise = run.noise(f"activations/{run.step}") if has_noise else nullcontext()
    with run.evaluation() as network, noise:
        for module in network:
            module.train(isinstance(module, BatchNormNoise))
        return _forward(network, run.probe_batch.batch(slice(None))[0])


def _forward(network: nn.Sequential, images_NCHW: Tensor) -> dict[str, PreActivations]:
    layers, norms = weight_layers(network), batch_norms(network)
    found: dict[str, PreActivations] = {}
    current, value = "", images_NCHW
    for name, module in network.named_children():
        value = module(value)
        if name in layers:
            current, raw = name, by_unit(value)
            found[name] = PreActivations(
                raw=raw, normalised=normalise(raw, norms[name]) if name in norms else None, output=raw
            )
        elif name in (f"{current}_norm", f"{current}_noise"):
            before = found[current]
            found[current] = PreActivations(
                raw=before.raw, normalised=before.normalised, output=by_unit(value)
            )
    return found


def by_unit(values: Tensor) -> Tensor:
    """Turn (N, U) or (N, U, H, W) into (U, V); of each map, at most four evenly spaced positions are kept."""
    if values.ndim == 2:
        return values.t().contiguous()
    maps_NUP = values.flatten(start_dim=2)
    num_positions = maps_NUP.shape[2]
    step = max(1, num_positions // MAX_POSITIONS)
    kept = maps_NUP[:, :, step // 2 :: step][:, :, :MAX_POSITIONS]
    return kept.transpose(0, 1).flatten(start_dim=1)


def normalise(raw_UV: Tensor, norm: BatchNorm) -> Tensor:
    """Apply batch norm without gamma and beta, with its running statistics."""
    mean, variance = norm.running_mean, norm.running_var
    assert mean is not None
    assert variance is not None
    return (raw_UV - mean[:, None]) * torch.rsqrt(variance[:, None] + norm.eps)
