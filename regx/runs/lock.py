"""Locks on files: one process at a time. The system releases the lock when the process ends, in any way."""

import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import BinaryIO

from regx.reading import refuse_special

__all__ = ["UNPROTECTED", "hold", "is_held"]

UNPROTECTED = "two processes could train the same run at once; see that only one does"
WAITS = (0.0, 0.05, 0.1, 0.2)  # seconds before each try


@contextmanager
def hold(path: Path, waits: Iterable[float] = WAITS, *, busy: Exception | None = None) -> Iterator[str]:
    """Hold a lock for this process. If the file system has no locks, continue without.

    A lock file would work there, but it would stay after a kill.

    Args:
        path: The file to lock; made where it is missing.
        waits: Seconds before each try: a reader that looks whether it is held holds it for a moment.
        busy: Raised if another process holds it; None: BlockingIOError.

    Yields:
        What is not protected, and why, in one line; empty where the lock is held.

    Raises:
        Exception: `busy`.
        OSError: If the file cannot be opened.
    """
    refuse_special(path)
    with path.open("ab") as file:  # open for writing: NFS locks nothing else
        missing = ""
        try:
            is_ours = any(_take(file, wait) for wait in waits)
        except OSError as error:  # ENOSYS of Lustre without flock, ENOLCK of NFS without its daemon, ...
            is_ours = True
            missing = (
                f"{path.parent}: file locks do not work there ({error.strerror or error}): {UNPROTECTED}"
            )
        if not is_ours:
            raise busy or BlockingIOError
        yield missing


def is_held(path: Path) -> bool:
    """Whether some process holds the lock. Nobody does if nobody can write, or if there are no locks."""
    try:
        refuse_special(path)
        with path.open("rb") as file:
            return not _look(file)
    except OSError:
        return False


def _take(file: BinaryIO, wait: float) -> bool:
    """Try to lock a file, after so many seconds."""
    time.sleep(wait)
    return _lock_descriptor()(file.fileno(), blocking=False)


@cache
def _lock_descriptor() -> Callable[..., bool]:
    """Import the lock of the system alone: filelock's FileLock makes do with a file that outlives a kill."""
    with warnings.catch_warnings():  # of a system without locks, which the lock's error says as well
        warnings.simplefilter("ignore")
        from filelock import lock_descriptor
    return lock_descriptor


def _look(file: BinaryIO) -> bool:
    """Try to share a lock for a moment, so that two readers do not take each other for its holder."""
    try:
        import fcntl
    except ImportError:  # Windows: there a second look tells a reader from a holder
        return any(_take(file, wait) for wait in WAITS)
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
