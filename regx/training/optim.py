"""SGD as the config describes it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd

from regx.config.schema import OptimConfig
from regx.training.freeze import trained_parameters
from regx.training.max_norm import constrained_weights

__all__ = ["Sgd"]

TINY_MOMENTUM = 1e-12


class Sgd:
    """v <- momentum * v + gradient; w <- w - lr * v, with v = 0 at first.

    Weight decay acts on the weights of Linear and Conv2d layers alone: biases, gamma and beta have nothing to
    shrink that would make the function simpler.

    The step is torch's, called as a function: `torch.optim.SGD` would import torch's compiler when it is
    made, which takes longer than a small run.

    torch multiplies the whole velocity by the learning rate. Sutskever et al. 2013 put it inside the
    velocity; the two are equal while the rate is constant and differ once it decays.

    Attributes:
        lr: Learning rate of the last step; 0 before the first.
        momentum: Momentum of the last step, likewise.
        parameters: Those that are trained, in the order of the network; the others need no gradient from then
            on.
        velocities: One per trained parameter; empty where momentum is off.
    """

    def __init__(self, network: nn.Module, optim: OptimConfig) -> None:
        self.optim = optim
        self.lr = self.momentum = 0.0
        self.parameters = trained_parameters(network, optim)
        trained = {id(parameter) for parameter in self.parameters}
        for parameter in network.parameters():
            parameter.requires_grad_(id(parameter) in trained)
        self.velocities: list[Tensor] = []
        if optim.momentum != 0.0:
            self.velocities = [torch.zeros_like(parameter) for parameter in self.parameters]
        decayed = {id(weight) for weight in constrained_weights(network)}
        rows = range(len(self.parameters))
        self.groups = [
            ([row for row in rows if id(self.parameters[row]) in decayed], optim.weight_decay),
            ([row for row in rows if id(self.parameters[row]) not in decayed], 0.0),
        ]
        if optim.weight_decay == 0.0:
            self.groups = [(list(rows), 0.0)]

    @torch.no_grad()
    def step(self, *, lr: float, momentum: float) -> None:
        """Move every parameter along its velocity, and drop the gradients."""
        self.lr, self.momentum = lr, momentum
        for rows, weight_decay in self.groups:
            sgd(
                [self.parameters[row] for row in rows],
                [_gradient(self.parameters[row]) for row in rows],
                [self.velocities[row] for row in rows] if self.velocities else [None] * len(rows),
                fused=True,
                weight_decay=weight_decay,
                # torch forgets the velocity in a step whose momentum is exactly 0, as at the start of a ramp
                momentum=max(momentum, TINY_MOMENTUM) if self.velocities else 0.0,
                lr=lr,
                dampening=0.0,
                nesterov=self.optim.nesterov,
                maximize=False,
            )
        for parameter in self.parameters:
            parameter.grad = None

    def load(self, velocities: Sequence[Tensor]) -> None:
        """Put back velocities that a checkpoint holds."""
        for velocity, saved in zip(self.velocities, velocities, strict=True):
            velocity.copy_(saved)


def _gradient(parameter: nn.Parameter) -> Tensor:
    if parameter.grad is None:
        raise RuntimeError("a parameter has no gradient: backward has not been called")
    return parameter.grad
