"""Worker processes on this machine: how many fit, and which GPU each gets."""

import errno
import importlib
import logging
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any

from regx.config.errors import UsageError
from regx.runs.files import scratch_folder
from regx.text import counted

__all__ = ["local_workers", "place", "visible_gpus"]


def visible_gpus() -> list[str]:
    """List the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them.

    That variable decides where it is set (empty: none); otherwise `nvidia-smi` is asked.
    """
    listed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if listed is not None:
        names = [name.strip() for name in listed.split(",")]
        return [name for name in names if name and name != "-1"]
    try:
        command = ["nvidia-smi", "-L"]
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return []
    count = sum(line.startswith("GPU ") for line in done.stdout.splitlines())
    return [str(index) for index in range(count)]


def place(num_workers: int, per_gpu: int | None = None) -> list[str | None]:
    """Give each worker its GPU, in turn: with two GPUs, four workers get 0, 1, 0, 1.

    Args:
        num_workers: Workers on this machine.
        per_gpu: How many may share a GPU; None for one each.

    Returns:
        One name per worker; None for each where this machine has no GPU.

    Raises:
        UsageError: If `per_gpu` was asked for and there is no GPU, or there are more workers than places.
    """
    gpus = visible_gpus()
    if not gpus:
        if per_gpu is not None:
            raise UsageError("--per-gpu: no GPU was found here (nvidia-smi -L lists them); leave it out")
        return [None] * num_workers
    places = len(gpus) * (per_gpu or 1)
    if num_workers > places:
        here = counted(len(gpus), "GPU")
        needed = -(-num_workers // len(gpus))
        raise UsageError(
            f"--jobs {num_workers}: {here} here; say --per-gpu {needed} to let workers share one,"
            " or set device: cpu"
        )
    return [gpus[index % len(gpus)] for index in range(num_workers)]


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
        # The scheduler times the collections of garbage in this process. A Ctrl-C in the middle of one would
        # be raised in its callback, and be lost.
        dask.gc.disable_gc_diagnosis()
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
