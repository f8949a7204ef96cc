"""Convolutional network: convolution blocks, then fully connected blocks, then the output layer."""

from torch import nn

from regx.config.datasets import DatasetFacts
from regx.config.schema import ModelConfig, per_layer
from regx.config.shapes import conv_shapes
from regx.models.blocks import Layers, add_conv_block, add_input, as_network
from regx.models.mlp import add_fully_connected

__all__ = ["build"]


def build(model: ModelConfig, facts: DatasetFacts) -> nn.Sequential:
    """Build a CNN from images (N, C, H, W) to logits (N, K); weights are torch's until initialised."""
    layers: Layers = Layers()
    add_input(layers, model)
    drop_probs = per_layer(model.drop_prob.conv, len(model.conv_channels))
    for index, shape in enumerate(conv_shapes(model, facts)):
        add_conv_block(layers, f"conv{index + 1}", shape, model, drop_probs[index])
    layers["flatten"] = nn.Flatten()
    add_fully_connected(layers, model, facts)
    return as_network(layers)
