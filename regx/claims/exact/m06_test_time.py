"""M06: at test time every node is present, with weights scaled by the probability of keeping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regx.claims.exact.check import CheckResult, MechanicalClaim, at_most, conclude, equal
from regx.claims.exact.small_runs import build, reproducible, small_config
from regx.claims.sentences import loose_points

if TYPE_CHECKING:
    from torch import Tensor, nn


DROP_PROB = 0.2
NUM_PASSES = 100_000

# P passes, F features, U units


@dataclass(frozen=True, kw_only=True)
class AtTestTime:
    """What was measured.

    Attributes:
        identity: Largest change that evaluation makes to an input, over the layers.
        network: Largest difference between a network with dropout and the same without, in evaluation.
        mean: Largest distance of the mean training output from the evaluation output, in standard errors.
        paper_training: Largest difference, in training, between torch's form and the paper's.
        paper_test: The same at test time.
    """

    identity: float
    network: float
    mean: float
    paper_training: float
    paper_test: float


def judge(measured: AtTestTime) -> CheckResult:
    """Judge all parts of the sentence."""
    return conclude(
        [
            equal("evaluation: largest change of the input by dropout", measured.identity, 0.0),
            equal("evaluation: regx's network against the same without dropout", measured.network, 0.0),
            at_most(
                f"linear layer: |mean of {NUM_PASSES} training passes - evaluation| in standard errors",
                measured.mean,
                5.0,
            ),
            at_most(
                "paper's form against torch's in training: largest difference", measured.paper_training, 1e-12
            ),
            at_most("paper's form, weights times p at test: largest difference", measured.paper_test, 1e-12),
        ],
        reading="exact for what is linear after the mask; for a whole network it is an approximation (C04)",
    )


def mean_in_standard_errors(dropout: nn.Module) -> float:
    """Compare the mean training output of dropout and a linear layer with the evaluation output."""
    import torch

    x_F, weight_FU = torch.randn(20, dtype=torch.double), torch.randn(20, 5, dtype=torch.double)
    outputs_PU = dropout.train()(x_F.repeat(NUM_PASSES, 1)) @ weight_FU
    errors_U = outputs_PU.std(dim=0) / NUM_PASSES**0.5
    return float(((outputs_PU.mean(dim=0) - dropout.eval()(x_F) @ weight_FU) / errors_U).abs().max())


def against_the_paper(dropout: nn.Module, *, factor: float) -> tuple[float, float]:
    """Compare torch's form with the paper's: a mask without scaling in training, scaled weights at test.

    Args:
        dropout: A layer that drops with DROP_PROB.
        factor: What the paper's form multiplies the weights by at test time.

    Returns:
        The largest differences in training and at test time.
    """
    import torch

    x_NF, weight_FU = torch.randn(50, 20, dtype=torch.double), torch.randn(20, 5, dtype=torch.double)
    dropped_NF = dropout.train()(x_NF)
    mask_NF = (dropped_NF != 0).double()
    papers_FU = weight_FU / (1 - DROP_PROB)  # the same function in training needs larger weights
    in_training = (x_NF * mask_NF) @ papers_FU - dropped_NF @ weight_FU
    at_test = x_NF @ (factor * papers_FU) - dropout.eval()(x_NF) @ weight_FU
    return _largest(in_training), _largest(at_test)


def _largest(x: Tensor) -> float:
    return float(x.detach().abs().max())


def _network_difference() -> float:
    """Compare networks from the same initial weights, one with dropout in all places."""
    import torch

    dropout = {"drop_prob": {"input": 0.2, "conv": 0.1, "hidden": 0.5}}
    with_dropout = build(small_config(model={"family": "cnn"} | dropout)).eval()
    without = build(small_config(model={"family": "cnn"})).eval()
    images_NCHW = torch.randn(50, 1, 8, 8)
    return _largest(with_dropout(images_NCHW) - without(images_NCHW))


@reproducible(seed=6)
def check() -> CheckResult:
    """Measure torch's layers and regx's own."""
    import torch
    from torch import nn

    from regx.models.dropout import ElementDropout

    x_NCHW = torch.randn(8, 4, 5, 5)
    layers = [nn.Dropout(DROP_PROB), nn.Dropout2d(DROP_PROB), ElementDropout(DROP_PROB)]
    in_training, at_test = against_the_paper(ElementDropout(DROP_PROB), factor=1 - DROP_PROB)
    return judge(
        AtTestTime(
            identity=max(_largest(layer.eval()(x_NCHW) - x_NCHW) for layer in layers),
            network=_network_difference(),
            mean=max(mean_in_standard_errors(layer) for layer in (layers[0], layers[2])),
            paper_training=in_training,
            paper_test=at_test,
        )
    )


CLAIM = MechanicalClaim(
    id="M06",
    says="At test time all nodes are present and weights are scaled by the probability of keeping.",
    quote="At test time, the node is always present and the weights are multiplied by p.",
    source="Srivastava et al. 2014, JMLR 15, Fig. 2 and section 10; PyTorch documentation, torch.nn.Dropout",
    passes_if=(
        "evaluation is the identity bit for bit; the mean over training passes of a linear layer is its "
        "evaluation output within 5 standard errors; the paper's form equals torch's to 1e-12"
    ),
    notes=(
        *loose_points("M06"),
        "Trap: with the paper's form a layer has weights larger by 1 / keep and gradients smaller by keep, "
        "so the same learning rate is not the same training.",
    ),
    check=check,
)
