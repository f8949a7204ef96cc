"""Fully connected network: hidden blocks, then the output layer."""

from torch import nn

from regx.config.datasets import DatasetFacts
from regx.config.schema import ModelConfig, per_layer
from regx.config.shapes import hidden_inputs
from regx.models.blocks import Layers, add_hidden_block, add_input, add_output, as_network

__all__ = ["add_fully_connected", "build"]


def build(model: ModelConfig, facts: DatasetFacts) -> nn.Sequential:
    """Build an MLP from images (N, C, H, W) to logits (N, K); weights are torch's until initialised."""
    layers: Layers = Layers()
    layers["flatten"] = nn.Flatten()
    add_input(layers, model)
    add_fully_connected(layers, model, facts)
    return as_network(layers)


def add_fully_connected(layers: Layers, model: ModelConfig, facts: DatasetFacts) -> None:
    """Append the hidden layers and the output layer."""
    inputs = hidden_inputs(model, facts)
    drop_probs = per_layer(model.drop_prob.hidden, len(model.hidden_sizes))
    for index, units in enumerate(model.hidden_sizes):
        add_hidden_block(layers, f"hidden{index + 1}", inputs[index], units, model, drop_probs[index])
    add_output(layers, inputs[-1], facts.num_classes, model)
