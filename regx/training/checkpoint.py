"""What training needs to go on as if it had never stopped."""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from regx.runs.files import atomic_path
from regx.training.loop import TrainState

__all__ = ["Checkpoint", "load_checkpoint", "save_checkpoint"]


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state of a run between two steps.

    The order of images and the augmentation are functions of seed and epoch, so only the noise stream, which
    dropout draws from, has a state.

    Attributes:
        config_hash: Hash of the config that it belongs to.
        step: Completed steps.
        running_loss: Sum of the train-mode losses of this epoch's steps so far.
        network: Weights and running statistics.
        velocities: Those of the optimiser.
        noise: State of torch's default generator on the CPU.
        cuda_noise: The same on the GPU; None elsewhere.
        train_seconds: Seconds spent in steps so far.
        eval_seconds: Seconds spent in evaluation so far.
        seconds: Wall-clock time so far.
    """

    config_hash: str
    step: int
    running_loss: Tensor
    network: dict[str, Tensor]
    velocities: list[Tensor]
    noise: Tensor
    cuda_noise: Tensor | None
    train_seconds: float
    eval_seconds: float
    seconds: float

    @classmethod
    def take(cls, state: TrainState, config_hash: str, *, seconds: float) -> Self:
        """Look at a run between two steps; tensors are shared with it, so save before the next step."""
        return cls(
            config_hash=config_hash,
            step=state.step,
            running_loss=state.running_loss,
            network=state.network.state_dict(),
            velocities=state.optimizer.velocities,
            noise=torch.get_rng_state(),
            cuda_noise=torch.cuda.get_rng_state() if state.running_loss.is_cuda else None,
            train_seconds=state.train_seconds,
            eval_seconds=state.eval_seconds,
            seconds=seconds,
        )

    def restore(self, state: TrainState) -> None:
        """Put a run back where it was."""
        state.network.load_state_dict(self.network)
        state.optimizer.load(self.velocities)
        state.running_loss.copy_(self.running_loss)
        state.step = self.step
        state.train_seconds = self.train_seconds
        state.eval_seconds = self.eval_seconds
        torch.set_rng_state(self.noise)
        if self.cuda_noise is not None and state.running_loss.is_cuda:
            torch.cuda.set_rng_state(self.cuda_noise)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all."""
    # dataclasses.asdict would copy the tensors.
    content = {name: getattr(checkpoint, name) for name in checkpoint.__dataclass_fields__}
    with atomic_path(path) as temporary:
        torch.save(content, temporary)


def load_checkpoint(path: Path, config_hash: str) -> Checkpoint | None:
    """Read a checkpoint; None where there is none that belongs to this config.

    A file that is damaged (by a disk, not by us: it was renamed into place whole) is as good as none.
    """
    if not path.exists():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        checkpoint = Checkpoint(**content)
    except (RuntimeError, pickle.UnpicklingError, TypeError, EOFError, ValueError):
        return None
    return checkpoint if checkpoint.config_hash == config_hash else None
