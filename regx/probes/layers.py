"""The layers of a network by name; probes.csv has these names in its column `layer`."""

from torch import nn

__all__ = ["weight_layers"]


def weight_layers(network: nn.Sequential) -> dict[str, nn.Linear | nn.Conv2d]:
    """Find the convolutions and fully connected layers, the output layer last."""
    return {
        name: layer for name, layer in network.named_children() if isinstance(layer, nn.Linear | nn.Conv2d)
    }
