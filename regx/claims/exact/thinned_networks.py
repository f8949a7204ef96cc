"""M04, M07: which connections a dropped node takes along, and how many networks dropout trains.

N examples, D input nodes, H hidden nodes, K outputs; M training cases.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from regx.claims.exact.check import Values
from regx.claims.small_runs import load_data, reproducible, small_config
from regx.training.loop import train
from regx.training.observer import Observer
from regx.training.start import build_network, start

# M04


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """The nodes of a layer during one forward and backward pass.

    Attributes:
        present: (N, nodes); whether dropout kept the node for the example.
        gradients: (N, nodes); norm of the gradient of the node's connections, of this example's loss alone.
    """

    present: Tensor
    gradients: Tensor

    def values(self, name: str) -> Values:
        """Find the largest gradient where a node is dropped, and the smallest where it is present."""
        dropped, kept = self.gradients[~self.present], self.gradients[self.present]
        return {
            f"{name}: largest gradient where the node is dropped": float(dropped.max()),
            f"{name}: smallest gradient where it is present": float(kept.min()),
        }


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass of a batch through a network with dropout on its inputs and its hidden layer."""

    hidden_incoming: Nodes
    hidden_outgoing: Nodes
    input_outgoing: Nodes


@reproducible(seed=4)
def connections() -> Values:
    """Pass a batch twice through an MLP as regx builds it."""
    model = {
        "family": "mlp",
        "hidden_sizes": [32],
        "activation": "sigmoid",
        "drop_prob": {"input": 0.2, "hidden": 0.5},
    }
    network = build_network(small_config(model=model))
    before = [parameter.detach().clone() for parameter in network.parameters()]
    images_NCHW = torch.randn(16, 1, 8, 8)
    first, second = pass_batch(network, images_NCHW), pass_batch(network, images_NCHW)
    pairs = zip(before, network.parameters(), strict=True)
    return describe(first, second, lost_weights=sum(int((old != new).sum()) for old, new in pairs))


def pass_batch(network: nn.Sequential, images_NCHW: Tensor) -> Pass:
    """Take the gradient of every example's loss by itself; read the masks off the dropout layers' outputs."""
    kept: dict[str, Tensor] = {}

    def note(name: str) -> torch.utils.hooks.RemovableHandle:
        # Neither pixels nor sigmoids are ever 0 by themselves.
        layer = network.get_submodule(name)
        return layer.register_forward_hook(lambda _, __, output: kept.update({name: output != 0}))

    hooks = [note("input_drop"), note("hidden1_drop")]
    losses_N = torch.logsumexp(network.train()(images_NCHW), dim=1)
    for hook in hooks:
        hook.remove()
    weights = [network.get_parameter(name) for name in ("hidden1.weight", "output.weight")]
    incoming, outgoing, inputs = [], [], []
    for loss in losses_N:
        first_HD, second_KH = torch.autograd.grad(loss, weights, retain_graph=True)
        incoming.append(first_HD.norm(dim=1))
        outgoing.append(second_KH.norm(dim=0))
        inputs.append(first_HD.norm(dim=0))
    return Pass(
        hidden_incoming=Nodes(present=kept["hidden1_drop"], gradients=torch.stack(incoming)),
        hidden_outgoing=Nodes(present=kept["hidden1_drop"], gradients=torch.stack(outgoing)),
        input_outgoing=Nodes(present=kept["input_drop"], gradients=torch.stack(inputs)),
    )


def describe(first: Pass, second: Pass, *, lost_weights: int) -> Values:
    """Describe two passes of one batch, and how many weights differ between before and after them."""
    same = int((first.hidden_incoming.present == second.hidden_incoming.present).all(dim=1).sum())
    return {
        **first.hidden_incoming.values("incoming weights of a hidden node"),
        **first.hidden_outgoing.values("outgoing weights of a hidden node"),
        **first.input_outgoing.values("outgoing weights of an input node"),
        "examples with the same mask in the next pass": same,
        "weights changed or removed by the passes": lost_weights,
    }


# M07


@reproducible(seed=7)
def networks_of_an_epoch() -> Values:
    """Train one epoch with dropout in regx's own loop, and collect which hidden nodes each case had."""
    model = {"family": "mlp", "hidden_sizes": [64], "activation": "sigmoid", "drop_prob": {"hidden": 0.5}}
    config = small_config(data={"train_size": 1000}, model=model, train={"epochs": 1, "batch_size": 50})
    data = load_data(config)
    state = start(config, data)
    masks: list[Tensor] = []

    def note(layer: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        if layer.training:
            masks.append(output != 0)  # a sigmoid is never 0 by itself

    state.network.get_submodule("hidden1_drop").register_forward_hook(note)
    train(config, data, state, Observer())
    return count_networks(torch.cat(masks))


def count_networks(masks_MH: Tensor) -> Values:
    """Count the different masks of an epoch: two equal ones of 2^H have next to no chance."""
    return {
        "training cases in the epoch": len(masks_MH),
        "distinct networks among them": len(set(map(tuple, masks_MH.tolist()))),
        "networks that there are": f"2^{masks_MH.shape[1]}",
    }
