"""M08: max-norm keeps weights inside a ball, whatever the learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from regx.claims.exact.check import CheckResult, MechanicalClaim, at_most, conclude, equal, more_than, noted
from regx.claims.exact.small_runs import build, reproducible, small_config, train_observed

if TYPE_CHECKING:
    from torch import Tensor, nn

    from regx.training.loop import TrainState


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


def measure(run: str, *, lr: float, max_norm: float | None) -> Norms:
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
            norms.append(max(unit_norms(weights).max().item() for weights in _weights(state.network)))
            biases.append(
                max(p.abs().max().item() for name, p in parameters.items() if name.endswith("bias"))
            )

    train_observed(config, build(config), look)
    return Norms(
        run=run, largest=max(norms, default=math.nan), bias=max(biases, default=math.nan), steps=len(norms)
    )


def _weights(network: nn.Module) -> list[Tensor]:
    return [parameter for name, parameter in network.named_parameters() if name.endswith("weight")]


def unit_norms(weight: Tensor) -> Tensor:
    """Take one norm per row of a Linear layer or filter of a Conv2d layer, in double precision."""
    return weight.detach().double().flatten(1).square().sum(dim=1).sqrt()


def moved_inside(weight: Tensor) -> int:
    """Project weights, and count the numbers that changed in units that were inside the ball already."""
    from regx.training.optim import project_max_norm_

    before, inside = weight.clone(), unit_norms(weight) <= RADIUS
    project_max_norm_(weight, max_norm=RADIUS)
    return int((weight[inside] != before[inside]).sum())


def judge(runs: Sequence[Norms], *, moved: int, without: Norms) -> CheckResult:
    """Judge the runs with max-norm.

    Args:
        runs: One for each network and learning rate.
        moved: Numbers that the projection changed though their unit was inside.
        without: A run at the largest rate without max-norm, for comparison.
    """
    bound = RADIUS * (1 + 1e-5)
    return conclude(
        [
            *(at_most(f"{run.run}: largest norm after any step", run.largest, bound) for run in runs),
            more_than("steps with finite weights, fewest of these runs", min(run.steps for run in runs), 0),
            equal("numbers changed in units inside the ball", moved, 0),
            noted(f"{without.run}: largest norm after any step", without.largest),
            noted(f"{runs[-1].run}: largest bias, which max-norm does not bound", runs[-1].bias),
        ],
        reading="the weights stay in the ball; whether so large a rate also trains the network is C08",
    )


@reproducible(seed=8)
def check() -> CheckResult:
    """Train an MLP and a CNN at rates up to 1000."""
    import torch

    runs = [measure(f"{name}, lr {lr:g}", lr=lr, max_norm=RADIUS) for name in MODELS for lr in LEARNING_RATES]
    without = measure("MLP, lr 1000 without max-norm", lr=1000.0, max_norm=None)
    kernels = torch.randn(200, 4, 3, 3) / 3  # norms around the radius
    return judge(runs, moved=moved_inside(kernels), without=without)


CLAIM = MechanicalClaim(
    id="M08",
    says="Max-norm keeps weight vectors inside a ball at any learning rate.",
    quote=(
        "A possible justification is that constraining weight vectors to lie inside a ball of fixed radius "
        "makes it possible to use a huge learning rate without the possibility of weights blowing up."
    ),
    source="Srivastava et al. 2014, JMLR 15, section 5.1",
    passes_if=(
        "after every step of training at rates up to 1000, while weights are finite, no unit's incoming norm "
        "exceeds the radius by more than 1 part in 100,000; units inside the ball keep every bit"
    ),
    notes=(
        "Trap: biases and the velocity are not bounded.",
        "Trap: the norm is one per unit: over a row of a Linear weight (out, in), over a whole filter of a "
        "Conv2d weight (out, in, height, width). Other libraries store weights in another order.",
        "Trap: the projection comes after the update; NaN passes every comparison for `> radius`.",
    ),
    check=check,
)
