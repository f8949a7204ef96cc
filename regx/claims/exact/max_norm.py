"""M08: max-norm keeps weights inside a ball, whatever the learning rate."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from regx.claims.exact.check import Values
from regx.claims.small_runs import reproducible, small_config, train_observed
from regx.training.loop import TrainState
from regx.training.optim import project_max_norm_

RADIUS = 2.0
LEARNING_RATES = (0.1, 1.0, 10.0, 100.0, 1000.0)
MODELS: dict[str, dict[str, Any]] = {
    "MLP": {"family": "mlp", "hidden_sizes": [32], "drop_prob": {"hidden": 0.5}},
    "CNN": {"family": "cnn", "conv_channels": [8, 8], "hidden_sizes": [32]},
}


@dataclass(frozen=True, kw_only=True)
class Norms:
    """The norms of a run's weights.

    Attributes:
        run: What was trained.
        largest: Largest norm of a unit's incoming weights after any step whose weights were all finite.
        bias: Largest bias after such a step.
        steps: How many such steps there were.
    """

    run: str
    largest: float
    bias: float
    steps: int


@reproducible(seed=8)
def ball() -> Values:
    """Train an MLP and a CNN at rates up to 1000."""
    runs = [
        train_norms(f"{name}, lr {lr:g}", lr=lr, max_norm=RADIUS) for name in MODELS for lr in LEARNING_RATES
    ]
    without = train_norms("MLP, lr 1000 without max-norm", lr=1000.0, max_norm=None)
    kernels = torch.randn(200, 4, 3, 3) / 3  # norms around the radius
    return describe(runs, moved=_moved_inside(kernels), without=without)


def describe(runs: Sequence[Norms], *, moved: int, without: Norms) -> Values:
    """Describe the runs with max-norm.

    Args:
        runs: One for each network and learning rate.
        moved: Numbers that the projection changed though their unit was inside.
        without: A run at the largest rate without max-norm, for comparison.
    """
    return {
        **{f"{run.run}: largest norm after any step": run.largest for run in runs},
        "steps with finite weights, fewest of these runs": min(run.steps for run in runs),
        "numbers changed in units inside the ball": moved,
        f"{without.run}: largest norm after any step": without.largest,
        f"{runs[-1].run}: largest bias, which max-norm does not bound": runs[-1].bias,
    }


def train_norms(run: str, *, lr: float, max_norm: float | None) -> Norms:
    """Train for three epochs with momentum 0.9 and look at the weights after every step."""
    config = small_config(
        model=MODELS[run.partition(",")[0]],
        optim={"lr": lr, "momentum": 0.9} | ({"max_norm": max_norm} if max_norm else {}),
        train={"epochs": 3, "batch_size": 30},
    )
    norms, biases = [], []

    def look(state: TrainState) -> None:
        parameters = dict(state.network.named_parameters())
        # Every comparison with NaN is false, so one would pass for a small norm.
        if state.step > 0 and all(bool(parameter.isfinite().all()) for parameter in parameters.values()):
            norms.append(max(_unit_norms(weights).max().item() for weights in _weights(state.network)))
            biases.append(
                max(p.abs().max().item() for name, p in parameters.items() if name.endswith("bias"))
            )

    train_observed(config, look)
    return Norms(
        run=run, largest=max(norms, default=math.nan), bias=max(biases, default=math.nan), steps=len(norms)
    )


def _weights(network: nn.Module) -> list[Tensor]:
    return [parameter for name, parameter in network.named_parameters() if name.endswith("weight")]


def _unit_norms(weight: Tensor) -> Tensor:
    """Take one norm per row of a Linear layer or filter of a Conv2d layer, in double precision."""
    return weight.detach().double().flatten(1).square().sum(dim=1).sqrt()


def _moved_inside(weight: Tensor) -> int:
    """Project weights, and count the numbers that changed in units that were inside the ball already."""
    before, inside = weight.clone(), _unit_norms(weight) <= RADIUS
    project_max_norm_(weight, max_norm=RADIUS)
    return int((weight[inside] != before[inside]).sum())
