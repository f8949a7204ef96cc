"""The order of layers inside a block, fixed here once for all networks.

A block is: layer, batch norm, activation, pooling, dropout. Batch norm stands before the activation as in
Ioffe & Szegedy 2015, section 3.2, and the layer before it has no bias, since beta takes its place. What is
switched off is absent, not a layer that does nothing: a network with `drop_prob: 0` is the network that never
had dropout.
"""

from collections import OrderedDict
from typing import TypedDict

from torch import nn

from regx.config.schema import BatchNormConfig, ModelConfig
from regx.config.shapes import ConvShape
from regx.models.dropout import ElementDropout

__all__ = ["Layers", "add_conv_block", "add_hidden_block", "add_input_dropout", "add_output", "as_network"]

Layers = OrderedDict[str, nn.Module]

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def add_input_dropout(layers: Layers, model: ModelConfig) -> None:
    """Zero single pixels: `Dropout2d` would blank whole images that have one channel."""
    _add_dropout(layers, "input", model.drop_prob.input, channels=False)


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
        layers[f"{name}_norm"] = nn.BatchNorm2d(shape.out_channels, **_options(model.batch_norm))
    if model.pool.size > 1 or model.pool.stride > 1:
        layers[f"{name}_pool"] = nn.MaxPool2d(model.pool.size, model.pool.stride)
    layers[f"{name}_act"] = ACTIVATIONS[model.activation]()
    _add_dropout(layers, name, drop_prob, channels=model.conv_drop == "channel")


def add_hidden_block(
    layers: Layers, name: str, fan_in: int, units: int, model: ModelConfig, drop_prob: float
) -> None:
    """Append a fully connected layer, batch norm, activation and dropout."""
    layers[name] = nn.Linear(fan_in, units, bias=not model.batch_norm)
    if model.batch_norm:
        layers[f"{name}_norm"] = nn.BatchNorm1d(units, **_options(model.batch_norm))
    layers[f"{name}_act"] = ACTIVATIONS[model.activation]()
    _add_dropout(layers, name, drop_prob, channels=False)


def add_output(layers: Layers, fan_in: int, num_classes: int) -> None:
    """Append the output layer: neither batch norm nor dropout follows it."""
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


def _add_dropout(layers: Layers, name: str, drop_prob: float, *, channels: bool) -> None:
    if drop_prob > 0:
        layers[f"{name}_drop"] = nn.Dropout2d(drop_prob) if channels else ElementDropout(drop_prob)
