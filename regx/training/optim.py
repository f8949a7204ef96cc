"""SGD as the config describes it, with max-norm and frozen parameters."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim.sgd import sgd

from regx.config.sections.optim import OptimConfig
from regx.models.batch_norm import BatchNorm
from regx.models.network import WeightLayer

__all__ = ["Sgd", "constrained_weights", "project_max_norm_", "trained_parameters"]


@torch.no_grad()
def project_max_norm_(weight: Tensor, *, max_norm: float) -> Tensor:
    """Shrink, in place, each unit's incoming weight vector to L2 norm at most `max_norm`.

    One row (Linear) or one filter (Conv2d) is one unit; biases are not included. Vectors already inside the
    ball are left bit for bit unchanged. Call after `optimizer.step()`.

    Args:
        weight: (units, ...), of any memory format: the product is taken on the tensor itself, never on a
            flattened view, which would be a copy for channels-last weights.
        max_norm: Radius c of the ball, in weight units; 3 to 4 is typical.

    Returns:
        The same tensor, for chaining.

    Raises:
        ValueError: If `max_norm` is not positive.

    Source:
        Srivastava et al. 2014, JMLR 15, section 5.1: "||w||_2 <= c".
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm must be > 0, got {max_norm}")
    dims = tuple(range(1, weight.ndim))
    norms = torch.linalg.vector_norm(weight, dim=dims, keepdim=True)
    factors = (max_norm / norms).clamp_(max=1.0)
    # A norm that overflowed would give the factor 0, a unit that looks healthy and is dead.
    return weight.mul_(factors.masked_fill_(norms.isinf(), torch.nan))


def constrained_weights(network: nn.Module) -> Sequence[nn.Parameter]:
    """List the weights that max-norm acts on: of every Linear and Conv2d layer, the output layer included.

    Frozen weights are not among them.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, WeightLayer)]
    weights = [layer.get_parameter("weight") for layer in layers]
    return [weight for weight in weights if weight.requires_grad]


def trained_parameters(network: nn.Module, optim: OptimConfig) -> list[nn.Parameter]:
    """List what the optimiser may move, in the order of the network.

    `freeze_layers` counts layers with weights, and the batch norm after a layer belongs to it. A frozen batch
    norm keeps gamma and beta; its statistics are those of its inputs as ever.

    Args:
        network: A network whose modules come in the order of the forward pass.
        optim: The `optim` section of a run's config.
    """
    depth, trained = 0, []
    for module in network.modules():
        if isinstance(module, WeightLayer):
            depth += 1
        is_wanted = optim.train_only == "all" or isinstance(module, BatchNorm)
        if is_wanted and depth > optim.freeze_layers:
            trained += list(module.parameters(recurse=False))
    return trained


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
