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
from regx.sweeps.jobs import Order, Report
from regx.sweeps.worker import wait_until_idle

if TYPE_CHECKING:
    from distributed import Worker

__all__ = [
    "Introduction",
    "Progress",
    "introduce",
    "request_stop",
    "save_before_the_end",
    "topic",
    "train",
]

SAVE_SECONDS = 60.0  # for a run to come to its next step and be saved
SIGNALS = ("SIGTERM", "SIGHUP", "SIGUSR1")  # SIGUSR1 is Slurm's warning; Windows has but the first


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


EVENT_SECONDS = 0.2  # between two events of one run

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of malloc.h

_stopped: set[str] = set()  # tokens of sweeps that were asked to end


class Introduction(TypedDict):
    """What a worker says of itself before it gets anything to do."""

    name: str
    version: str
    code: str


class Progress(TypedDict):
    """Event of a run that goes on: so many epochs are complete, or something is to be known of it."""

    key: str
    epochs: int
    notice: str


def topic(token: str) -> str:
    """Name the stream of events of one sweep."""
    return f"regx-{token}"


def introduce() -> Introduction:
    """Load what training needs, so that no run pays for it, and say which regx this is."""
    from distributed import get_worker

    import regx.training.run

    keep_memory()
    worker = get_worker()
    save_before_the_end(worker)
    return Introduction(name=str(worker.name), version=regx.__version__, code=code_digest())


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


def train(order: Order) -> Report:
    """Train one run; its events go to the driver by way of the scheduler."""
    from distributed import get_worker

    from regx.sweeps.worker import execute

    worker = get_worker()
    return execute(order, _Link(worker, order["token"], str(worker.get_current_task())))


@dataclass
class _Link:
    """Between a run and the driver of its sweep."""

    worker: "Worker"
    token: str
    key: str
    told: float = field(default=0.0)

    @property
    def name(self) -> str:
        return str(self.worker.name)

    def stop_wanted(self) -> bool:
        """Also when the driver is gone (the scheduler then cancels the task), or this worker is closing."""
        if self.token in _stopped or self.worker.status.name not in ("running", "paused"):
            return True
        task = self.worker.state.tasks.get(self.key)
        return task is None or task.state == "cancelled"

    def noticed(self, message: str) -> None:
        self.tell(Progress(key=self.key, epochs=0, notice=message))

    def progressed(self, epochs: int) -> None:
        now = time.monotonic()
        if now - self.told >= EVENT_SECONDS:
            self.told = now
            self.tell(Progress(key=self.key, epochs=epochs, notice=""))

    def tell(self, progress: Progress) -> None:
        self.worker.log_event(topic(self.token), progress)
