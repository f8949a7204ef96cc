"""Settings that are allowed, but are unlikely to be meant."""

import math
import os
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from pydantic import BaseModel

from regx.config.experiment import Experiment
from regx.config.run import RunConfig, config_hash
from regx.config.sections.experiment import TuneConfig
from regx.config.sections.model import BatchNormConfig, FixedMask, ModelConfig
from regx.config.sections.optim import CosineLr, ExponentialLr, LinearLr, MomentumRamp, StepLr
from regx.stats.inference import FEWEST_SEEDS
from regx.text import counted

__all__ = ["available_cores", "experiment_warnings", "run_warnings", "thread_warnings"]

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container under Linux: microseconds of every so many, or `max`
_CNN_ONLY = ("conv_channels", "kernel_size", "pool", "conv_drop")


def run_warnings(config: RunConfig) -> list[str]:
    """List warnings, one sentence each, beginning with the path of the setting.

    A setting counts only where it was written and differs from its default: the config.yaml of a run folder
    has every default written out.
    """
    return [
        *_about_slots(config),
        *_about_schedules(config),
        *_about_batch_norm(config),
        *_about_variance_shift(config),
        *_about_what_is_trained(config),
        *thread_warnings(config.train.threads),
    ]


def available_cores(quota: Path = QUOTA) -> int:
    """Count the cores of this process: those it is bound to, but not more than its container allows.

    Args:
        quota: The file with the limit of the container; without the file there is no limit.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        granted, period = quota.read_text(encoding="ascii").split()
        return max(1, min(bound, math.ceil(int(granted) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):  # `max`, another system
        return bound


def thread_warnings(threads: int, at_once: int = 1) -> list[str]:
    """Warn of more threads than cores: a run of 0.2 s takes 28 s with 64 threads on one core.

    Args:
        threads: Of each run.
        at_once: Runs at the same time.
    """
    num_cores = available_cores()
    if threads <= 1 or threads * at_once <= num_cores:
        return []
    cores = counted(num_cores, "core")
    if at_once == 1:
        return [f"train.threads {threads} on {cores}: with more threads than cores, training is far slower"]
    fewer = f"--jobs {num_cores // threads}" if threads <= num_cores else "fewer threads"
    return [
        f"train.threads {threads} in {at_once} runs at the same time on {cores}: with more threads than "
        f"cores, training is far slower; {fewer} would be faster"
    ]


def _about_slots(config: RunConfig) -> Iterator[str]:
    model = config.model
    if model.family == "mlp":
        for name in _CNN_ONLY:
            if _is_set(model, name):
                yield f"model.{name} has no effect in an mlp"
        if _is_set(model.drop_prob, "conv"):
            yield "model.drop_prob.conv has no effect in an mlp: it has no convolutions"
    elif _is_set(model, "conv_drop") and not any(model.conv_drop_probs):
        yield "model.conv_drop has no effect while model.drop_prob.conv is 0"
    if isinstance(model.drop_mask, FixedMask) and not any(_drop_probs(config.model)):
        yield "model.drop_mask has no effect without dropout"
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
    norm = config.model.batch_norm
    if not norm:
        if _is_set(config.train, "bn_reestimate_images"):
            yield "train.bn_reestimate_images has no effect without batch norm"
        return
    if norm.reference_images is not None:
        yield from _about_reference_images(config, norm)
    elif config.train.bn_reestimate_images >= 1 and _is_set(norm, "update_weight"):
        yield (
            "model.batch_norm.update_weight moves only the running-statistics columns of the metrics:"
            " train.bn_reestimate_images estimates the statistics again"
        )
    if norm.ghost_size == config.train.batch_size:
        yield "model.batch_norm.ghost_size has no effect: it is the whole batch"
    if norm.noise is not None and norm.noise.mean_sd == 0 and norm.noise.scale_max == 1:
        yield "model.batch_norm.noise has no effect: mean_sd is 0 and scale_max 1"


def _about_reference_images(config: RunConfig, norm: BatchNormConfig) -> Iterator[str]:
    reason = "the statistics are always those of the reference images"
    if _is_set(norm, "update_weight"):
        yield f"model.batch_norm.update_weight has no effect with reference_images: {reason}"
    if _is_set(config.train, "bn_reestimate_images"):
        yield f"train.bn_reestimate_images has no effect with model.batch_norm.reference_images: {reason}"


def _about_variance_shift(config: RunConfig) -> Iterator[str]:
    """Warn of running statistics that dropout has moved; Li et al. 2018, section 3."""
    norm, reestimated = config.model.batch_norm, config.train.bn_reestimate_images
    if norm and norm.reference_images is None and not reestimated and any(_drop_probs(config.model)[:-1]):
        yield (
            "model.drop_prob zeroes before a batch norm, and its running variance is then not that of"
            " evaluation (variance shift, Li et al. 2018): leave train.bn_reestimate_images above 0, or drop"
            " after the last batch norm only"
        )


def _about_what_is_trained(config: RunConfig) -> Iterator[str]:
    optim = config.optim
    if optim.train_only == "all":
        return
    for name in ("max_norm", "weight_decay"):
        if _is_set(optim, name):
            yield f"optim.{name} has no effect with optim.train_only batch_norm: no weights are trained"
    if config.model.init.output_gain < 1:
        yield (
            f"model.init.output_gain {config.model.init.output_gain:g} keeps the logits small:"
            " with optim.train_only batch_norm the output layer is not trained (1 is usual there)"
        )


def _drop_probs(model: ModelConfig) -> list[float]:
    """List the dropout probabilities in the order of the slots: one more than there are hidden layers."""
    return [model.drop_prob.input, *model.conv_drop_probs, *model.hidden_drop_probs]


def _is_set(section: BaseModel, name: str) -> bool:
    default = type(section).model_fields[name].default
    return name in section.model_fields_set and getattr(section, name) != default


def experiment_warnings(experiment: Experiment) -> list[str]:
    """List what the user should know before the runs, one sentence each."""
    return [
        *_equal_arms(experiment),
        *_unequal_trials(experiment),
        *_hidden_settings(experiment),
        *_without_effect(experiment),
        *_few_seeds(experiment),
    ]


def _equal_arms(experiment: Experiment) -> Iterator[str]:
    plan = experiment.tune
    hashes = {arm: config_hash(experiment.config(arm, experiment.first(arm), 0)) for arm in experiment.arms}
    for one, other in combinations(experiment.arms, 2):
        same_runs = hashes[one] == hashes[other] and experiment.cells_of(one) == experiment.cells_of(other)
        if same_runs and (plan is None or _tuned_alike(plan, one, other)):
            yield f"arms {one} and {other} are the same"


def _tuned_alike(plan: TuneConfig, one: str, other: str) -> bool:
    """Whether two arms that are otherwise equal get the same values."""
    leaders = {plan.follow.get(one, one), plan.follow.get(other, other)}
    return len(leaders) == 1 or (plan.of(one) == plan.of(other) and not plan.follow.keys() & {one, other})


def _unequal_trials(experiment: Experiment) -> Iterator[str]:
    """Compare the numbers of trials, as they are and with one more value on an axis."""
    plan = experiment.tune
    if plan is None:
        return
    trials = {arm: len(plan.points(arm)) for arm in experiment.arms if plan.tries(arm)}
    if len(set(trials.values())) > 1:
        yield f"tune: the arms have unequal numbers of trials ({_numbers(trials)}): more find better values"
        return
    for path in plan.extend or () if plan.max_extensions else ():
        longer = experiment.extended(plan, path, up=True)
        added = {arm: len(longer.points(arm)) - number for arm, number in trials.items()}
        if len(set(added.values())) > 1:
            yield f"tune.extend: a step of {path} adds unequal numbers of trials ({_numbers(added)})"


def _numbers(of_arms: dict[str, int]) -> str:
    return ", ".join(f"{arm} {number}" for arm, number in of_arms.items())


def _hidden_settings(experiment: Experiment) -> Iterator[str]:
    """Find settings of an arm that the grid replaces."""
    for arm in experiment.arms:
        axes = experiment.cells_of(arm)[0]
        for path in experiment.settings[arm]:
            if any(f"{path}.".startswith(f"{axis}.") for axis in axes):
                yield f"arms.{arm}: {path} has no effect: the grid sets it"


def _without_effect(experiment: Experiment) -> Iterator[str]:
    """List settings without effect; what all arms have is said once."""
    found: dict[str, list[str]] = {}
    for arm in experiment.arms:
        for warning in run_warnings(experiment.config(arm, experiment.first(arm), 0)):
            found.setdefault(warning, []).append(arm)
    for warning, arms in found.items():
        where = "" if len(arms) == len(experiment.arms) else f"arms.{', '.join(arms)}: "
        yield f"{where}{warning}"


def _few_seeds(experiment: Experiment) -> Iterator[str]:
    """Find claims that have too few seeds for a verdict."""
    number = len(experiment.seeds)
    if experiment.claims and experiment.tier == "cpu" and number < FEWEST_SEEDS:
        yield f"claims: {number} seeds give no verdict; {FEWEST_SEEDS} are the fewest, 10 are usual"
