"""The layers of a network by name; probes.csv has these names in its column `layer`."""

from torch import nn

__all__ = ["batch_norms", "unit_name", "weight_layers"]


def weight_layers(network: nn.Sequential) -> dict[str, nn.Linear | nn.Conv2d]:
    """Find the convolutions and fully connected layers, the output layer last."""
    return {
        name: layer for name, layer in network.named_children() if isinstance(layer, nn.Linear | nn.Conv2d)
    }


def batch_norms(network: nn.Sequential) -> dict[str, nn.BatchNorm1d | nn.BatchNorm2d]:
    """Find the batch norm of each layer that has one, under the layer's name, whatever is put around it."""
    children = dict(network.named_children())
    return {
        name: module
        for name in weight_layers(network)
        if f"{name}_norm" in children
        for module in children[f"{name}_norm"].modules()
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)
    }


def unit_name(layer: str, unit: int) -> str:
    """Name one unit or channel of a layer, from 0, for the column `layer`."""
    return f"{layer}[{unit}]"
