"""What follows from a network's settings and its data: shapes and parameter counts, by arithmetic alone."""

from dataclasses import dataclass

from regx.config.sections.model import ModelConfig
from regx.data.spec import DatasetFacts

__all__ = [
    "ConvShape",
    "conv_shapes",
    "hidden_inputs",
    "num_hidden_layers",
    "num_parameters",
]


@dataclass(frozen=True)
class ConvShape:
    """One convolution with its pooling.

    Attributes:
        in_channels: Channels that come in.
        out_channels: Channels that go out.
        size: Height and width after the pooling; below 1 where the window no longer fits.
    """

    in_channels: int
    out_channels: int
    size: int


def conv_shapes(model: ModelConfig, facts: DatasetFacts) -> list[ConvShape]:
    """Follow the feature maps through the convolutions: `same` padding, then pooling without padding."""
    if model.family == "mlp":
        return []
    shapes = []
    channels, size = facts.channels, facts.size
    for out_channels in model.conv_channels:
        size = (size - model.pool.size) // model.pool.stride + 1
        shapes.append(ConvShape(channels, out_channels, size))
        channels = out_channels
    return shapes


def num_hidden_layers(model: ModelConfig) -> int:
    """Count the layers with weights before the output layer, convolutions included."""
    return len(model.hidden_sizes) + (len(model.conv_channels) if model.family == "cnn" else 0)


def hidden_inputs(model: ModelConfig, facts: DatasetFacts) -> list[int]:
    """Inputs of each fully connected layer, the output layer last."""
    shapes = conv_shapes(model, facts)
    features = shapes[-1].out_channels * shapes[-1].size ** 2 if shapes else facts.num_inputs
    return [features, *model.hidden_sizes]


def num_parameters(model: ModelConfig, facts: DatasetFacts) -> int:
    """Count trainable parameters: no bias before batch norm, two per unit for affine batch norm."""
    extra = 1
    if model.batch_norm:
        extra = 2 if model.batch_norm.affine else 0
    total = 0
    for shape in conv_shapes(model, facts):
        total += shape.out_channels * (shape.in_channels * model.kernel_size**2 + extra)
    inputs = hidden_inputs(model, facts)
    for fan_in, units in zip(inputs, model.hidden_sizes, strict=False):
        total += units * (fan_in + extra)
    return total + facts.num_classes * (inputs[-1] + 1)
