"""M13: whether gradient descent changes only gamma and beta."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regx.claims.exact.check import CheckResult, MechanicalClaim, conclude_literally, equal, more_than
from regx.claims.exact.small_runs import build, reproducible, small_config, train_observed
from regx.claims.sentences import loose_points

if TYPE_CHECKING:
    from torch import Tensor

    from regx.training.loop import TrainState


Parameters = Mapping[str, "Tensor"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """How far a network moved, each part relative to where it began.

    Attributes:
        weights: All weights and biases of Linear and Conv2d layers, as one vector.
        gamma_beta: All gamma and beta, as one vector.
        unchanged: Parameter tensors that are bit for bit what they were.
    """

    weights: float
    gamma_beta: float
    unchanged: int


def measure(before: Parameters, after: Parameters) -> Change:
    """Compare two states of a network whose batch-norm layers have names that end in `_norm`."""
    norms = {name for name in before if name.rpartition(".")[0].endswith("_norm")}
    return Change(
        weights=_relative(before, after, set(before) - norms),
        gamma_beta=_relative(before, after, norms),
        unchanged=sum(bool((before[name] == after[name]).all()) for name in before),
    )


def _relative(before: Parameters, after: Parameters, names: set[str]) -> float:
    import torch

    old, new = (torch.cat([state[name].flatten() for name in sorted(names)]) for state in (before, after))
    return float((new - old).norm() / old.norm())


def judge(one_step: Change, whole_run: Change) -> CheckResult:
    """Judge the change after one step and after a whole run."""
    literal, sensible = [], []
    for span, change in {"one step": one_step, "whole run": whole_run}.items():
        literal += [
            equal(f"{span}: relative change of all other weights", change.weights, 0.0),
            more_than(f"{span}: relative change of gamma and beta", change.gamma_beta, 0.0),
        ]
        sensible.append(equal(f"{span}: parameter tensors that did not change", change.unchanged, 0))
    return conclude_literally(
        words="only these two weights",
        literal=literal,
        sensible=sensible,
        meaning="all weights change, these two among them; whether the two help is C21",
    )


@reproducible(seed=13)
def check() -> CheckResult:
    """Train a CNN with batch norm on the digits in regx's own loop."""
    states: dict[int, dict[str, Tensor]] = {}

    def keep(state: TrainState) -> None:
        if state.step in (0, 1, config.num_steps):
            states[state.step] = {n: p.detach().clone() for n, p in state.network.named_parameters()}

    config = small_config(
        model={"family": "cnn", "conv_channels": [8, 16], "hidden_sizes": [32], "batch_norm": True},
        optim={"lr": 0.05, "momentum": 0.9},
        train={"epochs": 20, "batch_size": 50},
    )
    train_observed(config, build(config), keep)
    start, step, end = (states[number] for number in (0, 1, config.num_steps))
    return judge(measure(start, step), measure(start, end))


CLAIM = MechanicalClaim(
    id="M13",
    says="Gradient descent denormalises by changing only gamma and beta.",
    quote=(
        "The gradient descent algorithm does the denormalization if required (to minimize loss function) by "
        "changing only these two weights for each activation, instead of losing the stability of the network "
        "by changing all the weights."
    ),
    source=(
        "none of the cited papers; Ioffe & Szegedy 2015, section 3, has gamma and beta learned along with "
        "all other parameters"
    ),
    passes_if=(
        "as written: after one step, and after a run, all weights but gamma and beta are bit for bit what "
        "they were; as meant: gamma and beta change too"
    ),
    notes=(
        *loose_points("M13"),
        "Trap: a relative change depends on where a parameter began: gamma at 1, beta at 0, weights small.",
    ),
    check=check,
)
