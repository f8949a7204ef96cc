"""M04: a dropped node goes with all its connections, for one example and one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regx.claims.exact.check import CheckResult, Measured, MechanicalClaim, conclude, equal, more_than
from regx.claims.exact.small_runs import build, reproducible, small_config

if TYPE_CHECKING:
    from torch import Tensor, nn


# N examples, D input nodes, H hidden nodes


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """The nodes of a layer during one forward and backward pass.

    Attributes:
        present: (N, nodes); whether dropout kept the node for the example.
        gradients: (N, nodes); norm of the gradient of the node's connections, of this example's loss alone.
    """

    present: Tensor
    gradients: Tensor

    def rows(self, name: str) -> list[Measured]:
        """Ask that connections have a gradient where their node is present, and only there."""
        dropped, kept = self.gradients[~self.present], self.gradients[self.present]
        return [
            equal(f"{name}: largest gradient where the node is dropped", float(dropped.max()), 0.0),
            more_than(f"{name}: smallest gradient where it is present", float(kept.min()), 0.0),
        ]


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass of a batch through a network with dropout on its inputs and its hidden layer."""

    hidden_incoming: Nodes
    hidden_outgoing: Nodes
    input_outgoing: Nodes


def measure(network: nn.Sequential, images_NCHW: Tensor) -> Pass:
    """Take the gradient of every example's loss by itself; read the masks off the dropout layers' outputs."""
    import torch

    kept: dict[str, Tensor] = {}

    def note(name: str) -> None:
        # Neither pixels nor sigmoids are ever 0 by themselves.
        layer = network.get_submodule(name)
        hooks.append(layer.register_forward_hook(lambda _, __, output: kept.update({name: output != 0})))

    hooks: list[torch.utils.hooks.RemovableHandle] = []
    note("input_drop")
    note("hidden1_drop")
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


def judge(first: Pass, second: Pass, *, lost_weights: int) -> CheckResult:
    """Judge two passes of one batch, and how many weights differ between before and after them."""
    same = int((first.hidden_incoming.present == second.hidden_incoming.present).all(dim=1).sum())
    return conclude(
        [
            *first.hidden_incoming.rows("incoming weights of a hidden node"),
            *first.hidden_outgoing.rows("outgoing weights of a hidden node"),
            *first.input_outgoing.rows("outgoing weights of an input node"),
            equal("examples with the same mask in the next pass", same, 0),
            equal("weights changed or removed by the passes", lost_weights, 0),
        ]
    )


@reproducible(seed=4)
def check() -> CheckResult:
    """Pass a batch twice through an MLP as regx builds it."""
    import torch

    model = {
        "family": "mlp",
        "hidden_sizes": [32],
        "activation": "sigmoid",
        "drop_prob": {"input": 0.2, "hidden": 0.5},
    }
    network = build(small_config(model=model))
    before = [parameter.detach().clone() for parameter in network.parameters()]
    images_NCHW = torch.randn(16, 1, 8, 8)
    first, second = measure(network, images_NCHW), measure(network, images_NCHW)
    pairs = zip(before, network.parameters(), strict=True)
    return judge(first, second, lost_weights=sum(int((old != new).sum()) for old, new in pairs))


CLAIM = MechanicalClaim(
    id="M04",
    says="A dropped node is gone for the moment, with its incoming and outgoing connections.",
    quote=(
        "The technique involves temporarily dropping nodes (hidden and input) along with all its incoming "
        "and outgoing connections."
    ),
    source="Srivastava et al. 2014, JMLR 15, section 1",
    passes_if=(
        "for an example whose mask drops a node, the gradient of all its weights is exactly 0, and is not 0 "
        "for the others; the next pass draws other masks; no weight is removed"
    ),
    notes=("Masks are drawn for each training case, not for each batch.",),
    check=check,
)
