"""M11: gamma and beta are two numbers per unit, and can undo the normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regx.claims.exact.check import CheckResult, Measured, MechanicalClaim, at_most, conclude, equal, noted
from regx.claims.exact.small_runs import build, reproducible, small_config
from regx.claims.sentences import loose_points

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class Undoing:
    """What a layer's gamma and beta are, and can do.

    Attributes:
        layer: Which layer.
        unit: What it has gamma and beta for.
        units: How many of those.
        learned: Numbers that it learns.
        activations: Its outputs for one example.
        error: Largest difference between output and input once gamma and beta undo the normalisation,
            relative to the largest input.
    """

    layer: str
    unit: str
    units: int
    learned: int
    activations: int
    error: float

    def rows(self) -> list[Measured]:
        """Ask for two learned numbers per unit that give back the input."""
        return [
            equal(
                f"{self.layer}: learned numbers for {self.units} {self.unit}s", self.learned, 2 * self.units
            ),
            at_most(f"{self.layer}: undone, largest |output - input|", self.error, 1e-5),
            noted(f"{self.layer}: activations per example", self.activations),
        ]


def measure(
    layer: str, unit: str, norm: nn.BatchNorm1d | nn.BatchNorm2d, x: Tensor, *, correction: int = 0
) -> Undoing:
    """Set gamma to sqrt(var + eps) and beta to the mean of a batch, and pass that batch in training mode.

    Args:
        layer: Name of the layer in the table.
        unit: What it has gamma and beta for.
        norm: The layer.
        x: A batch (N, units, ...).
        correction: 0 for the biased variance, which normalises; 1 for the unbiased one, which does not.
    """
    import torch

    dims = [dim for dim in range(x.ndim) if dim != 1]
    with torch.no_grad():
        norm.weight.copy_((x.var(dims, correction=correction) + norm.eps).sqrt())
        norm.bias.copy_(x.mean(dims))
        error = (norm.train()(x) - x).abs().max() / x.abs().max()
    return Undoing(
        layer=layer,
        unit=unit,
        units=x.shape[1],
        learned=sum(parameter.numel() for parameter in norm.parameters()),
        activations=x[0].numel(),
        error=float(error),
    )


def judge(layers: list[Undoing]) -> CheckResult:
    """Judge the layers."""
    return conclude(
        [row for layer in layers for row in layer.rows()],
        reading=(
            "two weights for each unit of a dense layer and for each feature map of a convolution; that "
            "gradient descent finds such values is another matter (C21)"
        ),
    )


@reproducible(seed=11)
def check() -> CheckResult:
    """Take the batch-norm layers of a CNN as regx builds it."""
    import torch
    from torch import nn

    network = build(small_config(model={"family": "cnn", "batch_norm": True}))
    conv, dense = network.get_submodule("conv1_norm"), network.get_submodule("hidden1_norm")
    assert isinstance(conv, nn.BatchNorm2d)
    assert isinstance(dense, nn.BatchNorm1d)
    return judge(
        [
            measure("convolution", "feature map", conv, 3 + 2 * torch.randn(16, conv.num_features, 8, 8)),
            measure("dense", "unit", dense, 3 + 2 * torch.randn(16, dense.num_features)),
        ]
    )


CLAIM = MechanicalClaim(
    id="M11",
    says="Batch norm has two weights per unit that can undo it.",
    quote=(
        "The gradient descent algorithm does the denormalization if required (to minimize loss function) by "
        "changing only these two weights for each activation, instead of losing the stability of the network "
        "by changing all the weights."
    ),
    source="Ioffe & Szegedy 2015, sections 3 and 3.2",
    passes_if=(
        "a layer learns 2 numbers per unit (dense) or feature map (convolution); with gamma = sqrt(var + "
        "eps) and beta = mean of a batch its output is its input to 1 part in 100,000"
    ),
    notes=(
        *loose_points("M11"),
        "Exact only for the batch whose mean and variance they are: every batch has others.",
    ),
    check=check,
)
