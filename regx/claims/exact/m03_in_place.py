"""M03: dropout in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regx.claims.exact.check import CheckResult, MechanicalClaim, conclude, equal, noted
from regx.claims.exact.small_runs import build, reproducible, small_config

if TYPE_CHECKING:
    from torch import nn


def judge(layer: nn.Module) -> CheckResult:
    """Judge a dropout layer that was made with inplace=True."""
    in_training, in_evaluation = memory_and_content(layer.train()), memory_and_content(layer.eval())
    return conclude(
        [
            equal("training: memory of the output", in_training[0], "the input's"),
            equal("training: the input afterwards", in_training[1], "changed"),
            equal("evaluation: the input afterwards", in_evaluation[1], "unchanged"),
            noted("regx's networks: layers with in-place dropout", in_place_layers()),
            noted("in place right after a ReLU: backward", backward_after_relu(layer.train())),
        ]
    )


def memory_and_content(layer: nn.Module) -> tuple[str, str]:
    """Run a layer, and say where its output lies and what became of its input."""
    import torch

    x_NCHW = torch.ones(8, 16, 4, 4)
    y_NCHW = layer(x_NCHW)
    memory = "the input's" if y_NCHW.data_ptr() == x_NCHW.data_ptr() else "its own"
    return memory, "unchanged" if torch.equal(x_NCHW, torch.ones_like(x_NCHW)) else "changed"


def backward_after_relu(layer: nn.Module) -> str:
    """Backpropagate through ReLU and dropout."""
    import torch

    x_NCHW = torch.randn(8, 16, 4, 4, requires_grad=True)
    try:
        layer(torch.relu(x_NCHW)).sum().backward()
    except RuntimeError:
        return "RuntimeError"
    return "works"


def in_place_layers() -> int:
    """Count the in-place dropout layers in an MLP and a CNN with dropout everywhere."""
    drop_prob = {"input": 0.1, "hidden": 0.5}
    networks = [
        build(small_config(model={"family": "mlp", "drop_prob": drop_prob})),
        build(small_config(model={"family": "cnn", "drop_prob": drop_prob | {"conv": 0.1}})),
    ]
    return sum(bool(getattr(layer, "inplace", False)) for network in networks for layer in network.modules())


@reproducible(seed=3)
def check() -> CheckResult:
    """Look at torch's own layer."""
    from torch import nn

    return judge(nn.Dropout2d(0.3, inplace=True))


CLAIM = MechanicalClaim(
    id="M03",
    says="With inplace=True dropout overwrites its input.",
    quote="If inplace is set to True, the dropout operation is done inplace.",
    source="PyTorch documentation, torch.nn.Dropout2d, section Parameters",
    passes_if="training: the output lies in the input's memory, which changes; evaluation: no change",
    notes=(
        "Trap: in place right after a ReLU, dropout overwrites what the ReLU needs for its gradient, and "
        "backward raises a RuntimeError. regx's networks never drop in place.",
    ),
    check=check,
)
