"""M05: how often a node is present in training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from regx.claims.exact.check import CheckResult, MechanicalClaim, conclude, within
from regx.claims.exact.small_runs import reproducible
from regx.claims.sentences import loose_points

if TYPE_CHECKING:
    from torch import nn


NUM_NODES = 1_000_000
DROP_PROBS = (0.2, 0.8)  # not 0.5, where the two meanings of p agree


def share_present(layer: nn.Module) -> float:
    """Measure the share of nodes that a dropout layer keeps."""
    import torch

    return float((layer(torch.ones(NUM_NODES)) != 0).double().mean())


def judge(shares: Mapping[tuple[str, float], float]) -> CheckResult:
    """Judge the shares kept, by layer and probability of zeroing."""
    rows = []
    for (layer, drop_prob), share in shares.items():
        spread = 5 * math.sqrt(drop_prob * (1 - drop_prob) / NUM_NODES)
        rows.append(within(f"share present, {layer}(p={drop_prob})", share, 1 - drop_prob, spread))
    return conclude(
        rows, reading="with p the probability of keeping, as in the paper; PyTorch's p is 1 - this"
    )


@reproducible(seed=5)
def check() -> CheckResult:
    """Count the nodes that torch's layer and regx's own keep."""
    from torch import nn

    from regx.models.dropout import ElementDropout

    layers = {"torch.nn.Dropout": nn.Dropout, "regx's ElementDropout": ElementDropout}
    return judge({(name, p): share_present(layer(p)) for name, layer in layers.items() for p in DROP_PROBS})


CLAIM = MechanicalClaim(
    id="M05",
    says="In training a node is present with the probability of keeping.",
    quote="A node at training time is present with probability p (dropped with probability 1-p).",
    source="Srivastava et al. 2014, JMLR 15, Fig. 2 and section 4; PyTorch documentation, torch.nn.Dropout",
    passes_if="of 1,000,000 nodes the share present is 1 - drop_prob within 5 binomial standard deviations",
    notes=loose_points("M05"),
    check=check,
)
