"""The rules of settings that intervene in training to test an explanation of it."""

from collections.abc import Iterator

from regx.config.broken_rule import BrokenRule
from regx.config.sections.data import DataConfig
from regx.config.sections.dropout import FixedMask
from regx.config.sections.model import ModelConfig
from regx.config.sections.optim import OptimConfig
from regx.config.sections.train import TrainConfig
from regx.config.shapes import num_hidden_layers

__all__ = ["intervention_rules"]

_LAYERS = ("model.family", "model.conv_channels", "model.hidden_sizes")


def intervention_rules(
    data: DataConfig, model: ModelConfig, optim: OptimConfig, train: TrainConfig
) -> Iterator[BrokenRule]:
    """List the rules that they break."""
    yield from _statistics_rules(data, model, train)
    yield from _only_batch_norm_rules(model, optim)
    yield from _freezing_rules(model, optim)
    yield from _epoch_rules(model, train)


def _statistics_rules(data: DataConfig, model: ModelConfig, train: TrainConfig) -> Iterator[BrokenRule]:
    if not model.batch_norm:
        return
    ghost, reference = model.batch_norm.ghost_size, model.batch_norm.reference_images
    if ghost is not None and train.batch_size % ghost:
        yield BrokenRule(
            "model.batch_norm.ghost_size",
            f"must divide train.batch_size, {train.batch_size} (got {ghost})",
            ("train.batch_size",),
        )
    if reference is not None and reference > data.num_train:
        yield BrokenRule(
            "model.batch_norm.reference_images",
            f"must be at most {data.num_train}, the number of training images (got {reference})",
            ("data.name", "data.train_size"),
        )
    if ghost is not None and reference is not None:
        yield BrokenRule(
            "model.batch_norm.reference_images",
            "cannot be joined with ghost_size: statistics come from the batch or from reference images",
            ("model.batch_norm.ghost_size",),
        )


def _only_batch_norm_rules(model: ModelConfig, optim: OptimConfig) -> Iterator[BrokenRule]:
    if optim.train_only == "all":
        return
    if not model.batch_norm or num_hidden_layers(model) == 0:
        message = "batch_norm needs model.batch_norm in a hidden layer: there is nothing else to train"
        yield BrokenRule("optim.train_only", message, ("model.batch_norm", *_LAYERS))
    elif not model.batch_norm.affine:
        message = "batch_norm needs model.batch_norm.affine: gamma and beta are what is trained"
        yield BrokenRule("optim.train_only", message, ("model.batch_norm.affine",))
    if model.init.output_gain == 0:
        yield BrokenRule(
            "model.init.output_gain",
            "must be > 0 with optim.train_only batch_norm: the output layer keeps its initial weights, and"
            " no gradient passes through zeros (got 0)",
            ("optim.train_only",),
        )


def _freezing_rules(model: ModelConfig, optim: OptimConfig) -> Iterator[BrokenRule]:
    hidden = num_hidden_layers(model)
    if optim.train_only == "all" and optim.freeze_layers > hidden:
        yield BrokenRule(
            "optim.freeze_layers",
            f"must be at most {hidden}, the number of hidden layers: the output layer at least is trained"
            f" (got {optim.freeze_layers})",
            _LAYERS,
        )
    elif optim.train_only == "batch_norm" and optim.freeze_layers >= max(hidden, 1):
        yield BrokenRule(
            "optim.freeze_layers",
            f"must be below {hidden}, the number of hidden layers, with optim.train_only batch_norm: the"
            f" batch norm of one at least is trained (got {optim.freeze_layers})",
            ("optim.train_only", *_LAYERS),
        )


def _epoch_rules(model: ModelConfig, train: TrainConfig) -> Iterator[BrokenRule]:
    if isinstance(model.drop_mask, FixedMask) and model.drop_mask.from_epoch > train.epochs:
        yield BrokenRule(
            "model.drop_mask.from_epoch",
            f"must be at most train.epochs, {train.epochs} (got {model.drop_mask.from_epoch})",
            ("train.epochs",),
        )
    if train.stop_if is not None and train.stop_if.epoch >= train.epochs:
        yield BrokenRule(
            "train.stop_if.epoch",
            f"must be below train.epochs, {train.epochs}: there is nothing left to stop"
            f" (got {train.stop_if.epoch})",
            ("train.epochs",),
        )
