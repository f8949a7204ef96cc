"""M12: gradients and the scale of the weights, with batch normalisation and without."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regx.claims.exact.check import CheckResult, MechanicalClaim, at_most, conclude, within
from regx.claims.exact.small_runs import build, reproducible, small_config
from regx.claims.sentences import loose_points

if TYPE_CHECKING:
    from torch import Tensor, nn


SCALES = (1e-2, 1e-1, 1.0, 1e1, 1e2)
HIDDEN = (16, 16)
NUM_LAYERS = len(HIDDEN) + 1


@dataclass(frozen=True, kw_only=True)
class Pass:
    """What one pass of a fixed batch gave, for a fixed gradient at the outputs.

    Attributes:
        outputs: (N, K) outputs of the network.
        input_gradient: (N, C, H, W).
        weight_gradients: One for each weight that was scaled.
        weight_norms: Norms of those weights.
    """

    outputs: Tensor
    input_gradient: Tensor
    weight_gradients: tuple[Tensor, ...]
    weight_norms: tuple[float, ...]


def measure(network: nn.Sequential, scaled: tuple[str, ...], scale: float) -> Pass:
    """Scale the weights of some layers, pass a batch, and backpropagate; the weights are put back."""
    import torch

    draw = torch.Generator().manual_seed(12)
    images_NCHW = torch.randn(32, 1, 8, 8, dtype=torch.double, generator=draw).requires_grad_()
    upstream_NK = torch.randn(32, 10, dtype=torch.double, generator=draw)
    weights = [network.get_parameter(f"{name}.weight") for name in scaled]
    before = [weight.detach().clone() for weight in weights]
    with torch.no_grad():
        for weight in weights:
            weight.mul_(scale)
    outputs_NK = network.train()(images_NCHW)
    loss = (outputs_NK * upstream_NK).sum()
    input_gradient, *weight_gradients = torch.autograd.grad(loss, [images_NCHW, *weights])
    norms = tuple(float(weight.detach().norm()) for weight in weights)
    with torch.no_grad():
        for weight, old in zip(weights, before, strict=True):
            weight.copy_(old)
    return Pass(
        outputs=outputs_NK.detach(),
        input_gradient=input_gradient,
        weight_gradients=tuple(weight_gradients),
        weight_norms=norms,
    )


def judge(normed: Mapping[float, Pass], plain: Mapping[float, Pass]) -> CheckResult:
    """Judge passes at all scales, with batch normalisation and without."""
    base = normed[1.0]
    outputs = max(_distance(p.outputs, base.outputs) for p in normed.values())
    inputs = max(_distance(p.input_gradient, base.input_gradient) for p in normed.values())
    weights = max(
        _distance(a * gradient, expected)
        for a, p in normed.items()
        for gradient, expected in zip(p.weight_gradients, base.weight_gradients, strict=True)
    )
    rows = [
        at_most("batch norm: change of the outputs", outputs, 1e-6),
        at_most("batch norm: change of the gradient to the inputs", inputs, 1e-6),
        at_most("batch norm: scale times gradient to the weights, change", weights, 1e-6),
    ]
    for layer in range(len(base.weight_gradients)):
        name = f"hidden layer {layer + 1}: slope of log"
        rows.append(within(f"batch norm, {name} |gradient|", slope(normed, layer), -1.0, 1e-6))
        relative = slope(normed, layer, relative=True)
        rows.append(within(f"batch norm, {name} |gradient| / |weights|", relative, -2.0, 1e-6))
    for layer in range(NUM_LAYERS):
        name = f"without, all {NUM_LAYERS} layers scaled, layer {layer + 1}: slope of log |gradient|"
        rows.append(within(name, slope(plain, layer), NUM_LAYERS - 1.0, 1e-6))
    return conclude(
        rows,
        reading=(
            "what passes through a layer does not depend on the scale of its weights; their own gradient "
            "still does, as 1 / scale"
        ),
    )


def slope(passes: Mapping[float, Pass], layer: int, *, relative: bool = False) -> float:
    """Fit a line through the logarithms of gradient norm, or of its ratio to the weights' norm, and scale."""
    x = [math.log(scale) for scale in passes]
    y = [
        math.log(float(p.weight_gradients[layer].norm()) / (p.weight_norms[layer] if relative else 1.0))
        for p in passes.values()
    ]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    above = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return above / sum((a - mean_x) ** 2 for a in x)


def _distance(actual: Tensor, expected: Tensor) -> float:
    return float((actual - expected).abs().max() / expected.abs().max())


def networks() -> tuple[nn.Sequential, nn.Sequential]:
    """Build a ReLU network of three layers as regx builds it, with batch normalisation and without."""
    model = {"family": "mlp", "hidden_sizes": list(HIDDEN)}
    normed = build(small_config(model=model | {"batch_norm": {"eps": 1e-12}}))
    return normed.double(), build(small_config(model=model)).double()


@reproducible(seed=12)
def check() -> CheckResult:
    """Scale weights by 0.01 to 100, in double precision and with an eps that does not matter."""
    hidden = tuple(f"hidden{layer + 1}" for layer in range(len(HIDDEN)))
    normed, plain = networks()
    return judge(
        {scale: measure(normed, hidden, scale) for scale in SCALES},
        {scale: measure(plain, (*hidden, "output"), scale) for scale in SCALES},
    )


CLAIM = MechanicalClaim(
    id="M12",
    says="Batch norm makes gradients depend less on the scale of the parameters.",
    quote=(
        "Batch normalization reduces the dependence of gradients on the scale of the parameters or on their "
        "initial values (reduces internal covariate shift) by fixing the means and variances of layer inputs."
    ),
    source="Ioffe & Szegedy 2015, section 3.3",
    passes_if=(
        "with weights scaled by a = 0.01 to 100, outputs and the gradient to the inputs stay the same to "
        "1e-6, and the gradient to the weights is 1 / a of what it was; without batch norm it grows as "
        "a^(layers - 1)"
    ),
    notes=(
        *loose_points("M12"),
        "The gradient to the weights still depends on their scale, inversely: larger weights move less. "
        "With a fixed learning rate the relative step goes as 1 / scale^2, so a scale too small blows up "
        "at first.",
        "This part of the sentence is about scale; initial values in training are C15, covariate shift is "
        "C16.",
    ),
    check=check,
)
