"""run.json: what a run was, on what, and how it ended; a record vouches for itself."""

import hashlib
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from regx.reading import read_text
from regx.runs.files import write_text
from regx.text import clean, printable

__all__ = [
    "ENDED",
    "Best",
    "Environment",
    "Failure",
    "Final",
    "Frozen",
    "Note",
    "Process",
    "RecordFile",
    "RunRecord",
    "Status",
    "read_json",
    "write_json",
]

_SEAL = re.compile(r',\n *"sha256": "(?P<sha256>[0-9a-f]{64})"\n}\n\Z')


class Frozen(BaseModel):
    """What a record is made of: frozen, unknown keys forbidden, numbers finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Record = TypeVar("Record", bound=BaseModel)


def read_json(path: Path, model: type[Record]) -> Record:
    """Read a record; what its texts hold that a terminal would obey is escaped.

    Args:
        path: The file.
        model: What it holds; its field `format` has the format that this version reads.

    Raises:
        ValueError: If it is no record of this format, or not the one that was written; the message names the
            file.
        OSError: If it cannot be read.
    """
    try:
        text = read_text(path)
        content = clean(json.loads(text))
    except (ValueError, RecursionError):
        raise ValueError(f"{path}: is not valid JSON") from None
    form = model.model_fields["format"].default
    found = content.get("format") if isinstance(content, dict) else None
    if found != form:
        raise ValueError(f"{path}: has format {found!r}; this version of regx reads format {form}")
    if content.pop("sha256", None) is not None:  # older versions wrote none
        seal = _SEAL.search(text)
        if seal is None or _sha256(f"{text[: seal.start()]}\n}}") != seal["sha256"]:
            raise ValueError(f"{path}: is damaged: its content does not have its checksum")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{path}: {place}: {first['msg']}") from None


def write_json(path: Path, record: BaseModel, *, indent: int) -> None:
    """Write a record, whole or not at all, with the SHA-256 of its text as the last entry."""
    text = printable(record.model_dump_json(indent=indent))
    entry = f'"sha256": "{_sha256(text)}"'
    write_text(path, f"{text[:-2]},\n{' ' * indent}{entry}\n}}\n")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class RecordFile(Frozen):
    """A record with a file of its own."""

    indent: ClassVar[int]
    format: int = 1  # of its folder; a reader refuses a number that it does not know

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file.

        Raises:
            ValueError: If it is no record of this format; the message names the file.
            OSError: If it cannot be read.
        """
        return read_json(path, cls)

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        write_json(path, self, indent=self.indent)


# `stopped` is ended before its budget by the config's own rule, train.stop_if.
Status = Literal["running", "done", "stopped", "diverged", "failed", "interrupted"]
ENDED = ("done", "stopped", "diverged")


FileName = Annotated[str, Field(pattern=r"^\w[\w.]*$")]  # beside run.json, and nowhere else
_COMMIT = {"git_commit", "git_dirty"}


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
    matmul: str | None = Field(default=None, description="What multiplies matrices: mkl, cublas, ...")
    code: str | None = Field(
        default=None, description="First 8 hex digits of the SHA-256 of the package's source."
    )
    git_commit: str | None = Field(description="Commit of the regx checkout; null for an installed package.")
    git_dirty: bool | None = Field(
        description="Whether the package in that checkout had uncommitted changes."
    )
    data_sha256: str = Field(description="Content hash of the data set.")

    def changes_since(self, before: "Environment") -> list[str]:
        """List what has changed since and may move digits; a commit does so through the code alone."""
        old, new = (environment.model_dump(exclude=_COMMIT) for environment in (before, self))
        return [f"{name} {old[name]} -> {new[name]}" for name in old if old[name] != new[name]]


class Process(Frozen):
    """One process that a run's results come from."""

    from_step: int = Field(description="Completed steps when it took over.")
    when: str = Field(description="Date and time of that moment, UTC.")
    host: str = Field(description="Name of its machine.")
    environment: Environment


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
    """Why a run ended before its time."""

    # Older versions called a run diverged that had learned nothing, and wrote `no_learning`.
    kind: Literal["non_finite", "no_learning", "error", "time_limit"]
    message: str
    epoch: int = Field(description="Completed epochs at that moment.")
    step: int = Field(description="Completed steps at that moment.")


class Note(Frozen):
    """What is to be known of a run that ended as its config says."""

    kind: Literal["no_learning"]
    message: str


class RunRecord(RecordFile):
    """The content of run.json."""

    indent = 2
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
    note: Note | None = None
    environment: Environment = Field(description="Of the last process that worked on it.")
    processes: tuple[Process, ...] = Field(
        default=(), description="All that its results come from, in their order."
    )
    files: dict[FileName, str] = Field(
        default={}, description="SHA-256 of the files of a run that has ended, by name."
    )
    seconds: float = Field(default=0.0, description="Wall-clock time of the run, all its sessions together.")
    pid: int | None = Field(default=None, description="Process that is running it, while it runs.")
    host: str | None = Field(default=None, description="Machine of that process.")

    def failed(self, kind: Literal["error", "time_limit"], message: str) -> Self:
        """Return the record of the run where it failed here, and no process trains it any more."""
        failure = Failure(kind=kind, message=message, epoch=self.epochs_completed, step=self.steps_completed)
        return self.model_copy(update={"status": "failed", "failure": failure, "pid": None, "host": None})

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing left to train: a diverged run is a result."""
        return self.status in ENDED

    @property
    def has_learned(self) -> bool:
        """Whether it came to its end with a network that does better than guessing."""
        return self.status == "done" and self.note is None

    @property
    def ending(self) -> str:
        """The status in words that also tell a network that hardly learned from one that did."""
        return "hardly learned" if self.status == "done" and self.note else self.status

    @property
    def mixture(self) -> tuple[str, ...]:
        """What changed from one of its processes to the next, e.g. `code 1f2e3d4c -> 5a6b7c8d at step 300`.

        Empty for a run of one program: a commit that left the package as it was is no change.
        """
        return tuple(
            f"{change} at step {after.from_step:,}"
            for before, after in pairwise(self.processes)
            for change in after.environment.changes_since(before.environment)
        )
