"""`train` and `probes`: how long, in which batches, and what is measured meanwhile."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict
from pydantic_core import PydanticCustomError

from regx.config.sections.fields import ADDED_LATER, MAX_EPOCHS, Section, off

__all__ = ["ProbeName", "Probes", "StopIf", "TrainConfig"]

ProbeName = Literal[
    "activation_drift",
    "batch_norm_affine",
    "co_adaptation",
    "gradient_shift",
    "gradients",
    "learning_rate",
    "monte_carlo_dropout",
    "movement",
    "non_additivity",
    "settling",
    "weight_norms",
]


def _as_set(names: tuple[str, ...]) -> tuple[str, ...]:
    """Sort the names, so that their order does not change the run's hash."""
    if len(set(names)) < len(names):
        raise PydanticCustomError("repeated_probe", "names a probe twice")
    return tuple(sorted(names))


Probes = Annotated[tuple[ProbeName, ...], Strict(False), AfterValidator(_as_set)]


ErrorRate = Annotated[float, Field(gt=0, lt=1)]


class StopIf(Section):
    """A rule, fixed before the run, that ends it if it has no hope."""

    epoch: int = Field(ge=1, le=MAX_EPOCHS, description="The epoch after which the loss is checked, once.")
    train_loss_above: float = Field(
        gt=0, le=1e6, description="The run ends if its training loss (in eval mode, in nats) is above this."
    )


class TrainConfig(Section):
    """How long, in which batches, at which precision, and how it is measured."""

    epochs: int = Field(default=10, ge=1, le=MAX_EPOCHS, description="Passes over the training images.")
    batch_size: int = Field(
        default=100, ge=1, description="Images per step. The last incomplete batch of an epoch is dropped."
    )
    precision: Literal["fp32", "bf16"] = Field(
        default="fp32",
        description=(
            "Arithmetic of the training step. bf16: autocast with fp32 weights. Evaluation is always fp32."
        ),
    )
    threads: int = Field(
        default=1,
        ge=1,
        le=1024,
        description="CPU threads of torch. A run repeats bit for bit only with the same number.",
    )
    target_error: Annotated[ErrorRate | None, off(ErrorRate)] = Field(
        default=None,
        description="Validation error for time-to-target, as a fraction. Omitted: `compare` chooses.",
    )
    bn_reestimate_images: int = Field(
        default=2000,
        ge=0,
        le=1_000_000,
        description=(
            "Before each evaluation, batch-norm statistics are estimated again from at most this many "
            "training images, without dropout. 0: evaluate with the running statistics."
        ),
    )
    eval_every: Annotated[int, ADDED_LATER] = Field(
        default=1,
        ge=1,
        le=MAX_EPOCHS,
        description=(
            "Epochs between two evaluations. Each evaluation is a row of metrics.csv. The last epoch and "
            "that of stop_if are always evaluated."
        ),
    )
    stop_if: Annotated[StopIf | None, off(StopIf), ADDED_LATER] = Field(
        default=None,
        description=("Stop the run if its training loss is still too high after some epoch. Omitted: never."),
    )
