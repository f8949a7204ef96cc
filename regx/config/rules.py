"""The rules that join several fields of a run's config."""

from collections.abc import Iterator

from regx.config.broken_rule import BrokenRule, RuleError
from regx.config.intervention_rules import intervention_rules
from regx.config.sections.data import DataConfig
from regx.config.sections.model import ModelConfig
from regx.config.sections.optim import MomentumRamp, OptimConfig
from regx.config.sections.train import TrainConfig
from regx.config.shapes import conv_shapes, num_parameters

__all__ = ["BrokenRule", "RuleError", "broken_rules"]

MAX_PARAMETERS = 500_000_000


def broken_rules(
    data: DataConfig, model: ModelConfig, optim: OptimConfig, train: TrainConfig
) -> list[BrokenRule]:
    """List every rule that the sections break together."""
    return [
        *_data_rules(data, model),
        *_batch_rules(data, model, train),
        *_network_rules(data, model),
        *_per_layer_rules(model),
        *_momentum_rules(optim),
        *_statistics_rules(model, train),
        *intervention_rules(data, model, optim, train),
    ]


def _data_rules(data: DataConfig, model: ModelConfig) -> Iterator[BrokenRule]:
    if data.num_train > data.facts.num_pool:
        yield BrokenRule(
            "data.train_size",
            f"must be at most {data.facts.num_pool}, the training pool of {data.name}"
            f" (got {data.train_size})",
            ("data.name",),
        )
    if data.preprocess.startswith("pca_") and model.family == "cnn":
        yield BrokenRule(
            "data.preprocess",
            f"{data.preprocess} needs model.family mlp: rotated inputs have no neighbouring pixels"
            " (zca_whiten keeps them)",
            ("model.family",),
        )
    if data.augment != "none" and data.preprocess not in ("none", "standardize"):
        yield BrokenRule(
            "data.augment",
            f"{data.augment} needs data.preprocess none or standardize: it moves pixels, and"
            f" {data.preprocess} treats each pixel in its own way",
            ("data.preprocess",),
        )


def _batch_rules(data: DataConfig, model: ModelConfig, train: TrainConfig) -> Iterator[BrokenRule]:
    if train.batch_size > data.num_train:
        yield BrokenRule(
            "train.batch_size",
            f"must be at most {data.num_train}, the number of training images (got {train.batch_size})",
            ("data.name", "data.train_size"),
        )
    if model.batch_norm and train.batch_size < 2:
        yield BrokenRule(
            "train.batch_size",
            "must be >= 2 with batch norm: one image has no variance (got 1)",
            ("model.batch_norm",),
        )


def _network_rules(data: DataConfig, model: ModelConfig) -> Iterator[BrokenRule]:
    if model.kernel_size % 2 == 0:
        yield BrokenRule(
            "model.kernel_size", f"must be odd, to have a pixel in its middle (got {model.kernel_size})"
        )
    if model.pool.stride > model.pool.size:
        yield BrokenRule(
            "model.pool.stride",
            f"must be at most the pool size of {model.pool.size}, or pixels are skipped"
            f" (got {model.pool.stride})",
            ("model.pool.size",),
        )
    sizes = [shape.size for shape in conv_shapes(model, data.facts)]
    fitting = sum(size >= 1 for size in sizes)
    if fitting < len(sizes):
        chain = " -> ".join(str(size) for size in [data.facts.size, *sizes[:fitting]])
        yield BrokenRule(
            "model.conv_channels",
            f"the pooling after convolution {fitting + 1} leaves no pixel: its window of {model.pool.size} is"
            f" larger than the map (sides {chain}); use fewer layers or a smaller pool",
            ("data.name", "model.pool.size", "model.pool.stride", "model.family"),
        )
        return
    parameters = num_parameters(model, data.facts)
    if parameters > MAX_PARAMETERS:
        yield BrokenRule(
            "model.hidden_sizes",
            f"the network has {parameters:,} parameters; at most {MAX_PARAMETERS:,} are allowed",
            ("data.name", "model.family", "model.conv_channels", "model.kernel_size", "model.pool"),
        )


def _per_layer_rules(model: ModelConfig) -> Iterator[BrokenRule]:
    slots = [("hidden", model.drop_prob.hidden, "hidden_sizes", len(model.hidden_sizes))]
    if model.family == "cnn":
        slots.append(("conv", model.drop_prob.conv, "conv_channels", len(model.conv_channels)))
    for slot, value, layers, num_layers in slots:
        if isinstance(value, tuple) and len(value) != num_layers:
            yield BrokenRule(
                f"model.drop_prob.{slot}",
                f"has length {len(value)}; model.{layers} has {num_layers} (one number serves for all)",
                (f"model.{layers}", "model.family"),
            )


def _momentum_rules(optim: OptimConfig) -> Iterator[BrokenRule]:
    ramp = isinstance(optim.momentum, MomentumRamp)
    first = optim.momentum.start if isinstance(optim.momentum, MomentumRamp) else optim.momentum
    if optim.nesterov and first <= 0:
        field = "momentum.start" if ramp else "momentum"
        yield BrokenRule(
            "optim.nesterov", f"needs optim.{field} > 0 (got {first:g})", ("optim.momentum", f"optim.{field}")
        )


def _statistics_rules(model: ModelConfig, train: TrainConfig) -> Iterator[BrokenRule]:
    if model.batch_norm and train.bn_reestimate_images == 1:
        message = "must be 0 or at least 2: one image has no variance (got 1)"
        yield BrokenRule("train.bn_reestimate_images", message, reads=("model.batch_norm",))
