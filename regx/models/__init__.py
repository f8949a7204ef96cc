"""The networks: one file per family, blocks in one order, initial weights by layer name."""

from collections.abc import Callable

import torch
from torch import nn

from regx.config.datasets import DatasetFacts
from regx.config.schema import ModelConfig
from regx.models import cnn, mlp
from regx.models.init import initialize_

__all__ = ["build_model"]

FAMILIES = {"cnn": cnn.build, "mlp": mlp.build}


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
    initialize_(network, config.init, generator_for)
    return network.to(memory_format=torch.channels_last)
