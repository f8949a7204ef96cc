"""run.json: what a run was, on what, and how it ended."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field

from regx.runs.files import write_text
from regx.runs.json_record import Frozen, read_json

__all__ = ["FORMAT", "Best", "Environment", "Failure", "Final", "RunRecord", "Status"]

FORMAT = 1  # of the run folder; a reader refuses a number that it does not know

Status = Literal["running", "done", "diverged", "failed", "interrupted"]


class Environment(Frozen):
    """What may move the last bits of a result."""

    device: str = Field(description="Device that the run used: cpu, cuda or mps.")
    device_name: str = Field(description="Model of the processor or GPU.")
    threads: int = Field(description="CPU threads of torch.")
    python: str
    platform: str
    regx: str
    torch: str
    numpy: str
    git_commit: str | None = Field(description="Commit of the regx checkout; null for an installed package.")
    git_dirty: bool | None = Field(
        description="Whether the package in that checkout had uncommitted changes."
    )
    data_sha256: str = Field(description="Content hash of the data set.")


class Final(Frozen):
    """Metrics after the last epoch. The test set is read here, once."""

    train_loss: float
    train_error: float
    valid_loss: float
    valid_error: float
    test_loss: float
    test_error: float


class Best(Frozen):
    """The epoch with the lowest validation error (the earliest of equals)."""

    epoch: int
    valid_loss: float
    valid_error: float
    test_loss: float | None = Field(
        default=None,
        description="Loss on the test images with the weights of that epoch; read at the end, with `final`.",
    )
    test_error: float | None = Field(default=None, description="Error, likewise.")


class Failure(Frozen):
    """Why a run ended before its time, or learned nothing."""

    kind: Literal["non_finite", "no_learning", "error", "time_limit"]
    message: str
    epoch: int = Field(description="Completed epochs at that moment.")
    step: int = Field(description="Completed steps at that moment.")


class RunRecord(Frozen):
    """The content of run.json."""

    format: int = FORMAT
    name: str
    seed: int
    config_hash: str = Field(description="First 8 hex digits of the sha256 of the resolved config.")
    status: Status
    epochs_completed: int = Field(default=0, description="The last epoch that was evaluated.")
    steps_completed: int = 0
    num_train: int
    num_parameters: int
    images_per_second: float | None = Field(
        default=None, description="Training throughput: images over train_seconds."
    )
    final: Final | None = None
    best: Best | None = None
    failure: Failure | None = None
    environment: Environment
    seconds: float = Field(default=0.0, description="Wall-clock time of the run, all its sessions together.")
    pid: int | None = Field(default=None, description="Process that is running it, while it runs.")
    host: str | None = Field(default=None, description="Machine of that process.")

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing left to train: a diverged run is a result."""
        return self.status in ("done", "diverged")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read run.json.

        Raises:
            ValueError: If it is no record of this format; the message names the file.
            OSError: If it cannot be read.
        """
        return read_json(path, cls, form=FORMAT)

    def write(self, path: Path) -> None:
        """Write run.json, whole or not at all."""
        write_text(path, self.model_dump_json(indent=2) + "\n")
