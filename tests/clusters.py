"""Dask schedulers and workers as a user starts them by hand: on loopback, and stopped when the test is."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60.0
CERTIFICATES = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN=regx-ca -keyout ca.key -out ca.pem",
    "openssl req -newkey rsa:2048 -nodes -subj /CN=regx -keyout regx.key -out regx.csr",
    "openssl x509 -req -in regx.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 365 -out regx.pem",
)


@dataclass(frozen=True)
class Scheduler:
    """A running `dask scheduler`."""

    process: subprocess.Popen[bytes]
    file: Path
    log: Path

    def wait_for_workers(self, count: int) -> None:
        """Wait until so many workers have registered, since the scheduler started."""
        wait_until(lambda: self.log.read_text().count("Register worker") >= count, self.process)

    @property
    def address(self) -> str:
        """Where it listens."""
        return str(json.loads(self.file.read_text())["address"])


@contextmanager
def start_scheduler(folder: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[Scheduler]:
    """Start `dask scheduler` on loopback and wait until it listens."""
    file = folder / "scheduler.json"
    words = ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    with _dask([*words, "--scheduler-file", str(file), *options], folder, env=env) as (process, log):
        wait_until(lambda: file.exists() and file.read_text().strip().endswith("}"), process)
        yield Scheduler(process, file, log)


@contextmanager
def start_worker(
    address: str,
    folder: Path,
    *options: str,
    env: Mapping[str, str] | None = None,
    wrapper: Sequence[str] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """Start `dask worker` with one thread; it registers by itself, a few seconds later.

    Args:
        address: Of the scheduler.
        folder: For its log and its files.
        options: Further words for `dask worker`.
        env: Added to this process's environment.
        wrapper: Words before the command, as of `env` or `unshare`.
    """
    words = ["worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard"]
    words += ["--memory-limit", "0", "--local-directory", str(folder), *options]
    with _dask(words, folder, env=env, wrapper=wrapper) as (process, _):
        yield process


def wait_until(
    happened: Callable[[], bool],
    process: subprocess.Popen[bytes] | None = None,
    seconds: float = START_SECONDS,
) -> None:
    """Wait for something, as long as a process lives."""
    end = time.monotonic() + seconds
    while not happened():
        assert process is None or process.poll() is None, "the process has ended"
        assert time.monotonic() < end, f"nothing happened in {seconds} s"
        time.sleep(0.05)


@contextmanager
def _dask(
    words: list[str], folder: Path, *, env: Mapping[str, str] | None = None, wrapper: Sequence[str] = ()
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    log = folder / f"{words[0]}-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*wrapper, sys.executable, "-m", "dask", *words],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=os.environ | (env or {}),
            start_new_session=True,  # a worker's nanny and its child end together
        )
    try:
        yield process, log
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


def make_certificates(folder: Path) -> dict[str, str]:
    """Make an authority and one certificate signed by it, with the commands of docs/cluster.md.

    Returns:
        Dask's settings that use them, as environment variables.
    """
    for command in CERTIFICATES:
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True, timeout=60)
    settings = {"DASK_DISTRIBUTED__COMM__TLS__CA_FILE": str(folder / "ca.pem")}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        settings[f"DASK_DISTRIBUTED__COMM__TLS__{role}__CERT"] = str(folder / "regx.pem")
        settings[f"DASK_DISTRIBUTED__COMM__TLS__{role}__KEY"] = str(folder / "regx.key")
    settings["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] = "true"
    return settings
