"""What runs inside a Dask worker, from its introduction to its end."""

import contextlib
import ctypes
import importlib
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from types import FrameType, SimpleNamespace
from typing import TYPE_CHECKING, Any, TypedDict

from regx.runs.checkout import code_digest
from regx.sweeps.jobs import EngineOptions, Job, JobResult, Watch
from regx.sweeps.worker import wait_until_idle

if TYPE_CHECKING:
    from distributed import Worker

__all__ = ["Event", "Introduction", "introduce", "request_stop", "resource", "train"]

SAVE_SECONDS = 60.0  # for a run to come to its next step and be saved
SIGNALS = ("SIGTERM", "SIGHUP", "SIGUSR1")  # SIGUSR1 is Slurm's warning; Windows has but the first
EVENT_SECONDS = 0.2  # between two events of one run
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h

_stopped: set[str] = set()  # tokens of sweeps that were asked to end


def save_before_the_end(worker: "Worker") -> None:
    """Have this process's run saved before the process ends, unless it is killed itself.

    Args:
        worker: Of this process. Once it is closing, its run wants to stop.
    """
    worker.loop.add_callback(_heed_signals, worker)
    if worker.nanny:
        _outlive_nanny(worker)


def _close(worker: "Worker") -> None:
    """End the process once its run has; its nanny, if that is to go on, starts another."""
    with contextlib.suppress(RuntimeError):  # its loop has ended: it is closed already
        worker.loop.add_callback(worker.close, timeout=SAVE_SECONDS, nanny=False, reason="told to end")


def _heed_signals(worker: "Worker") -> None:
    """Close the worker on signals that nobody else heeds; called in the thread of its loop."""
    if threading.current_thread() is not threading.main_thread():
        return

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        _close(worker)

    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, on_signal)
            if hasattr(signal, "pthread_sigmask"):  # on this machine the driver had them wait for this
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})


def _outlive_nanny(worker: "Worker") -> None:
    """Let the run save itself where Dask ends the process the moment that its nanny is gone.

    In `regx sweep --jobs` the nannies live in the driver. A thread of Dask's waits for the end of a pipe that
    they hold and then calls `os._exit`, whatever is being trained; there is no setting for that.
    """

    def leave(code: int) -> None:
        _close(worker)
        wait_until_idle(SAVE_SECONDS)
        os._exit(code)

    process: Any = importlib.import_module("distributed.process")
    process.os = SimpleNamespace(**{**vars(os), "_exit": leave})


class Introduction(TypedDict):
    """What a worker says of itself before it gets anything to do.

    Attributes:
        threads: It has; a run takes one.
        complaint: Why it cannot serve the sweep, in one line; empty where it can.
    """

    threads: int
    complaint: str


class Event(TypedDict):
    """Something that a worker tells of a run while it is trained.

    Attributes:
        key: Of the task.
        worker: Address of the worker.
        name: What to call the worker in messages.
        epochs: That are complete; None when the worker has only just begun.
        notice: What a user should know, if this is about that.
    """

    key: str
    worker: str
    name: str
    epochs: int | None
    notice: str


def resource(token: str) -> str:
    """Name what a worker needs to be given runs of a sweep, and the stream of its events."""
    return f"regx-{token}"


def introduce(token: str, version: str, code: str) -> Introduction:
    """Load what training needs, so that no run pays for it; with the same code, take part in the sweep.

    Args:
        token: Of the sweep.
        version: Of the driver.
        code: Digest of the driver's source.
    """
    from distributed import get_worker

    import regx.training.run

    keep_memory()
    worker = get_worker()
    save_before_the_end(worker)
    complaint = ""
    if (regx.__version__, code_digest()) == (version, code):
        worker.loop.add_callback(_take_part, worker, token)
    else:
        complaint = (
            f"worker {worker.address}: has regx {regx.__version__} (code {code_digest()}), this sweep needs"
            f" {version} (code {code}); install the same version there"
        )
    return Introduction(threads=worker.state.nthreads, complaint=complaint)


async def _take_part(worker: "Worker", token: str) -> None:
    """Take runs of a sweep; also those that found no worker.

    The scheduler looks at them when a worker comes or goes on after a pause, not when it gets a resource.
    """
    from distributed import Status

    await worker.set_resources(**{resource(token): 1})
    if worker.status == Status.running:
        worker.status = Status.paused
        worker.status = Status.running


def keep_memory() -> None:
    """Let malloc keep what is freed, as it does where it is left alone.

    Dask starts workers with MALLOC_TRIM_THRESHOLD_=65536, so that they look small from outside. Training
    frees and takes the same megabytes at each step, and with that setting asks the system for all of them
    anew: small networks trained half as fast. The values are those that glibc's own rule ends at.

    Source:
        mallopt(3): M_TRIM_THRESHOLD, M_MMAP_THRESHOLD.
    """
    if "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        return
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library has neither
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, 32 << 20)
        mallopt(M_TRIM_THRESHOLD, 64 << 20)


def request_stop(token: str) -> None:
    """Ask the runs of a sweep that are being trained in this process to save themselves and end."""
    _stopped.add(token)


def train(job: Job, options: EngineOptions, token: str) -> JobResult:
    """Train one run; its events go to the driver by way of the scheduler.

    Raises:
        Reschedule: If this worker is told to end: the run goes on at another.
    """
    from distributed import Reschedule, get_worker

    from regx.sweeps.worker import execute

    worker = get_worker()
    key = str(worker.get_current_task())

    def stop_wanted() -> bool:
        """Also when the driver is gone (the scheduler then cancels the task), or this worker is closing."""
        if token in _stopped or worker.status.name not in ("running", "paused"):
            return True
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    result = execute(job, options, _Events(worker, token, key), stop_wanted, token)
    if result.ending == "interrupted" and token not in _stopped:
        raise Reschedule
    return result


@dataclass
class _Events(Watch):
    """Tells the driver of a run."""

    worker: "Worker"
    token: str
    key: str
    told: float = field(default=0.0)

    def started(self, job: Job, worker: str) -> None:  # noqa: ARG002
        self.tell(None)

    def progressed(self, job: Job, epochs: int) -> None:  # noqa: ARG002
        now = time.monotonic()
        if now - self.told >= EVENT_SECONDS:
            self.told = now
            self.tell(epochs)

    def noticed(self, message: str) -> None:
        self.tell(None, message)

    def tell(self, epochs: int | None, notice: str = "") -> None:
        worker = self.worker
        event = Event(
            key=self.key, worker=worker.address, name=str(worker.name), epochs=epochs, notice=notice
        )
        worker.log_event(resource(self.token), event)
