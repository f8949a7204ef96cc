"""What training needs to go on as if it had never stopped: the state, and the rows that belong to it.

A checkpoint is what torch.save writes, so torch.load reads it, with a checksum over all of it at the end.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from regx.reading import read_bytes
from regx.runs.files import atomic_path
from regx.runs.record import RunRecord
from regx.training.evaluate import BestWeights
from regx.training.loop import Ending, TrainState
from regx.training.seeding import noise_state, set_noise_state

__all__ = ["Checkpoint", "UnusableError", "load_checkpoint", "save_checkpoint"]

SEAL = b"\nregx checkpoint 3, sha256 "
SEAL_LENGTH = len(SEAL) + 64


class UnusableError(Exception):
    """A file that is no checkpoint of this run, and why."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state of a run between two steps.

    The order of images and the augmentation are functions of seed and epoch, so only the noise stream, which
    dropout draws from, has a state.

    Attributes:
        config_hash: Hash of the config that it belongs to, the seed aside.
        seed: The seed.
        ending: How training ended; None before its end.
        step: Completed steps.
        running_loss: Sum of the train-mode losses of this epoch's steps so far.
        network: Weights and running statistics.
        velocities: Those of the optimiser.
        noise: State of torch's default generator, by device type.
        train_seconds: Seconds spent in steps so far.
        eval_seconds: Seconds spent in evaluation so far.
        seconds: Wall-clock time so far.
        best: Weights of the best epoch so far.
        probes: What the run's probes remember.
        rows: The tables of the run so far, by file name: a damaged one is written anew from here.
        processes: What the run comes from so far, as in run.json.
    """

    config_hash: str
    seed: int
    ending: Ending | None
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
    rows: dict[str, str]
    processes: list[dict[str, Any]]

    @classmethod
    def take(
        cls,
        state: TrainState,
        record: RunRecord,
        *,
        ending: Ending | None,
        seconds: float,
        rows: Mapping[str, str],
        probes: dict[str, Any] | None = None,
    ) -> Self:
        """Look at a run between two steps; tensors are shared with it, so save before the next step."""
        return cls(
            config_hash=record.config_hash,
            seed=record.seed,
            ending=ending,
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
            rows=dict(rows),
            processes=[process.model_dump(mode="json") for process in record.processes],
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


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> str:
    """Write a checkpoint, whole or not at all; return the file's SHA-256."""
    # dataclasses.asdict would copy the tensors.
    content = {name: getattr(checkpoint, name) for name in checkpoint.__dataclass_fields__}
    buffer = io.BytesIO()
    torch.save(content, buffer)  # not to the file: torch hides what the system says of a full disk
    buffer.write(_seal(buffer.getbuffer()))
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())
    return hashlib.sha256(buffer.getbuffer()).hexdigest()


def load_checkpoint(path: Path, config_hash: str, seed: int) -> Checkpoint | None:
    """Read a checkpoint; None where there is none.

    Raises:
        UnusableError: If the file is not, to the bit, what was written, or belongs to another config or seed.
        OSError: If it cannot be read.
    """
    if not path.exists():
        return None
    content = read_bytes(path)
    saved, seal = content[:-SEAL_LENGTH], content[-SEAL_LENGTH:]
    if seal != _seal(saved):
        raise UnusableError("it is damaged, or of another version of regx")
    # What is in it was written by us, to the bit: nothing in here fails but for want of memory.
    checkpoint = Checkpoint(**torch.load(io.BytesIO(saved), map_location="cpu", weights_only=True))
    if checkpoint.config_hash != config_hash:
        raise UnusableError("it belongs to another config")
    if checkpoint.seed != seed:
        raise UnusableError(f"it belongs to seed {checkpoint.seed}")
    return checkpoint


def _seal(saved: bytes | memoryview) -> bytes:
    return SEAL + hashlib.sha256(saved).hexdigest().encode()
