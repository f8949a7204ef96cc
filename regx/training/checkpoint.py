"""What training needs to go on as if it had never stopped."""

import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from regx.config.reading import open_regular
from regx.runs.files import atomic_path
from regx.training.best import BestWeights
from regx.training.loop import TrainState
from regx.training.seeding import noise_state, set_noise_state

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
        noise: State of torch's default generator, by device type.
        train_seconds: Seconds spent in steps so far.
        eval_seconds: Seconds spent in evaluation so far.
        seconds: Wall-clock time so far.
        best: Weights of the best epoch so far.
        probes: What the run's probes remember, and how many rows they have written.
    """

    config_hash: str
    step: int
    running_loss: Tensor
    network: dict[str, Tensor]
    velocities: list[Tensor]
    noise: dict[str, Tensor]
    train_seconds: float
    eval_seconds: float
    seconds: float
    best: dict[str, Any]
    probes: dict[str, Any]

    @classmethod
    def take(
        cls, state: TrainState, config_hash: str, *, seconds: float, probes: dict[str, Any] | None = None
    ) -> Self:
        """Look at a run between two steps; tensors are shared with it, so save before the next step."""
        return cls(
            config_hash=config_hash,
            step=state.step,
            running_loss=state.running_loss,
            network=state.network.state_dict(),
            velocities=state.optimizer.velocities,
            noise=noise_state(state.running_loss.device),
            train_seconds=state.train_seconds,
            eval_seconds=state.eval_seconds,
            seconds=seconds,
            best=state.best.to_dict(),
            probes=probes or {},
        )

    def restore(self, state: TrainState) -> None:
        """Put a run back where it was."""
        state.network.load_state_dict(self.network)
        state.optimizer.load(self.velocities)
        state.running_loss.copy_(self.running_loss)
        state.best = BestWeights.from_dict(self.best, state.running_loss.device)
        state.step = self.step
        state.train_seconds = self.train_seconds
        state.eval_seconds = self.eval_seconds
        set_noise_state(self.noise, state.running_loss.device)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all."""
    # dataclasses.asdict would copy the tensors.
    content = {name: getattr(checkpoint, name) for name in checkpoint.__dataclass_fields__}
    buffer = io.BytesIO()
    torch.save(content, buffer)  # not to the file: torch hides what the system says of a full disk
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def load_checkpoint(path: Path, config_hash: str) -> Checkpoint | None:
    """Read a checkpoint; None where there is none that belongs to this config.

    A file that is damaged (by a disk, not by us: it was renamed into place whole) is as good as none.
    """
    if not path.exists():
        return None
    try:
        with open_regular(path) as file:
            content = torch.load(file, map_location="cpu", weights_only=True)
        checkpoint = Checkpoint(**content)
    except (RuntimeError, pickle.UnpicklingError, TypeError, EOFError, ValueError):
        return None
    return checkpoint if checkpoint.config_hash == config_hash else None
