"""M10 to M13: what batch normalisation computes, what its gamma and beta can do, and what depends on scale.

N examples, U units or channels, K outputs; a convolution has height and width after them.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from regx.claims.exact.check import Values
from regx.claims.small_runs import reproducible, small_config, train_observed
from regx.models.batch_norm import BatchNorm
from regx.training.loop import TrainState
from regx.training.start import build_network


def _layers_of_a_cnn() -> tuple[nn.Sequential, nn.BatchNorm2d, nn.BatchNorm1d]:
    """Build a CNN as regx does; return it, and the batch norm of its convolution and its dense layer."""
    network = build_network(small_config(model={"family": "cnn", "batch_norm": True}))
    conv, dense = network.get_submodule("conv1_norm"), network.get_submodule("hidden1_norm")
    assert isinstance(conv, nn.BatchNorm2d)
    assert isinstance(dense, nn.BatchNorm1d)
    return network, conv, dense


def _but_units(x: Tensor) -> list[int]:
    """List the dimensions that statistics are taken over: all but that of units or channels."""
    return [dim for dim in range(x.ndim) if dim != 1]


# M10


@reproducible(seed=10)
def formula() -> Values:
    """Hold the layers against the formula, on a small batch that is far from normal."""
    network, conv, dense = _layers_of_a_cnn()
    followed = {type(a).__name__ for a, b in pairwise(network) if "Norm" in type(b).__name__}
    return {
        **distances("convolution", conv, 3 + 2 * torch.randn(4, conv.num_features, 3, 3)),
        **distances("dense", dense, 3 + 2 * torch.randn(8, dense.num_features)),
        "regx's networks normalise the output of": " and ".join(sorted(followed)),
    }


def distances(name: str, norm: BatchNorm, x: Tensor) -> Values:
    """Run one batch through a layer with random gamma and beta, and repeat the arithmetic in float64.

    In training the formula is (x - mean) / sqrt(biased variance + eps) * gamma + beta of the batch, in
    evaluation the same with the running statistics. These become old + weight * (unbiased statistics - old).

    Returns:
        Distances, relative to the largest value; the last is that from what is not stored.
    """
    running_mean, running_var, update = norm.running_mean, norm.running_var, norm.momentum
    assert running_mean is not None
    assert running_var is not None
    assert update is not None
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2.0)
        norm.bias.normal_()
    old_mean, old_var = running_mean.double(), running_var.double()
    dims = _but_units(x)
    mean_U, var_U = x.double().mean(dims), x.double().var(dims, correction=0)
    unbiased_U = x.double().var(dims, correction=1)
    in_training = norm.train()(x).detach()
    at_evaluation = norm.eval()(x).detach()
    plain = (in_training.double() - _wide(norm.bias, x)) / _wide(norm.weight, x)
    expected_var_U = var_U / (var_U + norm.eps)
    moments = max(
        float(plain.mean(dims).abs().max()),
        float((plain.var(dims, correction=0) - expected_var_U).abs().max()),
    )
    running = max(
        _distance(running_mean, old_mean + update * (mean_U - old_mean)),
        _distance(running_var, old_var + update * (unbiased_U - old_var)),
    )
    biased = _distance(running_var, old_var + update * (var_U - old_var))
    by_batch, by_running = _apply(norm, x, mean_U, var_U), _apply(norm, x, running_mean, running_var)
    return {
        f"{name}: training, distance from the formula": _distance(in_training, by_batch),
        f"{name}: mean 0 and variance 1, largest distance": moments,
        f"{name}: evaluation, distance from the formula": _distance(at_evaluation, by_running),
        f"{name}: running statistics, unbiased": running,
        f"{name}: running variance, were it the biased one": biased,
    }


def _apply(norm: BatchNorm, x: Tensor, mean_U: Tensor, var_U: Tensor) -> Tensor:
    """Normalise with a mean and a variance, scale by gamma, shift by beta; in double precision."""
    normalised = (x.double() - _wide(mean_U, x)) / (_wide(var_U, x) + norm.eps).sqrt()
    return normalised * _wide(norm.weight, x) + _wide(norm.bias, x)


def _wide(values_U: Tensor, x: Tensor) -> Tensor:
    return values_U.detach().double().view(1, -1, *[1] * (x.ndim - 2))


def _distance(actual: Tensor, expected: Tensor) -> float:
    return float((actual.double() - expected).abs().max() / expected.abs().max())


# M11


@reproducible(seed=11)
def undoing() -> Values:
    """Let gamma and beta of both layers undo the normalisation of a batch."""
    _, conv, dense = _layers_of_a_cnn()
    return {
        **undo("convolution", "feature map", conv, 3 + 2 * torch.randn(16, conv.num_features, 8, 8)),
        **undo("dense", "unit", dense, 3 + 2 * torch.randn(16, dense.num_features)),
    }


def undo(layer: str, unit: str, norm: BatchNorm, x: Tensor, *, correction: int = 0) -> Values:
    """Set gamma to sqrt(var + eps) and beta to the mean of a batch, and pass that batch in training mode.

    Args:
        layer: Name of the layer in the table.
        unit: What it has gamma and beta for.
        norm: The layer.
        x: A batch (N, units, ...).
        correction: 0 for the biased variance, which normalises; 1 for the unbiased one, which does not.
    """
    dims = _but_units(x)
    with torch.no_grad():
        norm.weight.copy_((x.var(dims, correction=correction) + norm.eps).sqrt())
        norm.bias.copy_(x.mean(dims))
        error = (norm.train()(x) - x).abs().max() / x.abs().max()
    learned = sum(parameter.numel() for parameter in norm.parameters())
    return {
        f"{layer}: learned numbers for {x.shape[1]} {unit}s": learned,
        f"{layer}: undone, largest |output - input|": float(error),
        f"{layer}: activations per example": x[0].numel(),
    }


# M12

SCALES = (1e-2, 1e-1, 1.0, 1e1, 1e2)
HIDDEN = ("hidden1", "hidden2")
ALL = (*HIDDEN, "output")


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


@reproducible(seed=12)
def scale() -> Values:
    """Scale weights by 0.01 to 100, in double precision and with an eps that does not matter."""
    normed, plain = scaled_networks()
    return describe_scales(
        {scale: pass_scaled(normed, HIDDEN, scale) for scale in SCALES},
        {scale: pass_scaled(plain, ALL, scale) for scale in SCALES},
    )


def scaled_networks() -> tuple[nn.Sequential, nn.Sequential]:
    """Build a ReLU network of three layers as regx builds it, with batch normalisation and without."""
    model = {"family": "mlp", "hidden_sizes": [16] * len(HIDDEN)}
    normed = build_network(small_config(model=model | {"batch_norm": {"eps": 1e-12}}))
    return normed.double(), build_network(small_config(model=model)).double()


def pass_scaled(network: nn.Sequential, scaled: tuple[str, ...], scale: float) -> Pass:
    """Scale the weights of some layers, pass a batch, and backpropagate; the weights are put back."""
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


def describe_scales(normed: Mapping[float, Pass], plain: Mapping[float, Pass]) -> Values:
    """Describe passes at all scales, with batch normalisation and without."""
    base = normed[1.0]
    of_weights = (
        _distance(a * gradient, expected)
        for a, p in normed.items()
        for gradient, expected in zip(p.weight_gradients, base.weight_gradients, strict=True)
    )
    values: Values = {
        "batch norm: change of the outputs": max(_distance(p.outputs, base.outputs) for p in normed.values()),
        "batch norm: change of the gradient to the inputs": max(
            _distance(p.input_gradient, base.input_gradient) for p in normed.values()
        ),
        "batch norm: scale times gradient to the weights, change": max(of_weights),
    }
    for row in range(len(base.weight_gradients)):
        name = f"batch norm, hidden layer {row + 1}: slope of log |gradient|"
        values[name] = slope(normed, row)
        values[f"{name} / |weights|"] = slope(normed, row, relative=True)
    for row in range(len(ALL)):
        name = f"without, all {len(ALL)} layers scaled, layer {row + 1}: slope of log |gradient|"
        values[name] = slope(plain, row)
    return values


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


# M13

Parameters = Mapping[str, Tensor]


@reproducible(seed=13)
def changed_weights() -> Values:
    """Train a CNN with batch norm on the digits in regx's own loop."""
    states: dict[int, Parameters] = {}

    def keep(state: TrainState) -> None:
        if state.step in (0, 1, config.num_steps):
            states[state.step] = {n: p.detach().clone() for n, p in state.network.named_parameters()}

    config = small_config(
        model={"family": "cnn", "conv_channels": [8, 16], "hidden_sizes": [32], "batch_norm": True},
        optim={"lr": 0.05, "momentum": 0.9},
        train={"epochs": 20, "batch_size": 50},
    )
    train_observed(config, keep)
    start, step, end = (states[number] for number in (0, 1, config.num_steps))
    return compare({"one step": (start, step), "whole run": (start, end)})


def compare(spans: Mapping[str, tuple[Parameters, Parameters]]) -> Values:
    """Compare two states of a network, each part relative to where it began, for every span of training.

    Gamma and beta are those of the layers whose names end in `_norm`.
    """
    changes: Values = {}
    for span, (before, after) in spans.items():
        norms = {name for name in before if name.rpartition(".")[0].endswith("_norm")}
        weights = _relative(before, after, before.keys() - norms)
        changes[f"{span}: relative change of all other weights"] = weights
        changes[f"{span}: relative change of gamma and beta"] = _relative(before, after, norms)
    for span, (before, after) in spans.items():
        unchanged = sum(bool((before[name] == after[name]).all()) for name in before)
        changes[f"{span}: parameter tensors that did not change"] = unchanged
    return changes


def _relative(before: Parameters, after: Parameters, names: Iterable[str]) -> float:
    old, new = (torch.cat([state[name].flatten() for name in sorted(names)]) for state in (before, after))
    return float((new - old).norm() / old.norm())
