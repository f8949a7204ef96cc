"""What a config may do to training to test an explanation of it; nothing where it does not ask for it."""

from torch import nn

from regx.config import RunConfig
from regx.config.sections.model import FixedMask
from regx.models.batch_norm import PrependReference
from regx.models.dropout import FixableDropout
from regx.training.prepare import Images
from regx.training.seeding import generator

__all__ = ["fix_masks_", "hold_reference_"]


def hold_reference_(network: nn.Module, train: Images) -> None:
    """Give the reference images of batch norm, the first of the training subset, to the network."""
    for layer in network.modules():
        if isinstance(layer, PrependReference):
            layer.images, _ = train.batch(slice(0, layer.num_reference))


def fix_masks_(network: nn.Module, config: RunConfig, epoch: int) -> None:
    """Fix the dropout masks from the epoch on that the config names.

    A mask is a function of the seed and of the layer's name, so a run that goes on from a checkpoint gets the
    same.

    Args:
        network: The network.
        config: Of the run.
        epoch: The epoch that begins; the first is 1.
    """
    mask = config.model.drop_mask
    if not isinstance(mask, FixedMask) or epoch < mask.from_epoch:
        return
    for name, layer in network.named_modules():
        if isinstance(layer, FixableDropout) and not layer.is_fixed:
            layer.fix_(generator(config.seed, f"mask/{name}"))
