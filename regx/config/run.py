"""The config of one run: every field with its meaning, range and unit; and its hash."""

import hashlib
import json
import re
from typing import Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from regx.config.errors import RuleError
from regx.config.run_rules import run_rules
from regx.config.sections.data import DataConfig
from regx.config.sections.fields import ADDED_LATER, MAX_SEED, NAME_PATTERN, Section
from regx.config.sections.model import ModelConfig
from regx.config.sections.optim import OptimConfig
from regx.config.sections.train import Probes, TrainConfig

__all__ = ["RunConfig", "config_hash", "dump_config"]


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
        default=(), description="Names of what is measured inside the run and written to probes.csv."
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=MAX_SEED,
        description=(
            "Decides all that is random: the subset, the initial weights, the order of images and the noise."
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
        broken = run_rules(self.data, self.model, self.optim, self.train)
        if broken:
            raise RuleError(broken)
        return self


class _Dumper(yaml.SafeDumper):
    """Quotes text that YAML 1.2 would read as a number: PyYAML thinks that `1e3` is text."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9][0-9.]*([eE][-+]?[0-9]+)?$"), list("-+0123456789")
)


def dump_config(config: RunConfig) -> str:
    """Write a config as YAML that loads to the same config."""
    content = config.model_dump(mode="json")
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def config_hash(config: RunConfig) -> str:
    """Return 8 hex digits of the sha256 of all settings that shape the result, without the seed.

    Name and seed stand in the folder's name already. `target_error` only marks a line in the evaluation, but
    a run under another target is another record, so it counts. A setting that was added after the first runs
    counts only where it differs from its default, so that older runs keep their hash.
    """
    content = _hashed(config)
    del content["name"], content["seed"]
    text = json.dumps(content, sort_keys=True, separators=(",", ":")).replace(":-0.0", ":0.0")
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _hashed(section: Section) -> dict[str, Any]:
    """Dump a section without the later settings that are at their defaults."""
    content = section.model_dump(mode="json")
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if ADDED_LATER in field.metadata and value == field.default:
            del content[name]
        elif isinstance(value, Section):
            content[name] = _hashed(value)
    return content
