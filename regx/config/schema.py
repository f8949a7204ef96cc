"""The configuration of one run: every field with its meaning, range and unit.

The descriptions feed `regx schema run`, docs/configuration.md and the error messages, so they are written for
the person who edits the YAML. Everything is frozen and strict: `"0.5"` is no number, `yes` is no boolean.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from regx.config.finding import RuleError
from regx.config.rules import broken_rules
from regx.config.sections.batch_norm import BatchNormConfig, BatchNormNoiseConfig
from regx.config.sections.data import DataConfig
from regx.config.sections.dropout import DropProbConfig, FixedMask
from regx.config.sections.fields import MAX_SEED, NAME_PATTERN, Section
from regx.config.sections.model import InitConfig, ModelConfig, PoolConfig, per_layer
from regx.config.sections.optim import (
    ConstantLr,
    CosineLr,
    ExponentialLr,
    InverseTimeLr,
    LinearLr,
    LrDecay,
    MomentumRamp,
    OptimConfig,
    StepLr,
)
from regx.config.sections.probes import Probes
from regx.config.sections.train import StopIf, TrainConfig

__all__ = [
    "BatchNormConfig",
    "BatchNormNoiseConfig",
    "ConstantLr",
    "CosineLr",
    "DataConfig",
    "DropProbConfig",
    "ExponentialLr",
    "FixedMask",
    "InitConfig",
    "InverseTimeLr",
    "LinearLr",
    "LrDecay",
    "ModelConfig",
    "MomentumRamp",
    "OptimConfig",
    "PoolConfig",
    "RunConfig",
    "StepLr",
    "StopIf",
    "TrainConfig",
    "per_layer",
]


class RunConfig(Section):
    """One run: a network, the data, the optimiser and a seed."""

    name: str = Field(
        pattern=NAME_PATTERN,
        description=(
            "Begins the name of the run's folder: letters, digits, `_`, `-` and `.`; at most 64, "
            "a letter or digit first."
        ),
    )
    data: DataConfig = Field(description="Which images, and how they are prepared.")
    model: ModelConfig = Field(description="The network and the regularizers inside it.")
    optim: OptimConfig = Field(description="SGD and the regularizers that act on its step.")
    train: TrainConfig = Field(
        default=TrainConfig(), description="Length, batches, precision and measurement."
    )
    probes: Probes = Field(
        default=(), description="What is measured inside the run and written to probes.csv, by name."
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=MAX_SEED,
        description=(
            "Gives independent streams for the subset, the initial weights, the order of images and "
            "the noise."
        ),
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        default="auto", description="Where to train. `auto`: cuda, else mps, else cpu."
    )

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps in an epoch; the last incomplete batch is dropped."""
        return self.data.num_train // self.train.batch_size

    @property
    def num_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return self.steps_per_epoch * self.train.epochs

    def is_evaluated(self, epoch: int) -> bool:
        """Whether metrics.csv has a row for an epoch; the first is 1."""
        train = self.train
        is_judged = train.stop_if is not None and epoch == train.stop_if.epoch
        return epoch % train.eval_every == 0 or epoch == train.epochs or is_judged

    def num_evaluations(self, epochs: int) -> int:
        """Count the rows of metrics.csv after so many epochs."""
        return sum(map(self.is_evaluated, range(1, epochs + 1)))

    @model_validator(mode="after")
    def _obeys_rules(self) -> Self:
        """Check what joins several fields.

        Raises:
            RuleError: With every rule that the config breaks.
        """
        broken = broken_rules(self.data, self.model, self.optim, self.train)
        if broken:
            raise RuleError(broken)
        return self
