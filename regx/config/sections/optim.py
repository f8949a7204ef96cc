"""`optim`: SGD, its schedules, and the regularizers that act on its step."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, Tag

from regx.config.sections.fields import (
    ADDED_LATER,
    MAX_EPOCHS,
    MAX_LAYERS,
    Factor,
    Section,
    by_form,
    by_kind,
    off,
)

__all__ = [
    "ConstantLr",
    "CosineLr",
    "ExponentialLr",
    "InverseTimeLr",
    "LinearLr",
    "LrDecay",
    "MomentumRamp",
    "OptimConfig",
    "StepLr",
]


class ConstantLr(Section):
    """No decay."""

    kind: Literal["none"] = Field(description="The learning rate stays what it is.")


class ExponentialLr(Section):
    """Changes per epoch: lr * factor^(completed epochs)."""

    kind: Literal["exponential"] = Field(description="Per EPOCH: lr * factor^(completed epochs).")
    factor: Factor = Field(description="Multiplies the rate after each epoch. In (0, 1].")


class StepLr(Section):
    """Changes every so many epochs."""

    kind: Literal["step"] = Field(
        description="Per EPOCH: lr * factor^floor(completed epochs / every_epochs)."
    )
    factor: Factor = Field(description="Multiplies the rate at each drop. In (0, 1].")
    every_epochs: int = Field(ge=1, le=MAX_EPOCHS, description="Epochs between two drops.")


class InverseTimeLr(Section):
    """Changes at every step."""

    kind: Literal["inverse_time"] = Field(
        description="Per STEP: lr / (1 + completed steps / half_life_steps)."
    )
    half_life_steps: float = Field(gt=0, le=1e12, description="Steps after which the rate is half of lr.")


class LinearLr(Section):
    """Changes at every step."""

    kind: Literal["linear"] = Field(
        description="Per STEP: on a straight line from lr to lr * end_factor at the last step."
    )
    end_factor: float = Field(
        default=0.0, ge=0, le=1, description="Last rate as a fraction of lr. In [0, 1]."
    )


class CosineLr(Section):
    """Changes at every step."""

    kind: Literal["cosine"] = Field(
        description="Per STEP: half a cosine from lr to lr * end_factor at the last step."
    )
    end_factor: float = Field(
        default=0.0, ge=0, le=1, description="Last rate as a fraction of lr. In [0, 1]."
    )


LrDecay = ConstantLr | ExponentialLr | StepLr | InverseTimeLr | LinearLr | CosineLr
if TYPE_CHECKING:
    _LrDecayField = LrDecay
else:
    _LrDecayField = Annotated[by_kind(LrDecay), off(LrDecay, {"kind": "none"})]


class MomentumRamp(Section):
    """Momentum that rises on a straight line."""

    start: float = Field(ge=0, lt=1, description="Momentum at the first step. In [0, 1).")
    end: float = Field(ge=0, lt=1, description="Momentum from step `steps` on. In [0, 1).")
    steps: int = Field(ge=1, le=10**12, description="Steps that the ramp takes.")


_Momentum = Annotated[
    Annotated[float, Field(ge=0, lt=1), Tag("<number>")] | Annotated[MomentumRamp, Tag("<settings>")],
    by_form("<settings>", "<number>"),
]


Radius = Annotated[float, Field(gt=0, le=1e6)]


class OptimConfig(Section):
    """SGD in torch's form: v <- momentum * v + gradient; w <- w - lr * v."""

    lr: float = Field(gt=0, le=1e6, description="Learning rate at the first step.")
    lr_decay: _LrDecayField = Field(
        default=ConstantLr(kind="none"),
        description="How the learning rate falls. Each kind has its own parameters.",
    )
    momentum: _Momentum = Field(default=0.9, description="A number in [0, 1), or a ramp {start, end, steps}.")
    nesterov: bool = Field(default=False, description="Nesterov's form of momentum.")
    weight_decay: float = Field(
        default=0.0,
        ge=0,
        le=1e3,
        description=(
            "Adds weight_decay * w to the gradient of every weight matrix and kernel, but not to biases, "
            "gamma or beta."
        ),
    )
    max_norm: Annotated[Radius | None, off(Radius)] = Field(
        default=None,
        description=(
            "Largest norm of each unit's incoming weights, also in the output layer. After every step, "
            "longer weights are shortened to it. Omitted: off."
        ),
    )
    train_only: Annotated[Literal["all", "batch_norm"], ADDED_LATER] = Field(
        default="all",
        description=(
            "What is trained. `batch_norm`: only gamma and beta. Every other weight keeps its initial "
            "value, also in the output layer (Frankle et al. 2020)."
        ),
    )
    freeze_layers: Annotated[int, Field(ge=0, le=2 * MAX_LAYERS), ADDED_LATER] = Field(
        default=0,
        description=("This many layers, counted from the input, keep their initial weights, gamma and beta."),
    )
