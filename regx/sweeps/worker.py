"""Training one run on order, within a time limit, in whatever process."""

import contextlib
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import regx
from regx.config import RunConfig
from regx.config.errors import UsageError
from regx.reading import explain
from regx.runs.checkout import code_digest
from regx.runs.files import scratch_folder, write_text
from regx.runs.folder import FolderBusyError, RunFolder
from regx.runs.lock import UNPROTECTED
from regx.runs.metrics import EpochMetrics
from regx.runs.record import RunRecord
from regx.sweeps.jobs import Ending, Order, Report, refusal
from regx.sweeps.shared_folder import is_shared, pack
from regx.training.observer import Observer

if TYPE_CHECKING:
    from regx.data.load import Dataset

__all__ = ["Clock", "Link", "execute", "mark_late", "wait_until_idle"]


class Clock:
    """Runs from `begin` on.

    Args:
        limit: Seconds; None for no limit.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self._began: float | None = None

    def begin(self) -> None:
        """Start, or start anew."""
        self._began = time.monotonic()

    @property
    def is_running(self) -> bool:
        """Whether it was started."""
        return self._began is not None

    def is_late(self, grace: float = 0.0) -> bool:
        """Whether the limit, and so many seconds on top of it, are over."""
        if self.limit is None or self._began is None:
            return False
        return time.monotonic() - self._began > self.limit + grace


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


BUSY_SECONDS = 30.0  # a worker that was killed may hold the folder for a moment more
TAIL_LINES = 5

# Seeds, threads and determinism are settings of the whole process: a second run must wait for the first.
_one_at_a_time = threading.Lock()


class Link(Protocol):
    """How a run that is being trained hears from its driver, and the driver from it."""

    @property
    def name(self) -> str:
        """Name of this worker, for messages."""
        ...

    def stop_wanted(self) -> bool:
        """Whether to save a checkpoint and end."""
        ...

    def noticed(self, message: str) -> None:
        """Something about the run that a user should know."""
        ...

    def progressed(self, epochs: int) -> None:
        """So many epochs are complete; the first call says that training begins."""
        ...


def execute(order: Order, link: Link) -> Report:
    """Train one run.

    What goes wrong is part of the report, so that a driver has one way to hear of it.
    """
    has, needs = (regx.__version__, code_digest()), (order["version"], order["code"])
    if complaint := refusal(link.name, has, needs):
        return _report("refused", complaint)
    with _one_at_a_time, _runs_dir(order) as (runs_dir, travels):
        folder = RunFolder(runs_dir / order["folder"])
        report = _Execution(order, link, folder).report()
        if travels and report["ending"] not in ("interrupted", "lost"):
            report["files"] = pack(folder)
    return report


def wait_until_idle(seconds: float) -> None:
    """Wait until nothing is being trained in this process, at most so long; nothing is begun afterwards."""
    _one_at_a_time.acquire(timeout=seconds)


@contextmanager
def _runs_dir(order: Order) -> Iterator[tuple[Path, bool]]:
    """Choose where to train: in the folder that is shared with the driver, else in one that ends with us."""
    runs_dir = Path(order["runs_dir"])
    if not order["token"] or is_shared(runs_dir, order["token"]):
        yield runs_dir, False
        return
    with scratch_folder() as folder:
        yield folder, True


@dataclass
class _Execution(Observer):
    """One order being carried out; watches the run, and tells it when to stop."""

    order: Order
    link: Link
    folder: RunFolder
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(self.order["time_limit"])

    def report(self) -> Report:
        """Train, and say how it went."""
        try:
            return self.judge(self.train_when_free())
        except (UsageError, OSError) as error:  # a full disk, say, says nothing of the run
            return _report("lost", explain(error))
        except Exception as error:
            return self.failed(error)

    def judge(self, record: RunRecord) -> Report:
        """Turn the record of a run into a report."""
        if record.status == "interrupted":
            if self.clock.limit is not None and self.clock.is_late() and not self.link.stop_wanted():
                return _report("failed", mark_late(self.folder, self.clock.limit))
            return _report("interrupted", f"stopped at step {record.steps_completed:,}")
        said = record.failure or record.note
        ending: Ending = "diverged" if record.status == "diverged" else "done"
        return _report(ending, said.message if said else "")

    def failed(self, error: Exception) -> Report:
        """Keep the traceback in the run's folder."""
        lines = "".join(traceback.format_exception(error))
        with contextlib.suppress(OSError):  # the report has its end, and run.json its message
            write_text(self.folder.error, lines)
        first = str(error).strip().partition("\n")[0]
        message = f"{type(error).__name__}: {first}" if first else type(error).__name__
        tail = [line for line in lines.splitlines() if line.strip(" ^~")]  # without what underlines
        return _report("failed", message, tail[-TAIL_LINES:])

    def train_when_free(self) -> RunRecord:
        """Train as soon as no other process does."""
        end = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                return self.train()
            except FolderBusyError:
                if time.monotonic() > end or self.link.stop_wanted():
                    raise
                time.sleep(0.2)

    def train(self) -> RunRecord:
        """Train once."""
        from regx.training.run import train_run

        config = RunConfig.model_validate(self.order["config"])
        dataset = _dataset(config.data.name, self.order["offline"])
        seconds = self.order["checkpoint_seconds"]
        return train_run(config, self.folder, dataset, self, checkpoint_seconds=seconds)

    def before_step(self, step: int) -> bool:  # noqa: ARG002  # the clock says when
        """Stop the run when its time is over, and when that is wished."""
        return not (self.clock.is_late() or self.link.stop_wanted())

    def noticed(self, message: str) -> None:
        """Pass it on; of locks that do not work the sweep has told already."""
        if not message.endswith(UNPROTECTED):
            self.link.noticed(message)

    def started(self, record: RunRecord) -> None:
        """Start the clock."""
        self.clock.begin()
        self.link.progressed(record.epochs_completed)

    def epoch_done(self, row: EpochMetrics) -> None:
        """Pass it on."""
        self.link.progressed(row.epoch)


@cache
def _dataset(name: str, offline: bool) -> "Dataset":
    """Load a data set once a process: there are few, and sweeps come back to the same one."""
    from regx.data.load import load_dataset

    return load_dataset(name, offline=offline)


def _report(ending: Ending | Literal["refused"], message: str, tail: list[str] | None = None) -> Report:
    return Report(ending=ending, message=message, tail=tail or [], files={})
