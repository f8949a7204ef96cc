"""The training loop, whole. Everything that it calls is a function of its arguments.

Shapes: N images, B batch, C channels, H height, W width, K classes.
"""

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from regx.config import RunConfig
from regx.config.sections.model import FixedMask
from regx.data import augment
from regx.data.images import RunData
from regx.models.dropout import FixableDropout
from regx.runs.metrics import EpochMetrics
from regx.training.evaluate import BestWeights, evaluate, fresh_batch_norm, has_batch_norm, has_finite_weights
from regx.training.observer import Observer
from regx.training.optim import Sgd, constrained_weights, project_max_norm_
from regx.training.probing import Probing
from regx.training.schedules import lr_at, momentum_at
from regx.training.seeding import generator

__all__ = ["Ending", "TrainState", "is_hopeless", "train"]

Ending = Literal["finished", "stopped", "non_finite", "hopeless"]


@dataclass(kw_only=True)
class TrainState:
    """What changes from step to step; a checkpoint is a copy of it."""

    network: nn.Sequential
    optimizer: Sgd
    running_loss: (
        Tensor  # sum of this epoch's train-mode losses; stays on the device, so no step waits for it
    )
    best: BestWeights = field(default_factory=BestWeights)
    step: int = 0
    train_seconds: float = 0.0
    eval_seconds: float = 0.0


def train(
    config: RunConfig, data: RunData, state: TrainState, observer: Observer, probing: Probing | None = None
) -> Ending:
    """Train from wherever `state` stands to the end of the config's budget.

    Args:
        config: The config of the run.
        data: Its images.
        state: What changes; left as it is at the end.
        observer: Takes the rows of epochs, and may stop the run.
        probing: The run's probes. Their time counts neither as training nor as evaluation.

    Returns:
        `finished`; `stopped`, between two steps, when the observer said so; `non_finite` when a loss was
        infinite or NaN at the end of an epoch, or a weight where one was evaluated, for which there is then
        no row; `hopeless` when the config's rule ended the run after an epoch, whose row was handed over.
    """
    while state.step < config.num_steps:
        running_loss = _train_epoch(config, data, state, observer, probing)
        if running_loss is None:
            return "stopped"
        if not math.isfinite(running_loss):
            return "non_finite"
        row = None
        if config.is_evaluated(state.step // config.steps_per_epoch):
            row = _measure_epoch(config, data, state, running_loss)
            if row is None:
                return "non_finite"
            state.best.see(state.network, row)
        if probing:
            probing.after_epoch()
        if row is None:
            continue
        observer.epoch_done(row)
        if is_hopeless(config, row):
            return "hopeless"
    return "finished"


def is_hopeless(config: RunConfig, row: EpochMetrics) -> bool:
    """Whether the config's rule ends the run after this epoch."""
    rule = config.train.stop_if
    return rule is not None and row.epoch == rule.epoch and row.train_loss > rule.train_loss_above


def _train_epoch(
    config: RunConfig, data: RunData, state: TrainState, observer: Observer, probing: Probing | None
) -> float | None:
    """Take the remaining steps of the current epoch; return its mean train-mode loss, None when stopped."""
    started = time.perf_counter()
    per_epoch, batch_size = config.steps_per_epoch, config.train.batch_size
    epoch = state.step // per_epoch
    device = data.train.labels.device
    order_N = torch.randperm(len(data.train), generator=generator(config.seed, f"order/{epoch}")).to(device)
    draw = generator(config.seed, f"augment/{epoch}")
    plan = augment.draw_plan(config.data.augment, len(data.train), draw).to(device)
    take_step = _step_function(config, state, device)
    _fix_masks_(state.network, config, epoch + 1)
    state.network.train()
    state.train_seconds += time.perf_counter() - started
    while state.step < (epoch + 1) * per_epoch:
        if not observer.before_step(state.step):
            return None
        started = time.perf_counter()
        first = state.step % per_epoch * batch_size
        rows_B = order_N[first : first + batch_size]
        images_BCHW, labels_B = data.train.batch(rows_B)
        images_BCHW = augment.apply(config.data.augment, images_BCHW, plan[rows_B])
        if probing:
            started += probing.before_step(images_BCHW, labels_B)
        state.running_loss += take_step(images_BCHW, labels_B)
        state.step += 1
        state.train_seconds += time.perf_counter() - started
        if probing:
            probing.after_step(state.step)
    started = time.perf_counter()
    running_loss = float(state.running_loss) / per_epoch  # waits for the device: all of its time is counted
    state.running_loss.zero_()
    state.train_seconds += time.perf_counter() - started
    return running_loss


def _step_function(
    config: RunConfig, state: TrainState, device: torch.device
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the function that takes one optimiser step and returns its loss."""
    network, optimizer, optim = state.network, state.optimizer, config.optim
    per_epoch, total = config.steps_per_epoch, config.num_steps
    weights = constrained_weights(network)

    def take_step(images_BCHW: Tensor, labels_B: Tensor) -> Tensor:
        lr = lr_at(optim, step=state.step, steps_per_epoch=per_epoch, num_steps=total)
        with _autocast(device, config.train.precision):
            logits_BK = network(images_BCHW)
        loss = functional.cross_entropy(logits_BK.float(), labels_B)
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        optimizer.step(lr=lr, momentum=momentum_at(optim, step=state.step))
        if optim.max_norm is not None:
            for weight in weights:
                project_max_norm_(weight, max_norm=optim.max_norm)
        return loss.detach()

    return take_step


def _autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context of a forward pass; entered anew at each step, since it caches converted weights."""
    if precision == "bf16":
        return torch.autocast(device.type, dtype=torch.bfloat16)
    return nullcontext()


def _fix_masks_(network: nn.Module, config: RunConfig, epoch: int) -> None:
    """Fix the dropout masks from the epoch on that the config names; the first epoch is 1.

    A mask is a function of the seed and of the layer's name, so a run that goes on from a checkpoint gets the
    same.
    """
    mask = config.model.drop_mask
    if not isinstance(mask, FixedMask) or epoch < mask.from_epoch:
        return
    for name, layer in network.named_modules():
        if isinstance(layer, FixableDropout) and not layer.is_fixed:
            layer.fix_(generator(config.seed, f"mask/{name}"))


def _measure_epoch(
    config: RunConfig, data: RunData, state: TrainState, running_loss: float
) -> EpochMetrics | None:
    """Evaluate after an epoch; None when the network no longer gives finite losses."""
    started = time.perf_counter()
    last = state.step - 1
    statistics = config.train.bn_reestimate_images
    running = evaluate(state.network, data.valid) if statistics and has_batch_norm(state.network) else None
    with fresh_batch_norm(state.network, data.train, statistics):
        train_loss, train_error = evaluate(state.network, data.train_slice)
        valid_loss, valid_error = evaluate(state.network, data.valid)
    state.eval_seconds += time.perf_counter() - started
    if not (math.isfinite(train_loss) and math.isfinite(valid_loss) and has_finite_weights(state.network)):
        return None
    return EpochMetrics(
        epoch=state.step // config.steps_per_epoch,
        step=state.step,
        lr=lr_at(config.optim, step=last, steps_per_epoch=config.steps_per_epoch, num_steps=config.num_steps),
        momentum=momentum_at(config.optim, step=last),
        train_loss=train_loss,
        train_error=train_error,
        train_loss_running=running_loss,
        valid_loss=valid_loss,
        valid_error=valid_error,
        # At high rates the running statistics can be so stale that their loss overflows.
        valid_loss_running_stats=running[0] if running and math.isfinite(running[0]) else None,
        valid_error_running_stats=running[1] if running else None,
        train_seconds=state.train_seconds,
        eval_seconds=state.eval_seconds,
    )
