"""Worker processes on this machine, behind a scheduler that listens on loopback only."""

import errno
import importlib
import logging
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

from regx.config.errors import UsageError
from regx.runs.files import scratch_folder

__all__ = ["local_workers"]

HOST = "127.0.0.1"
CLOSE_SECONDS = 10
FILES, FILES_PER_WORKER = 128, 16  # more than a process, and what it keeps open for each worker, takes


@contextmanager
def local_workers(gpus: Sequence[str | None]) -> Iterator[Any]:
    """Start a scheduler in this process and one worker process for each entry.

    Each worker has one thread and is started anew when it dies. The workers end with this process, however it
    ends.

    Args:
        gpus: What each worker is to see of CUDA; None leaves that as it is.

    Yields:
        The cluster, for a client to connect to.

    Raises:
        UsageError: If they cannot be started.
        OSError: If this process may not open as many files as they need.
    """
    _see_to_open_files(len(gpus))
    dask: Any = importlib.import_module("distributed")
    security, protocol = _security(dask)

    with scratch_folder() as scratch:
        common = {
            "host": HOST,
            "protocol": protocol,
            "security": security,
            "nthreads": 1,
            "memory_limit": 0,  # a run that needs much memory is the user's choice
            "local_directory": str(scratch),
            "silence_logs": logging.CRITICAL,
            "dashboard": False,
        }
        workers = {
            index: {
                "cls": dask.Nanny,
                "options": common | {"env": {} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu}},
            }
            for index, gpu in enumerate(gpus)
        }
        listens = {
            "host": HOST,
            "port": 0,
            "protocol": protocol,
            "security": security,
            "dashboard": False,
            "dashboard_address": f"{HOST}:0",  # its health pages are served all the same, on 8787 by default
        }
        scheduler = {"cls": dask.Scheduler, "options": listens}
        try:
            with _deaf():
                cluster = dask.SpecCluster(scheduler=scheduler, workers=workers, security=security)
        except RuntimeError as error:
            raise UsageError(
                f"--jobs: the workers could not be started ({error.__cause__ or error})"
            ) from None
        try:
            yield cluster
        finally:
            cluster.close(timeout=CLOSE_SECONDS)


def _see_to_open_files(num_workers: int) -> None:
    """Raise the limit on open files as far as the workers need it: without them, Dask waits for ever."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    wanted = FILES + FILES_PER_WORKER * num_workers
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), f"--jobs {num_workers}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _security(dask: Any) -> tuple[Any, str]:
    """Use TLS where Dask's configuration has certificates for everyone, else plain loopback."""
    security = dask.Security()
    roles = ("scheduler", "worker", "client")
    if all(security.get_connection_args(role)["ssl_context"] for role in roles):
        return security, "tls://"
    security.require_encryption = False
    return security, "tcp://"


@contextmanager
def _deaf() -> Iterator[None]:
    """Block signals in the threads that are made here, and so in the processes that those start.

    A terminal sends Ctrl-C to all processes of a command; what is to happen to the runs is for the driver,
    which hears it in its main thread, to decide. SIGHUP and SIGUSR1 would end a worker that is starting, and
    the process with which Python tidies up after all of them; a worker hears them when it can save its run.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    numbers = {signal.SIGINT, signal.SIGHUP, signal.SIGUSR1}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        resource_tracker.ensure_running()  # else a thread starts it, and hears SIGINT from then on
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
