"""M10: what batch normalisation computes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from regx.claims.exact.check import (
    CheckResult,
    Measured,
    MechanicalClaim,
    at_most,
    conclude,
    more_than,
    noted,
)
from regx.claims.exact.small_runs import build, reproducible, small_config
from regx.claims.sentences import loose_points

if TYPE_CHECKING:
    from torch import Tensor, nn


# N examples, U units or channels; a convolution has height and width after them


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far a batch-norm layer is from the formula, relative to the largest output.

    Attributes:
        layer: Which layer.
        training: In training: (x - mean) / sqrt(biased variance + eps) * gamma + beta of the batch.
        evaluation: In evaluation: the same with the running mean and variance.
        running: The running statistics against old + weight * (unbiased batch statistics - old).
        biased: The running variance against the same with the biased variance: not what is stored.
        moments: Before gamma and beta: largest |mean| and distance of the deviation from that of the formula.
    """

    layer: str
    training: float
    evaluation: float
    running: float
    biased: float
    moments: float

    def rows(self) -> list[Measured]:
        """Ask for agreement in single precision."""
        return [
            at_most(f"{self.layer}: training, distance from the formula", self.training, 1e-5),
            at_most(f"{self.layer}: mean 0 and variance 1, largest distance", self.moments, 1e-5),
            at_most(f"{self.layer}: evaluation, distance from the formula", self.evaluation, 1e-5),
            at_most(f"{self.layer}: running statistics, unbiased", self.running, 1e-5),
            more_than(f"{self.layer}: running variance, were it the biased one", self.biased, 1e-3),
        ]


def measure(name: str, norm: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor) -> Agreement:
    """Run one batch through a layer with random gamma and beta, and repeat the arithmetic in float64."""
    import torch

    running_mean, running_var, update = norm.running_mean, norm.running_var, norm.momentum
    assert running_mean is not None
    assert running_var is not None
    assert update is not None
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2.0)
        norm.bias.normal_()
    old_mean, old_var = running_mean.double(), running_var.double()
    dims = [dim for dim in range(x.ndim) if dim != 1]
    mean_U, var_U = x.double().mean(dims), x.double().var(dims, correction=0)
    unbiased_U = x.double().var(dims, correction=1)
    in_training = norm.train()(x).detach()
    at_evaluation = norm.eval()(x).detach()
    plain = (in_training.double() - _wide(norm.bias, x)) / _wide(norm.weight, x)
    expected_var_U = var_U / (var_U + norm.eps)
    return Agreement(
        layer=name,
        training=_distance(in_training, formula(norm, x, mean_U, var_U)),
        evaluation=_distance(at_evaluation, formula(norm, x, running_mean, running_var)),
        running=max(
            _distance(running_mean, old_mean + update * (mean_U - old_mean)),
            _distance(running_var, old_var + update * (unbiased_U - old_var)),
        ),
        biased=_distance(running_var, old_var + update * (var_U - old_var)),
        moments=max(
            float(plain.mean(dims).abs().max()),
            float((plain.var(dims, correction=0) - expected_var_U).abs().max()),
        ),
    )


def formula(norm: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor, mean_U: Tensor, var_U: Tensor) -> Tensor:
    """Normalise with a mean and a variance, scale by gamma, shift by beta; in double precision."""
    normalised = (x.double() - _wide(mean_U, x)) / (_wide(var_U, x) + norm.eps).sqrt()
    return normalised * _wide(norm.weight, x) + _wide(norm.bias, x)


def _wide(values_U: Tensor, x: Tensor) -> Tensor:
    return values_U.detach().double().view(1, -1, *[1] * (x.ndim - 2))


def _distance(actual: Tensor, expected: Tensor) -> float:
    return float((actual.double() - expected).abs().max() / expected.abs().max())


def judge(layers: list[Agreement], *, before: str) -> CheckResult:
    """Judge the layers; `before` names the layers whose outputs regx normalises."""
    return conclude(
        [
            *(row for layer in layers for row in layer.rows()),
            noted("regx's networks normalise the output of", before),
        ],
        reading="the standard deviation is sqrt(biased variance + eps); in evaluation the running one",
    )


@reproducible(seed=10)
def check() -> CheckResult:
    """Take the batch-norm layers of a CNN as regx builds it, on a small batch that is far from normal."""
    import torch
    from torch import nn

    network = build(small_config(model={"family": "cnn", "batch_norm": True}))
    conv, dense = network.get_submodule("conv1_norm"), network.get_submodule("hidden1_norm")
    assert isinstance(conv, nn.BatchNorm2d)
    assert isinstance(dense, nn.BatchNorm1d)
    layers = list(network)
    followed = {type(a).__name__ for a, b in pairwise(layers) if "Norm" in type(b).__name__}
    return judge(
        [
            measure("convolution", conv, 3 + 2 * torch.randn(4, conv.num_features, 3, 3)),
            measure("dense", dense, 3 + 2 * torch.randn(8, dense.num_features)),
        ],
        before=" and ".join(sorted(followed)),
    )


CLAIM = MechanicalClaim(
    id="M10",
    says="Batch norm subtracts the batch mean and divides by the batch standard deviation.",
    quote=(
        "It normalizes the output of previous activation layer by subtracting the batch mean and dividing by "
        "the batch standard deviation."
    ),
    source="Ioffe & Szegedy 2015, section 3, Algorithms 1 and 2; PyTorch documentation, torch.nn.BatchNorm2d",
    passes_if=(
        "outputs equal the formula to 1 part in 100,000: over the batch for each unit, over batch, height "
        "and width for each channel; in evaluation with the running statistics, whose variance is the "
        "unbiased one"
    ),
    notes=(
        *loose_points("M10"),
        "The variance that normalises is biased (divided by m), the one that is stored for evaluation is "
        "unbiased (divided by m - 1), in the paper as in PyTorch.",
        "Trap: PyTorch's momentum of a batch-norm layer is the weight of the new batch; regx calls it "
        "update_weight.",
    ),
    check=check,
)
