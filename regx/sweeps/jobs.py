"""What engines work off: a job is one run to be trained, an outcome says how that went."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypedDict

import regx
from regx.config import RunConfig, Settings, config_hash
from regx.config.errors import UsageError
from regx.config.messages import show
from regx.runs.checkout import code_digest

__all__ = [
    "Ending",
    "Engine",
    "EngineLostError",
    "EngineOptions",
    "Job",
    "Order",
    "Outcome",
    "Report",
    "Watch",
    "order_of",
    "outcome_of",
    "refusal",
    "show_settings",
]

# What became of a job. `lost` is no verdict on the run (its worker died, or the disk was full):
# it is trained again when the sweep is. `failed` is one: its own code raised, or it ran past the time limit.
Ending = Literal["done", "diverged", "failed", "interrupted", "lost"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run to be trained.

    Attributes:
        config: All of it, the seed included.
        folder: Name of the run's folder in the folder of runs.
        arm: The arm that it is trained for; for display alone, like `point`.
        point: What is set beyond the arm, as --set has it.
    """

    config: RunConfig
    folder: str
    arm: str = ""
    point: str = ""

    @classmethod
    def of(cls, config: RunConfig, arm: str = "", settings: Settings | None = None) -> "Job":
        """Name the folder as `regx train` would."""
        folder = f"{config.name}-s{config.seed}-{config_hash(config)}"
        return cls(config=config, folder=folder, arm=arm, point=show_settings(settings or {}))


def show_settings(settings: Settings) -> str:
    """Write settings as --set has them."""
    return " ".join(f"{path}={show(value)}" for path, value in settings.items())


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a job ended.

    Attributes:
        job: Which.
        ending: How.
        message: One line; empty for a run that is done.
        tail: Last lines of the traceback; empty where there is none.
        seconds: Time from its start to its end as the engine saw it, the engine's own work included.
    """

    job: Job
    ending: Ending
    message: str = ""
    tail: tuple[str, ...] = ()
    seconds: float = 0.0


class Watch(Protocol):
    """Sees the jobs of an engine go by; called from one thread at a time."""

    def started(self, job: Job, worker: str) -> None:
        """A worker has begun; `worker` is its name or address, empty in this process."""
        ...

    def progressed(self, job: Job, epochs: int) -> None:
        """So many epochs of a job are complete."""
        ...

    def noticed(self, message: str) -> None:
        """Something happened that a user should know of: a worker was lost, refused, or joined."""
        ...


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """What every engine needs to know.

    Attributes:
        runs_dir: Folder of the runs' folders.
        offline: Never fetch data.
        time_limit: Seconds that one run may take; None for no limit.
        checkpoint_seconds: Time between two checkpoints of a run.
        grace_seconds: After its time limit, a run in another process that does not end by itself is killed.
    """

    runs_dir: Path
    offline: bool = False
    time_limit: float | None = None
    checkpoint_seconds: float = 30.0
    grace_seconds: float = 10.0


class EngineLostError(UsageError):
    """The engine is gone, or no worker of it can be used; what was done is done."""


class Engine(Protocol):
    """Works jobs off. Every engine gives the same bytes in every metrics.csv, time columns aside."""

    @property
    def num_workers(self) -> int:
        """Runs that are trained at the same time."""
        ...

    def run(self, jobs: Sequence[Job], watch: Watch) -> Iterator[Outcome]:
        """Train every job; yield each one's outcome as it ends. An outcome for each job, none twice.

        Raises:
            EngineLostError: If the engine itself is gone (its scheduler died, say); what was done is done.
        """
        ...

    def stop(self) -> None:
        """Ask for an end, from a signal handler or another thread.

        Jobs that have not begun are not begun, those that run save a checkpoint; all their outcomes are
        `interrupted`, and `run` returns soon.
        """
        ...


class Order(TypedDict):
    """One run to be trained, as a worker is told of it."""

    version: str
    code: str
    config: dict[str, Any]
    folder: str
    runs_dir: str
    token: str  # of the sweep; empty where driver and worker are one process
    offline: bool
    time_limit: float | None
    checkpoint_seconds: float


class Report(TypedDict):
    """What a worker answers."""

    ending: Ending | Literal["refused"]
    message: str
    tail: list[str]
    files: dict[str, bytes]  # of a run whose folder the driver cannot see; else none


def order_of(job: Job, options: EngineOptions, token: str = "") -> Order:
    """Write a job down for a worker."""
    return Order(
        version=regx.__version__,
        code=code_digest(),
        config=job.config.model_dump(mode="json"),
        folder=job.folder,
        runs_dir=str(options.runs_dir.absolute()),
        token=token,
        offline=options.offline,
        time_limit=options.time_limit,
        checkpoint_seconds=options.checkpoint_seconds,
    )


def outcome_of(job: Job, report: Report, seconds: float) -> Outcome:
    """Read a worker's answer; a refusal says nothing of the run."""
    ending = report["ending"]
    return Outcome(
        job=job,
        ending="lost" if ending == "refused" else ending,
        message=report["message"],
        tail=tuple(report["tail"]),
        seconds=seconds,
    )


def refusal(worker: str, has: tuple[str, str], needs: tuple[str, str]) -> str | None:
    """Say why a worker cannot serve a sweep.

    Args:
        worker: Its name, for the message.
        has: Version and code digest of the worker.
        needs: Those of the driver.

    Returns:
        One line; None where both have the same code.
    """
    if tuple(has) == tuple(needs):
        return None
    return (
        f"worker {worker}: has regx {has[0]} (code {has[1]}), this sweep needs {needs[0]} (code {needs[1]});"
        " install the same version there"
    )
