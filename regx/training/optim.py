"""SGD as the config describes it."""

import torch
from torch import nn

from regx.config.schema import OptimConfig
from regx.training.max_norm import constrained_weights

__all__ = ["build_optimizer", "set_rates"]

TINY_MOMENTUM = 1e-12


def build_optimizer(network: nn.Module, optim: OptimConfig) -> torch.optim.SGD:
    """Make the optimiser: v <- momentum * v + gradient; w <- w - lr * v.

    Weight decay acts on the weights of Linear and Conv2d layers alone: biases, gamma and beta have nothing to
    shrink that would make the function simpler.

    torch multiplies the whole velocity by the learning rate. Sutskever et al. 2013 put it inside the
    velocity; the two are equal while the rate is constant and differ once it decays.
    """
    weights = list(constrained_weights(network))
    known = {id(weight) for weight in weights}
    others = [parameter for parameter in network.parameters() if id(parameter) not in known]
    groups = [
        {"params": weights, "weight_decay": optim.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    # The momentum given here only decides that a velocity is kept; each step sets its own.
    momentum = 0.0 if optim.momentum == 0.0 else 0.5
    return torch.optim.SGD(
        groups, lr=optim.lr, momentum=momentum, nesterov=optim.nesterov, fused=_can_fuse(weights)
    )


def set_rates(optimizer: torch.optim.SGD, *, lr: float, momentum: float) -> None:
    """Set the learning rate and the momentum of the next step."""
    for group in optimizer.param_groups:
        group["lr"] = lr
        # torch forgets the velocity in a step whose momentum is exactly 0, as at the start of a ramp.
        group["momentum"] = max(momentum, TINY_MOMENTUM) if group["momentum"] else 0.0


def _can_fuse(weights: list[nn.Parameter]) -> bool:
    return weights[0].device.type in ("cpu", "cuda")
