"""Training the run of a job within a time limit: in any process, or one run after another in this one."""

import contextlib
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from regx.config.errors import UsageError
from regx.reading import explain
from regx.runs.files import scratch_folder, write_text
from regx.runs.folder import FolderBusyError, RunFolder
from regx.runs.lock import UNPROTECTED
from regx.runs.metrics import EpochMetrics
from regx.runs.record import RunRecord
from regx.sweeps.jobs import Ending, Engine, EngineOptions, Job, JobResult, Watch
from regx.sweeps.shared_folder import is_shared, pack
from regx.training.observer import Observer

if TYPE_CHECKING:
    from regx.data.load import Dataset

__all__ = ["execute", "in_process", "mark_late", "wait_until_idle"]

BUSY_SECONDS = 30.0  # a worker that was killed may hold the folder for a moment more
TAIL_LINES = 5

# Seeds, threads and determinism are settings of the whole process: a second run must wait for the first.
_one_at_a_time = threading.Lock()


def execute(
    job: Job, options: EngineOptions, watch: Watch, stop_wanted: Callable[[], bool], token: str = ""
) -> JobResult:
    """Train one run.

    What goes wrong is part of the result, so that a driver has one way to hear of it.

    Args:
        job: The run.
        options: Of the engine.
        watch: Told of the start, of every epoch, and of what a user should know.
        stop_wanted: Whether to save a checkpoint and end.
        token: Of the sweep, by which its folder is known; empty where driver and worker are one process.
    """
    began = time.monotonic()
    with _one_at_a_time, _runs_dir(options.runs_dir, token) as (runs_dir, travels):
        if stop_wanted():
            return JobResult(job=job, ending="interrupted")
        watch.started(job, "")
        folder = RunFolder(runs_dir / job.folder)
        result = _Execution(job, options, watch, stop_wanted, folder).result()
        if travels and result.ending not in ("interrupted", "lost"):
            result = replace(result, files=pack(folder))
    return replace(result, seconds=time.monotonic() - began)


@contextmanager
def in_process(options: EngineOptions) -> Iterator[Engine]:
    """Train in this process, one run at a time.

    A time limit is seen between two steps: a run that hangs inside one is not ended by it.
    """
    yield _InProcess(options)


class _InProcess:
    def __init__(self, options: EngineOptions) -> None:
        self.options = options
        self.stopped = False

    def run(self, jobs: Sequence[Job], watch: Watch) -> Iterator[JobResult]:
        for job in jobs:
            yield execute(job, self.options, watch, lambda: self.stopped)

    def stop(self) -> None:
        self.stopped = True


def wait_until_idle(seconds: float) -> None:
    """Wait until nothing is being trained in this process, at most so long; nothing is begun afterwards."""
    _one_at_a_time.acquire(timeout=seconds)


def mark_late(folder: RunFolder, limit: float) -> str:
    """Record that a run took too long; its checkpoint stays, so that it can go on under a longer limit.

    Returns:
        The message that stands in run.json.

    Raises:
        FolderBusyError: If some process is still training it.
        OSError: If run.json cannot be read or written.
        ValueError: If run.json is damaged.
    """
    message = f"took longer than the limit of {limit:g} s"
    with folder.lock():
        record = folder.read_record()
        if not record.has_ended:
            record.failed("time_limit", message).write(folder.record)
    return message


@contextmanager
def _runs_dir(runs_dir: Path, token: str) -> Iterator[tuple[Path, bool]]:
    """Choose where to train: in the folder that is shared with the driver, else in one that ends with us."""
    if not token or is_shared(runs_dir, token):
        yield runs_dir, False
        return
    with scratch_folder() as folder:
        yield folder, True


@dataclass
class _Execution(Observer):
    """One job being carried out; watches the run, and stops it when it is to stop."""

    job: Job
    options: EngineOptions
    watch: Watch
    stop_wanted: Callable[[], bool]
    folder: RunFolder
    ends_at: float | None = field(default=None, init=False)  # where there is a time limit

    def result(self) -> JobResult:
        """Train, and say how it went."""
        try:
            return self.read(self.train_when_free())
        except (UsageError, OSError) as error:  # a full disk, say, says nothing of the run
            return self.ended("lost", explain(error))
        except Exception as error:
            return self.failed(error)

    def read(self, record: RunRecord) -> JobResult:
        """Turn the record of a run into a result."""
        if record.status == "interrupted":
            if self.options.time_limit is not None and self.is_late and not self.stop_wanted():
                return self.ended("failed", mark_late(self.folder, self.options.time_limit))
            return self.ended("interrupted", f"stopped at step {record.steps_completed:,}")
        said = record.failure or record.note
        return self.ended("diverged" if record.status == "diverged" else "done", said.message if said else "")

    def failed(self, error: Exception) -> JobResult:
        """Keep the traceback in the run's folder."""
        lines = "".join(traceback.format_exception(error))
        with contextlib.suppress(OSError):  # the result has its end, and run.json its message
            write_text(self.folder.error, lines)
        first = str(error).strip().partition("\n")[0]
        message = f"{type(error).__name__}: {first}" if first else type(error).__name__
        tail = [line for line in lines.splitlines() if line.strip(" ^~")]  # without what underlines
        return self.ended("failed", message, tuple(tail[-TAIL_LINES:]))

    def ended(self, ending: Ending, message: str, tail: tuple[str, ...] = ()) -> JobResult:
        return JobResult(job=self.job, ending=ending, message=message, tail=tail)

    def train_when_free(self) -> RunRecord:
        """Train as soon as no other process does."""
        end = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                return self.train()
            except FolderBusyError:
                if time.monotonic() > end or self.stop_wanted():
                    raise
                time.sleep(0.2)

    def train(self) -> RunRecord:
        """Train once."""
        from regx.training.run import train_run

        dataset = _dataset(self.job.config.data.name, self.options.offline)
        return train_run(self.job.config, self.folder, dataset, self)

    @property
    def is_late(self) -> bool:
        """Whether the time limit is over."""
        return self.ends_at is not None and time.monotonic() > self.ends_at

    def before_step(self, step: int) -> bool:  # noqa: ARG002  # the clock says when
        """Stop the run when its time is over, and when that is wished."""
        return not (self.is_late or self.stop_wanted())

    def noticed(self, message: str) -> None:
        """Pass it on; of locks that do not work the sweep has told already."""
        if not message.endswith(UNPROTECTED):
            self.watch.noticed(message)

    def started(self, record: RunRecord) -> None:
        """Start the clock."""
        if self.options.time_limit is not None:
            self.ends_at = time.monotonic() + self.options.time_limit
        self.watch.progressed(self.job, record.epochs_completed)

    def epoch_done(self, row: EpochMetrics) -> None:
        """Pass it on."""
        self.watch.progressed(self.job, row.epoch)


@cache
def _dataset(name: str, offline: bool) -> "Dataset":
    """Load a data set once a process: there are few, and sweeps come back to the same one."""
    from regx.data.load import load_dataset

    return load_dataset(name, offline=offline)
