"""How a worker's process ends: told to, or left alone by its nanny, it saves its run first."""

import contextlib
import importlib
import os
import signal
import threading
from types import FrameType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from regx.sweeps.worker import wait_until_idle

if TYPE_CHECKING:
    from distributed import Worker

__all__ = ["save_before_the_end"]

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
