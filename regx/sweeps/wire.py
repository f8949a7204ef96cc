"""What travels between a driver and its workers: plain data, the same in every version of regx."""

from typing import Any, Literal, TypedDict

import regx
from regx.runs.checkout import code_digest
from regx.sweeps.jobs import Ending, EngineOptions, Job, Outcome

__all__ = ["Order", "Report", "order_of", "outcome_of", "refusal"]


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
