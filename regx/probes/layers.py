"""Layers of a network by name, as the blocks of parameters that learn together."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from regx.models.batch_norm import BatchNorm, BatchNormNoise
from regx.models.dropout import Dropout
from regx.models.network import WeightLayer

__all__ = [
    "Criterion",
    "LayerBlock",
    "batch_norms",
    "gradients",
    "layer_blocks",
    "move_",
    "noiseless_copy",
    "plain_step",
    "weight_layers",
]


def weight_layers(network: nn.Sequential) -> dict[str, WeightLayer]:
    """Find the convolutions and fully connected layers, the output layer last."""
    return {name: layer for name, layer in network.named_children() if isinstance(layer, WeightLayer)}


def batch_norms(network: nn.Sequential) -> dict[str, BatchNorm]:
    """Find the batch norm of each layer that has one, under the layer's name, whatever is put around it."""
    children = dict(network.named_children())
    return {
        name: module
        for name in weight_layers(network)
        if f"{name}_norm" in children
        for module in children[f"{name}_norm"].modules()
        if isinstance(module, BatchNorm)
    }


Criterion = Callable[[Tensor, Tensor], Tensor]  # logits (N, K) and labels (N,) to the loss


@dataclass(frozen=True, kw_only=True)
class LayerBlock:
    """A convolution or fully connected layer, and what follows it up to the next.

    Attributes:
        name: Name of the layer.
        modules: The layer, batch norm, activation, pooling, ...; the first block begins at the images.
        weight: The layer's weights.
        trained: All parameters of the block that are trained: weights, biases, gamma and beta.
    """

    name: str
    modules: nn.Sequential
    weight: nn.Parameter
    trained: tuple[nn.Parameter, ...]

    def of_weight(self, tensors: Sequence[Tensor]) -> Tensor | None:
        """Of one tensor for each trained parameter, pick that of the weights; None where they are frozen."""
        pairs = zip(self.trained, tensors, strict=True)
        return next((tensor for parameter, tensor in pairs if parameter is self.weight), None)


def noiseless_copy(network: nn.Sequential, dtype: torch.dtype = torch.float32) -> nn.Sequential:
    """Copy a network in train mode without its noise: one function of the images and the weights.

    Batch norm uses the statistics of the batch; dropout and the noise after batch norm are off.
    """
    twin = copy.deepcopy(network).to(dtype).train()
    for module in twin.modules():
        if isinstance(module, Dropout | BatchNormNoise):
            module.eval()
    return twin


def layer_blocks(network: nn.Sequential) -> list[LayerBlock]:
    """Cut a network before each of its layers with weights, but the first: one block for each of them."""
    names = [name for name, _ in network.named_children()]
    layers = weight_layers(network)
    cuts = [0, *(names.index(name) for name in list(layers)[1:]), len(names)]
    parts = [network[start:end] for start, end in pairwise(cuts)]
    return [
        LayerBlock(
            name=name,
            modules=part,
            weight=layer.get_parameter("weight"),
            trained=tuple(parameter for parameter in part.parameters() if parameter.requires_grad),
        )
        for (name, layer), part in zip(layers.items(), parts, strict=True)
    ]


def gradients(loss: Tensor, blocks: Sequence[LayerBlock]) -> list[list[Tensor]]:
    """Differentiate a loss for all that is trained, block by block."""
    flat = iter(torch.autograd.grad(loss, [parameter for block in blocks for parameter in block.trained]))
    return [[next(flat) for _ in block.trained] for block in blocks]


def plain_step(gradients_of_block: Sequence[Tensor], lr: float) -> list[Tensor]:
    """Return the change that SGD makes without momentum and weight decay."""
    return [-lr * gradient for gradient in gradients_of_block]


@torch.no_grad()
def move_(block: LayerBlock, changes: Sequence[Tensor]) -> None:
    """Add a change to the parameters of a block."""
    for parameter, change in zip(block.trained, changes, strict=True):
        parameter.add_(change)
