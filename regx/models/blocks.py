"""The order of layers inside a block, fixed here once for all networks.

A block is: layer, batch norm, activation, pooling, dropout. Batch norm stands before the activation as in
Ioffe & Szegedy 2015, section 3.2, and the layer before it has no bias, since beta takes its place. What is
switched off is absent, not a layer that does nothing: a network with `drop_prob: 0` is the network that never
had dropout.
"""

from collections import OrderedDict
from typing import TypedDict

from torch import nn

from regx.config.schema import BatchNormConfig, FixedMask, ModelConfig
from regx.config.shapes import ConvShape
from regx.models.batch_norm import (
    BatchNormNoise,
    GhostBatchNorm,
    PrependReference,
    ReferenceBatchNorm,
    RemoveReference,
)
from regx.models.dropout import ElementDropout, FixableDropout

__all__ = ["Layers", "add_conv_block", "add_hidden_block", "add_input", "add_output", "as_network"]

Layers = OrderedDict[str, nn.Module]

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def add_input(layers: Layers, model: ModelConfig) -> None:
    """Add what acts on the images: dropout, and before it the reference images of batch norm.

    Dropout zeroes single pixels: `Dropout2d` would blank whole images that have one channel.
    """
    if model.batch_norm and model.batch_norm.reference_images:
        layers["reference"] = PrependReference(model.batch_norm.reference_images)
    _add_dropout(layers, "input", model.drop_prob.input, model, channels=False)


def add_conv_block(layers: Layers, name: str, shape: ConvShape, model: ModelConfig, drop_prob: float) -> None:
    """Append convolution, batch norm, activation, pooling and dropout.

    Max pooling is computed before the activation, which touches fewer elements: the maximum commutes with
    every monotone function, so the values are those of activation, then pooling.
    """
    layers[name] = nn.Conv2d(
        shape.in_channels,
        shape.out_channels,
        model.kernel_size,
        padding=model.kernel_size // 2,
        bias=not model.batch_norm,
    )
    if model.batch_norm:
        norm = nn.BatchNorm2d(shape.out_channels, **_options(model.batch_norm))
        _add_batch_norm(layers, name, norm, model.batch_norm)
    if model.pool.size > 1 or model.pool.stride > 1:
        layers[f"{name}_pool"] = nn.MaxPool2d(model.pool.size, model.pool.stride)
    layers[f"{name}_act"] = ACTIVATIONS[model.activation]()
    _add_dropout(layers, name, drop_prob, model, channels=model.conv_drop == "channel")


def add_hidden_block(
    layers: Layers, name: str, fan_in: int, units: int, model: ModelConfig, drop_prob: float
) -> None:
    """Append a fully connected layer, batch norm, activation and dropout."""
    layers[name] = nn.Linear(fan_in, units, bias=not model.batch_norm)
    if model.batch_norm:
        _add_batch_norm(layers, name, nn.BatchNorm1d(units, **_options(model.batch_norm)), model.batch_norm)
    layers[f"{name}_act"] = ACTIVATIONS[model.activation]()
    _add_dropout(layers, name, drop_prob, model, channels=False)


def add_output(layers: Layers, fan_in: int, num_classes: int, model: ModelConfig) -> None:
    """Append the output layer, which sees no reference images: neither batch norm nor dropout follows it."""
    if model.batch_norm and model.batch_norm.reference_images:
        layers["reference_end"] = RemoveReference(model.batch_norm.reference_images)
    layers["output"] = nn.Linear(fan_in, num_classes)


def as_network(layers: Layers) -> nn.Sequential:
    """Join the layers; their names are the names in the checkpoint and in the init stream."""
    return nn.Sequential(layers)


class _BatchNormOptions(TypedDict):
    eps: float
    momentum: float
    affine: bool


def _options(config: BatchNormConfig) -> _BatchNormOptions:
    """Translate to torch's words; its momentum is the weight of the new batch."""
    return {"eps": config.eps, "momentum": config.update_weight, "affine": config.affine}


def _add_batch_norm(
    layers: Layers, name: str, norm: nn.BatchNorm1d | nn.BatchNorm2d, config: BatchNormConfig
) -> None:
    layers[f"{name}_norm"] = norm
    if config.ghost_size:
        layers[f"{name}_norm"] = GhostBatchNorm(norm, config.ghost_size)
    elif config.reference_images:
        layers[f"{name}_norm"] = ReferenceBatchNorm(norm, config.reference_images)
    if config.noise:
        layers[f"{name}_noise"] = BatchNormNoise(config.noise.mean_sd, config.noise.scale_max)


def _add_dropout(layers: Layers, name: str, drop_prob: float, model: ModelConfig, *, channels: bool) -> None:
    if drop_prob > 0:
        dropout = nn.Dropout2d(drop_prob) if channels else ElementDropout(drop_prob)
        is_fixable = isinstance(model.drop_mask, FixedMask)
        layers[f"{name}_drop"] = FixableDropout(dropout) if is_fixable else dropout
