"""The networks: blocks in one order, one function per family, initial weights by layer name."""

import math
from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import nn

from regx.config.sections.model import (
    ConvShape,
    FixedMask,
    InitConfig,
    ModelConfig,
    conv_shapes,
    hidden_inputs,
)
from regx.data.spec import DatasetFacts
from regx.models.batch_norm import (
    BatchNorm,
    BatchNormNoise,
    GhostBatchNorm,
    PrependReference,
    ReferenceBatchNorm,
    RemoveReference,
)
from regx.models.dropout import ElementDropout, FixableDropout

__all__ = ["Layers", "WeightLayer", "build_model"]

WeightLayer = nn.Linear | nn.Conv2d
Layers = OrderedDict[str, nn.Module]  # by the names that the checkpoint and the init stream have

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
    _add_batch_norm(layers, name, nn.BatchNorm2d, shape.out_channels, model)
    if model.pool.size > 1 or model.pool.stride > 1:
        layers[f"{name}_pool"] = nn.MaxPool2d(model.pool.size, model.pool.stride)
    layers[f"{name}_act"] = ACTIVATIONS[model.activation]()
    _add_dropout(layers, name, drop_prob, model, channels=model.conv_drop == "channel")


def add_hidden_block(
    layers: Layers, name: str, fan_in: int, units: int, model: ModelConfig, drop_prob: float
) -> None:
    """Append a fully connected layer, batch norm, activation and dropout."""
    layers[name] = nn.Linear(fan_in, units, bias=not model.batch_norm)
    _add_batch_norm(layers, name, nn.BatchNorm1d, units, model)
    layers[f"{name}_act"] = ACTIVATIONS[model.activation]()
    _add_dropout(layers, name, drop_prob, model, channels=False)


def add_output(layers: Layers, fan_in: int, num_classes: int, model: ModelConfig) -> None:
    """Append the output layer, which sees no reference images: neither batch norm nor dropout follows it."""
    if model.batch_norm and model.batch_norm.reference_images:
        layers["reference_end"] = RemoveReference(model.batch_norm.reference_images)
    layers["output"] = nn.Linear(fan_in, num_classes)


def _add_batch_norm(layers: Layers, name: str, kind: type[BatchNorm], units: int, model: ModelConfig) -> None:
    """Append batch norm, if the config has it, with what is put around it."""
    config = model.batch_norm
    if not config:
        return
    # torch's momentum is the weight of the new batch.
    norm = kind(units, eps=config.eps, momentum=config.update_weight, affine=config.affine)
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


def build_mlp(model: ModelConfig, facts: DatasetFacts) -> nn.Sequential:
    """Build an MLP from images (N, C, H, W) to logits (N, K); weights are torch's until initialised."""
    layers: Layers = Layers()
    layers["flatten"] = nn.Flatten()
    add_input(layers, model)
    add_fully_connected(layers, model, facts)
    return nn.Sequential(layers)


def add_fully_connected(layers: Layers, model: ModelConfig, facts: DatasetFacts) -> None:
    """Append the hidden layers and the output layer."""
    inputs = hidden_inputs(model, facts)
    drop_probs = model.hidden_drop_probs
    for index, units in enumerate(model.hidden_sizes):
        add_hidden_block(layers, f"hidden{index + 1}", inputs[index], units, model, drop_probs[index])
    add_output(layers, inputs[-1], facts.num_classes, model)


def build_cnn(model: ModelConfig, facts: DatasetFacts) -> nn.Sequential:
    """Build a CNN from images (N, C, H, W) to logits (N, K); weights are torch's until initialised."""
    layers: Layers = Layers()
    add_input(layers, model)
    drop_probs = model.conv_drop_probs
    for index, shape in enumerate(conv_shapes(model, facts)):
        add_conv_block(layers, f"conv{index + 1}", shape, model, drop_probs[index])
    layers["flatten"] = nn.Flatten()
    add_fully_connected(layers, model, facts)
    return nn.Sequential(layers)


FAMILIES = {"cnn": build_cnn, "mlp": build_mlp}


def build_model(
    config: ModelConfig, facts: DatasetFacts, generator_for: Callable[[str], torch.Generator]
) -> nn.Sequential:
    """Build a network and draw its initial weights.

    Args:
        config: The `model` section of a run's config.
        facts: Shape of the images and number of classes.
        generator_for: Gives the random generator of a layer name. One generator per name is what lets two
            networks that differ in one regularizer start from the same weights.

    Returns:
        A network from images (N, C, H, W) to logits (N, K), in channels-last memory format on the CPU.
    """
    network = FAMILIES[config.family](config, facts)
    _initialize_(network, config.init, generator_for)
    return network.to(memory_format=torch.channels_last)


@torch.no_grad()
def _initialize_(
    network: nn.Sequential, init: InitConfig, generator_for: Callable[[str], torch.Generator]
) -> None:
    """Draw all weights in place.

    Args:
        network: A network whose layers have names; the last one is `output`.
        init: Scheme and gains.
        generator_for: Gives the generator of a layer name.
    """
    for name, layer in network.named_children():
        if isinstance(layer, WeightLayer):
            gain = init.output_gain if name == "output" else init.gain
            std = _weight_std(init.scheme, layer.weight, gain)
            layer.weight.normal_(0.0, std, generator=generator_for(name))
            if layer.bias is not None:
                layer.bias.zero_()


def _weight_std(scheme: str, weight: torch.Tensor, gain: float) -> float:
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
