"""Learning rate and momentum as functions of the step: nothing to store, nothing to resume."""

import math

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

__all__ = ["lr_at", "momentum_at"]


def lr_at(optim: OptimConfig, *, step: int, steps_per_epoch: int, num_steps: int) -> float:
    """Return the learning rate of a step.

    Args:
        optim: The `optim` section of a run's config.
        step: Steps completed before this one, from 0.
        steps_per_epoch: Steps in an epoch.
        num_steps: Steps in the whole run.

    Returns:
        The factor of the velocity in `w <- w - lr * v`.
    """
    return optim.lr * _decay_factor(optim.lr_decay, step, step // steps_per_epoch, num_steps)


def _decay_factor(decay: LrDecay, step: int, epoch: int, num_steps: int) -> float:
    done = step / max(num_steps - 1, 1)  # 0 at the first step, 1 at the last
    match decay:
        case ExponentialLr():
            return decay.factor**epoch
        case StepLr():
            return decay.factor ** (epoch // decay.every_epochs)
        case InverseTimeLr():
            return 1 / (1 + step / decay.half_life_steps)
        case LinearLr():
            return 1 - (1 - decay.end_factor) * done
        case CosineLr():
            return decay.end_factor + (1 - decay.end_factor) * (1 + math.cos(math.pi * done)) / 2
        case ConstantLr():
            return 1.0


def momentum_at(optim: OptimConfig, *, step: int) -> float:
    """Return the momentum of a step; a ramp rises on a straight line and then stays.

    Source:
        Srivastava et al. 2014, appendix A.2; Sutskever et al. 2013, section 3.
    """
    momentum = optim.momentum
    if isinstance(momentum, MomentumRamp):
        return momentum.start + (momentum.end - momentum.start) * min(step / momentum.steps, 1.0)
    return momentum
