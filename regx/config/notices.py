"""Settings without effect: not wrong, but whoever wrote them expects something that will not happen."""

from collections.abc import Iterator

from pydantic import BaseModel

from regx.config.schema import ExponentialLr, LinearLr, MomentumRamp, RunConfig, StepLr, per_layer
from regx.config.sections.optim import CosineLr

__all__ = ["notices"]

_CNN_ONLY = ("conv_channels", "kernel_size", "pool", "conv_drop")


def notices(config: RunConfig) -> list[str]:
    """List the settings that have no effect, one sentence each, beginning with the setting's path.

    Only what was written counts, and only where it differs from the default: the config.yaml of a run
    folder has every default written out.
    """
    return [*_about_slots(config), *_about_schedules(config), *_about_batch_norm(config)]


def _about_slots(config: RunConfig) -> Iterator[str]:
    model = config.model
    if model.family == "mlp":
        for name in _CNN_ONLY:
            if _is_set(model, name):
                yield f"model.{name} has no effect in an mlp"
        if _is_set(model.drop_prob, "conv"):
            yield "model.drop_prob.conv has no effect in an mlp: it has no convolutions"
    elif _is_set(model, "conv_drop") and not any(per_layer(model.drop_prob.conv, 1)):
        yield "model.conv_drop has no effect while model.drop_prob.conv is 0"
    if _is_set(model.drop_prob, "hidden") and not model.hidden_sizes:
        yield "model.drop_prob.hidden has no effect without hidden layers"
    if model.family == "mlp" and not model.hidden_sizes:
        for name in ("activation", "batch_norm"):
            if _is_set(model, name):
                yield f"model.{name} has no effect without hidden layers"
        if _is_set(model.init, "gain"):
            yield "model.init.gain has no effect without hidden layers (see model.init.output_gain)"


def _about_schedules(config: RunConfig) -> Iterator[str]:
    decay, momentum = config.optim.lr_decay, config.optim.momentum
    epochs = config.train.epochs
    if isinstance(decay, StepLr) and decay.every_epochs >= epochs:
        yield f"optim.lr_decay never steps: every_epochs is {decay.every_epochs}, train.epochs {epochs}"
    elif isinstance(decay, ExponentialLr) and epochs == 1:
        yield "optim.lr_decay has no effect in a run of one epoch: exponential decay begins after the first"
    elif isinstance(decay, ExponentialLr | StepLr) and decay.factor == 1:
        yield "optim.lr_decay.factor 1 leaves the learning rate as it is"
    if isinstance(decay, LinearLr | CosineLr) and decay.end_factor == 1:
        yield "optim.lr_decay.end_factor 1 leaves the learning rate as it is"
    if isinstance(momentum, MomentumRamp):
        steps = config.num_steps
        if momentum.steps > steps:
            reached = momentum.start + (momentum.end - momentum.start) * steps / momentum.steps
            yield (
                f"optim.momentum never reaches {momentum.end:g}: the ramp takes {momentum.steps:,} steps"
                f" and the run has {steps:,}, so it ends near {reached:.3g}"
            )
        if momentum.start == momentum.end:
            yield "optim.momentum is a ramp that does not rise"


def _about_batch_norm(config: RunConfig) -> Iterator[str]:
    if not config.model.batch_norm:
        if _is_set(config.train, "bn_reestimate_images"):
            yield "train.bn_reestimate_images has no effect without batch norm"
    elif config.train.bn_reestimate_images >= 1 and _is_set(config.model.batch_norm, "update_weight"):
        yield (
            "model.batch_norm.update_weight moves only the running-statistics columns of the metrics:"
            " train.bn_reestimate_images estimates the statistics anew"
        )


def _is_set(section: BaseModel, name: str) -> bool:
    default = type(section).model_fields[name].default
    return name in section.model_fields_set and getattr(section, name) != default
