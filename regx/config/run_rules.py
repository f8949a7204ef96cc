"""The rules between several fields of a run's config."""

from collections.abc import Iterator

from regx.config.errors import Finding
from regx.config.sections.data import DataConfig
from regx.config.sections.model import FixedMask, ModelConfig, conv_shapes, num_hidden_layers, num_parameters
from regx.config.sections.optim import MomentumRamp, OptimConfig
from regx.config.sections.train import TrainConfig

__all__ = ["run_rules"]

MAX_PARAMETERS = 500_000_000


def run_rules(data: DataConfig, model: ModelConfig, optim: OptimConfig, train: TrainConfig) -> list[Finding]:
    """List every rule that the sections break together."""
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
    ramp = isinstance(optim.momentum, MomentumRamp)
    first = optim.momentum.start if isinstance(optim.momentum, MomentumRamp) else optim.momentum
    if optim.nesterov and first <= 0:
        field = "momentum.start" if ramp else "momentum"
        yield _broken("optim.nesterov", f"needs optim.{field} > 0 (got {first:g})")


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
