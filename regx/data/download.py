"""The download of one source, by a program of its own, and who is told how it goes."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["NO_LISTENER", "Download", "Listener", "SourceError"]


class SourceError(Exception):
    """One source did not give the data; the message is the reason in a few words."""


def _ignore(*_: object) -> None:
    """Tell no one."""


@dataclass(frozen=True)
class Listener:
    """Who is told how fetching goes; no one, unless something is given.

    Attributes:
        report: Called with one line of text whenever something happens that a user should know of.
        progress: Called with the bytes that came so far and the bytes expected.
    """

    report: Callable[[str], None] = _ignore
    progress: Callable[[int, int], None] = _ignore


NO_LISTENER = Listener()

POLL_SECONDS = 0.1
SILENT_SECONDS = 10.0  # nothing came for so long: no one answers
JUDGE_AFTER_SECONDS = 20.0  # by then the speed is known,
PATIENCE_SECONDS = 300.0  # and a source that would take longer than this gives way to the next


@dataclass(frozen=True, kw_only=True)
class Download:
    """The download of one source: a program that runs in an empty folder, within limits of time.

    Attributes:
        folder: Empty folder for whatever is downloaded.
        listener: Is told of the bytes that came.
        last: Whether this is the last source: then a slow download is better than none.
    """

    folder: Path
    listener: Listener
    last: bool

    def run(self, command: Sequence[str], *, expected_bytes: int, start_seconds: float = 0.0) -> str:
        """Run a command in the folder until it ends, sends nothing for too long, or is too slow.

        Args:
            command: Program and arguments; no shell.
            expected_bytes: Size of the download.
            start_seconds: How long it may be silent before the first file appears, if that is longer than
                `SILENT_SECONDS`, which hold from then on.

        Returns:
            What it printed.

        Raises:
            SourceError: If the program is not there, fails, or ran into a limit.
        """
        with tempfile.TemporaryFile() as log:
            try:
                process = subprocess.Popen(
                    command,
                    cwd=self.folder,
                    stdin=subprocess.PIPE,  # closes when this process ends, however it ends
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # so that it can be stopped with its children
                    env={
                        **os.environ,
                        "PYTHONIOENCODING": "utf-8",
                        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                    },
                )
            except FileNotFoundError:
                raise SourceError(f"{command[0]} is not installed") from None
            try:
                self._watch(process, expected_bytes, start_seconds)
            finally:
                _stop(process)
            log.seek(0)
            output = log.read().decode(errors="replace")
        if process.returncode != 0:
            raise SourceError(
                _refusal_of(output) or f"{Path(command[0]).name} ended with code {process.returncode}"
            )
        return output

    def _watch(self, process: subprocess.Popen[bytes], expected_bytes: int, start_seconds: float) -> None:
        last_change = time.monotonic()
        begin: float | None = None  # of the data: a program may take its time to start
        limit, seen = max(start_seconds, SILENT_SECONDS), _content(self.folder)
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
            now, content = time.monotonic(), _content(self.folder)
            if content != seen:
                seen, last_change, limit = content, now, SILENT_SECONDS
                begin = now if begin is None else begin
                self.listener.progress(min(content[1], expected_bytes), expected_bytes)
            if process.poll() is None and now - last_change > limit:
                raise SourceError(f"no data came for {limit:.0f} s")
            if self.last or begin is None or now - begin <= JUDGE_AFTER_SECONDS:
                continue
            speed = seen[1] / (now - begin)
            if speed * PATIENCE_SECONDS < expected_bytes:
                raise SourceError(f"too slow: {speed / 1000:.0f} kB/s")


def _content(folder: Path) -> tuple[int, int]:
    """Return how many files a folder holds and how many bytes; files may vanish meanwhile."""
    count = size = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                size += (Path(root) / name).stat().st_size
            except FileNotFoundError:
                continue
            count += 1
    return count, size


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a process and its children if it still runs."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:  # Windows
            process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


# apt-get and npm (old and new) mark their errors; npm first says what its program code calls them.
_MARKED = re.compile(r"(?:E:|npm (?:error|ERR!))\s+(?!code |errno |syscall )(\S.*)")


def _refusal_of(output: str) -> str:
    """Return the most useful line of a failed program's output: the first error line, else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    marked = [found.group(1) for line in lines if (found := _MARKED.match(line))]
    return (marked or lines[-1:] or [""])[0]
