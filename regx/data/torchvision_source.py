"""First source: torchvision's own download, which checks its md5s, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regx.data.arrays import Arrays
from regx.data.spec import SourceError
from regx.reading import explain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Progress", "Torchvision", "Watcher", "download"]

Progress = Callable[[int, int], None]
"""Called with the bytes that came so far and the bytes expected."""

POLL_SECONDS = 0.1
SILENT_SECONDS = 10.0  # nothing came for so long: no one answers
JUDGE_AFTER_SECONDS = 20.0  # by then the speed is known,
PATIENCE_SECONDS = 300.0  # and a source that would take longer than this gives way to the next


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """Runs one source's download.

    Attributes:
        folder: Empty folder for whatever is downloaded.
        progress: Told of the bytes that came.
        last: Whether no other source follows: then slow is better than nothing.
    """

    folder: Path
    progress: Progress
    last: bool

    def run(self, command: Sequence[str], *, expected_bytes: int, start_seconds: float = 0.0) -> str:
        """Run a command in the folder until it ends, falls silent or proves too slow.

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
                self.progress(min(content[1], expected_bytes), expected_bytes)
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
    """Return the line of a failed program's output that says most: the first marked one, else the last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    marked = [found.group(1) for line in lines if (found := _MARKED.match(line))]
    return (marked or lines[-1:] or [""])[0]


START_SECONDS = 120.0  # importing torch from a cluster's network drive takes that long on a bad day
SOCKET_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Torchvision:
    """A data set that torchvision can download.

    Attributes:
        class_name: In `torchvision.datasets`.
        num_bytes: Size of the download.
    """

    class_name: str
    num_bytes: int
    kind: str = "torchvision"
    label: str = "torchvision's download"

    def get(self, watcher: Watcher) -> Arrays:
        """Download in another process, and read what it left."""
        from regx.data.arrays import read_npz

        result = watcher.folder / "arrays.npz"
        command = [sys.executable, "-P", "-m", __name__, self.class_name, str(result)]
        watcher.run(command, expected_bytes=self.num_bytes, start_seconds=START_SECONDS)
        try:
            return read_npz(result)
        except (OSError, ValueError) as error:
            raise SourceError(f"it left no data: {explain(error)}") from None


def download(dataset_class: Any, folder: Path) -> Arrays:
    """Download a data set through its torchvision class.

    CIFAR-10 comes as pickles; torchvision checks the md5 of each before it opens it.

    Args:
        dataset_class: A class of `torchvision.datasets`.
        folder: Where torchvision may keep its files.
    """
    import numpy as np

    train = dataset_class(folder, train=True, download=True)
    test = dataset_class(folder, train=False)
    return Arrays(
        train_images=_channels_first(np.asarray(train.data)),
        train_labels=np.asarray(train.targets, dtype=np.int64),
        test_images=_channels_first(np.asarray(test.data)),
        test_labels=np.asarray(test.targets, dtype=np.int64),
    )


def _channels_first(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn (N, H, W) or (N, H, W, C) into (N, C, H, W)."""
    import numpy as np

    return np.ascontiguousarray(images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2))


def _end_with_parent() -> None:
    """Wait for the end of standard input, which the parent holds open as long as it lives; then end too."""
    while os.read(0, 1):  # not sys.stdin: a reader blocked in it cannot be left behind at exit
        pass
    os._exit(1)


def _reason(error: Exception) -> str:
    """Return the last line of an error of torchvision or urllib, without its wrapping."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[-1]
    return re.sub(r"^<urlopen error (.*)>$", r"\1", line).split("] ", 1)[-1]


def _run(class_name: str, result: Path) -> int:
    """Download and write the arrays to `result`; the last line printed on failure is the reason."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    socket.setdefaulttimeout(SOCKET_SECONDS)
    try:
        import torchvision.datasets  # type: ignore[import-untyped]
    except Exception as error:  # beside a torch of another release it raises RuntimeError, OSError, ...
        print(f"torchvision cannot be imported: {error}")  # noqa: T201
        return 1
    from regx.data.arrays import write_npz

    folder = result.parent / "torchvision"
    folder.mkdir()
    (folder / "started").touch()  # tells the parent that from now on silence means that no one answers
    try:
        write_npz(result, download(getattr(torchvision.datasets, class_name), folder))
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        print(_reason(error))  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1], Path(sys.argv[2])))
