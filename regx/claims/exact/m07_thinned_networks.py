"""M07: how many networks dropout trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regx.claims.exact.check import CheckResult, MechanicalClaim, conclude, equal, noted
from regx.claims.exact.small_runs import build, reproducible, small_config, train_observed

if TYPE_CHECKING:
    from torch import Tensor, nn

    from regx.config import RunConfig


# M training cases, H hidden nodes
NUM_CASES = 1000


def masks_of_an_epoch(config: RunConfig, network: nn.Sequential) -> Tensor:
    """Train an epoch, and collect which hidden nodes were present for each case."""
    import torch

    masks: list[Tensor] = []

    def note(layer: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        if layer.training:
            masks.append(output != 0)  # a sigmoid is never 0 by itself

    hook = network.get_submodule("hidden1_drop").register_forward_hook(note)
    train_observed(config, network, lambda _: None)
    hook.remove()
    return torch.cat(masks)


def judge(masks_MH: Tensor) -> CheckResult:
    """Judge the masks of an epoch: two equal ones of 2^H have next to no chance."""
    cases, nodes = masks_MH.shape
    return conclude(
        [
            equal("training cases in the epoch", cases, NUM_CASES),
            equal("distinct networks among them", len(set(map(tuple, masks_MH.tolist()))), cases),
            noted("networks that there are", f"2^{nodes}"),
        ]
    )


@reproducible(seed=7)
def check() -> CheckResult:
    """Train one epoch with dropout in regx's own loop."""
    model = {
        "family": "mlp",
        "hidden_sizes": [64],
        "activation": "sigmoid",
        "drop_prob": {"hidden": 0.5},
    }
    config = small_config(data={"train_size": NUM_CASES}, model=model, train={"epochs": 1, "batch_size": 50})
    return judge(masks_of_an_epoch(config, build(config)))


CLAIM = MechanicalClaim(
    id="M07",
    says="Dropout trains many thinned networks.",
    quote="During training, dropout uses several reduced networks.",
    source="Srivastava et al. 2014, JMLR 15, section 1",
    passes_if="in an epoch of 1,000 cases and 64 hidden nodes no two cases are given the same network",
    notes=(
        "'several' is an understatement: n nodes have 2^n thinned networks, which share their weights, so "
        "most of them are never trained by themselves.",
    ),
    check=check,
)
