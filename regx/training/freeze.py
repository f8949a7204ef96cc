"""Which parameters of a network are trained."""

from torch import nn

from regx.config.schema import OptimConfig

__all__ = ["trained_parameters"]

_LAYERS = (nn.Linear, nn.Conv2d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


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
        if isinstance(module, _LAYERS):
            depth += 1
        is_wanted = optim.train_only == "all" or isinstance(module, _NORMS)
        if is_wanted and depth > optim.freeze_layers:
            trained += list(module.parameters(recurse=False))
    return trained
