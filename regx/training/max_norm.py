"""Max-norm: each unit's incoming weights stay inside a ball."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["constrained_weights", "project_max_norm_"]


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
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    weights = [layer.get_parameter("weight") for layer in layers]
    return [weight for weight in weights if weight.requires_grad]
