"""What engines work off: a job is one run to be trained, a result says how that went."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from regx.config import RunConfig, Settings, config_hash
from regx.config.errors import UsageError
from regx.config.messages import show
from regx.runs.sweep import Stage, SweepRun

__all__ = [
    "Ending",
    "Engine",
    "EngineLostError",
    "EngineOptions",
    "Job",
    "JobResult",
    "Watch",
    "folder_name",
    "show_settings",
]

# What became of a job. `lost` is no verdict on the run (its worker died, or the disk was full):
# it is trained again when the sweep is. `failed` is one: its own code raised, or it ran past the time limit.
Ending = Literal["done", "diverged", "failed", "interrupted", "lost"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run to be trained, and what it is trained for.

    Attributes:
        config: All of it, the seed included.
        folder: Name of the run's folder in the folder of runs.
        stage: Whether it is a trial of the tuning, or a run to compare.
        arm: Of the experiment.
        cell: Of the arm's grid.
        tuned: The values that were tuned, or are on trial.
    """

    config: RunConfig
    folder: str
    stage: Stage = "confirm"
    arm: str = ""
    cell: Settings = field(default_factory=dict)
    tuned: Settings = field(default_factory=dict)

    def __str__(self) -> str:
        """Name it by its arm, what is set beyond it, and its seed."""
        parts = (self.arm, show_settings({**self.cell, **self.tuned}), f"seed {self.config.seed}")
        return " ".join(filter(None, parts))

    def as_row(self) -> SweepRun:
        """Write it for sweep.json."""
        return SweepRun(
            stage=self.stage,
            arm=self.arm,
            cell=dict(self.cell),
            tuned=dict(self.tuned),
            seed=self.config.seed,
            folder=self.folder,
        )


def folder_name(config: RunConfig) -> str:
    """Name the folder of a run as `regx train` would."""
    return f"{config.name}-s{config.seed}-{config_hash(config)}"


def show_settings(settings: Settings) -> str:
    """Write settings as --set has them."""
    return " ".join(f"{path}={show(value)}" for path, value in settings.items())


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """How a job ended.

    Attributes:
        job: Which.
        ending: How.
        message: One line; empty for a run that is done.
        tail: Last lines of the traceback; empty where there is none.
        seconds: Time from its start to its end, what is done beside the training included.
        files: Of a run whose folder the driver does not see; else none.
    """

    job: Job
    ending: Ending
    message: str = ""
    tail: tuple[str, ...] = ()
    seconds: float = 0.0
    files: Mapping[str, bytes] = field(default_factory=dict)


class Watch:
    """Sees a sweep go by, from one thread at a time. This one says nothing."""

    def planned(self, jobs: Sequence[Job], num_ended: int) -> None:
        """Another stage begins: so many jobs are left of it, so many runs of it were done before."""

    def started(self, job: Job, worker: str) -> None:
        """A worker has begun; `worker` is its name or address, empty in this process."""

    def progressed(self, job: Job, epochs: int) -> None:
        """So many epochs of a job are complete; the first call says that training begins."""

    def ended(self, result: JobResult) -> None:
        """A job has ended."""

    def noticed(self, message: str) -> None:
        """Something happened that a user should know of: a worker was lost, refused, or joined."""


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """What every engine needs to know.

    Attributes:
        runs_dir: Folder of the runs' folders.
        offline: Never fetch data.
        time_limit: Seconds that one run may take; None for no limit.
    """

    runs_dir: Path
    offline: bool = False
    time_limit: float | None = None


class EngineLostError(UsageError):
    """The engine is gone, or no worker of it can be used; what was done is done."""


class Engine(Protocol):
    """Works jobs off. Every engine gives the same bytes in every metrics.csv, time columns aside."""

    def run(self, jobs: Sequence[Job], watch: Watch) -> Iterator[JobResult]:
        """Train every job; yield each one's result as it ends. A result for each job, none twice.

        Raises:
            EngineLostError: If the engine itself is gone (its scheduler died, say); what was done is done.
        """
        ...

    def stop(self) -> None:
        """Ask for an end, from a signal handler or another thread.

        Jobs that have not begun are not begun, those that run save a checkpoint; the ending of all of them
        is `interrupted`, and `run` returns soon.
        """
        ...
