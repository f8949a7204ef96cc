"""The config of one run: its fields, the rules between several of them, and its hash."""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, Literal, Self

import yaml
from pydantic import Field, model_validator

from regx.config.errors import Finding, RuleError
from regx.config.sections.data import DataConfig
from regx.config.sections.fields import ADDED_LATER, MAX_SEED, NAME_PATTERN, Section
from regx.config.sections.model import FixedMask, ModelConfig, conv_shapes, num_hidden_layers, num_parameters
from regx.config.sections.optim import MomentumRamp, OptimConfig
from regx.config.sections.train import Probes, TrainConfig

__all__ = ["RunConfig", "config_hash", "dump_config"]

MAX_PARAMETERS = 500_000_000


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
        broken = _rules(self)
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


def _rules(config: RunConfig) -> list[Finding]:
    """List every rule that the sections break together."""
    data, model, optim, train = config.data, config.model, config.optim, config.train
    return [
        *_data_rules(data, model),
        *_batch_rules(data, model, train),
        *_network_rules(data, model),
        *_per_layer_rules(model),
        *_momentum_rules(optim),
        *_statistics_rules(data, model, train),
        *_only_batch_norm_rules(model, optim),
        *_freezing_rules(model, optim),
        *_epoch_rules(model, train),
    ]


def _broken(setting: str, message: str) -> Finding:
    return Finding(tuple(setting.split(".")), message)


def _data_rules(data: DataConfig, model: ModelConfig) -> Iterator[Finding]:
    if data.num_train > data.facts.num_pool:
        yield _broken(
            "data.train_size",
            f"must be at most {data.facts.num_pool}, the training pool of {data.name}"
            f" (got {data.train_size})",
        )
    if data.preprocess.startswith("pca_") and model.family == "cnn":
        yield _broken(
            "data.preprocess",
            f"{data.preprocess} needs model.family mlp: rotated inputs have no neighbouring pixels"
            " (zca_whiten keeps them)",
        )
    if data.augment != "none" and data.preprocess not in ("none", "standardize"):
        yield _broken(
            "data.augment",
            f"{data.augment} needs data.preprocess none or standardize: it moves pixels, and"
            f" {data.preprocess} treats each pixel in its own way",
        )


def _batch_rules(data: DataConfig, model: ModelConfig, train: TrainConfig) -> Iterator[Finding]:
    if train.batch_size > data.num_train:
        yield _broken(
            "train.batch_size",
            f"must be at most {data.num_train}, the number of training images (got {train.batch_size})",
        )
    if model.batch_norm and train.batch_size < 2:
        yield _broken("train.batch_size", "must be >= 2 with batch norm: one image has no variance (got 1)")


def _network_rules(data: DataConfig, model: ModelConfig) -> Iterator[Finding]:
    if model.kernel_size % 2 == 0:
        yield _broken(
            "model.kernel_size", f"must be odd, to have a pixel in its middle (got {model.kernel_size})"
        )
    if model.pool.stride > model.pool.size:
        yield _broken(
            "model.pool.stride",
            f"must be at most the pool size of {model.pool.size}, or pixels are skipped"
            f" (got {model.pool.stride})",
        )
    sizes = [shape.size for shape in conv_shapes(model, data.facts)]
    fitting = sum(size >= 1 for size in sizes)
    if fitting < len(sizes):
        chain = " -> ".join(str(size) for size in [data.facts.size, *sizes[:fitting]])
        yield _broken(
            "model.conv_channels",
            f"the pooling after convolution {fitting + 1} leaves no pixel: its window of {model.pool.size} is"
            f" larger than the map (sides {chain}); use fewer layers or a smaller pool",
        )
        return
    parameters = num_parameters(model, data.facts)
    if parameters > MAX_PARAMETERS:
        yield _broken(
            "model.hidden_sizes",
            f"the network has {parameters:,} parameters; at most {MAX_PARAMETERS:,} are allowed",
        )


def _per_layer_rules(model: ModelConfig) -> Iterator[Finding]:
    slots = [("hidden", model.drop_prob.hidden, "hidden_sizes", len(model.hidden_sizes))]
    if model.family == "cnn":
        slots.append(("conv", model.drop_prob.conv, "conv_channels", len(model.conv_channels)))
    for slot, value, layers, num_layers in slots:
        if isinstance(value, tuple) and len(value) != num_layers:
            yield _broken(
                f"model.drop_prob.{slot}",
                f"has length {len(value)}; model.{layers} has {num_layers} (one number serves for all)",
            )


def _momentum_rules(optim: OptimConfig) -> Iterator[Finding]:
    momentum, field = optim.momentum, "momentum"
    if isinstance(momentum, MomentumRamp):
        momentum, field = momentum.start, "momentum.start"
    if optim.nesterov and momentum <= 0:
        yield _broken("optim.nesterov", f"needs optim.{field} > 0 (got {momentum:g})")


def _statistics_rules(data: DataConfig, model: ModelConfig, train: TrainConfig) -> Iterator[Finding]:
    if not model.batch_norm:
        return
    if train.bn_reestimate_images == 1:
        yield _broken(
            "train.bn_reestimate_images", "must be 0 or at least 2: one image has no variance (got 1)"
        )
    ghost, reference = model.batch_norm.ghost_size, model.batch_norm.reference_images
    if ghost is not None and train.batch_size % ghost:
        yield _broken(
            "model.batch_norm.ghost_size", f"must divide train.batch_size, {train.batch_size} (got {ghost})"
        )
    if reference is not None and reference > data.num_train:
        yield _broken(
            "model.batch_norm.reference_images",
            f"must be at most {data.num_train}, the number of training images (got {reference})",
        )
    if ghost is not None and reference is not None:
        yield _broken(
            "model.batch_norm.reference_images",
            "cannot be joined with ghost_size: statistics come from the batch or from reference images",
        )


def _only_batch_norm_rules(model: ModelConfig, optim: OptimConfig) -> Iterator[Finding]:
    if optim.train_only == "all":
        return
    if not model.batch_norm or num_hidden_layers(model) == 0:
        message = "batch_norm needs model.batch_norm in a hidden layer: there is nothing else to train"
        yield _broken("optim.train_only", message)
    elif not model.batch_norm.affine:
        message = "batch_norm needs model.batch_norm.affine: gamma and beta are what is trained"
        yield _broken("optim.train_only", message)
    if model.init.output_gain == 0:
        yield _broken(
            "model.init.output_gain",
            "must be > 0 with optim.train_only batch_norm: the output layer keeps its initial weights, and"
            " no gradient passes through zeros (got 0)",
        )


def _freezing_rules(model: ModelConfig, optim: OptimConfig) -> Iterator[Finding]:
    hidden = num_hidden_layers(model)
    if optim.train_only == "all" and optim.freeze_layers > hidden:
        yield _broken(
            "optim.freeze_layers",
            f"must be at most {hidden}, the number of hidden layers: the output layer at least is trained"
            f" (got {optim.freeze_layers})",
        )
    elif optim.train_only == "batch_norm" and optim.freeze_layers >= max(hidden, 1):
        yield _broken(
            "optim.freeze_layers",
            f"must be below {hidden}, the number of hidden layers, with optim.train_only batch_norm: the"
            f" batch norm of one at least is trained (got {optim.freeze_layers})",
        )


def _epoch_rules(model: ModelConfig, train: TrainConfig) -> Iterator[Finding]:
    if isinstance(model.drop_mask, FixedMask) and model.drop_mask.from_epoch > train.epochs:
        yield _broken(
            "model.drop_mask.from_epoch",
            f"must be at most train.epochs, {train.epochs} (got {model.drop_mask.from_epoch})",
        )
    if train.stop_if is not None and train.stop_if.epoch >= train.epochs:
        yield _broken(
            "train.stop_if.epoch",
            f"must be below train.epochs, {train.epochs}: there is nothing left to stop"
            f" (got {train.stop_if.epoch})",
        )
