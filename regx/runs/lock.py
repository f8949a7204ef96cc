"""Locks on files: one process at a time, let go by the system when that process ends, however it ends."""

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from regx.config.reading import refuse_special

__all__ = ["hold", "is_held"]

WAITS = (0.0, 0.05, 0.1, 0.2)  # seconds before each try


@contextmanager
def hold(path: Path, waits: Sequence[float] = WAITS) -> Iterator[None]:
    """Hold a lock for this process.

    Args:
        path: The file to lock; made where it is missing.
        waits: Seconds before each try: a reader that looks whether it is held holds it for a moment.

    Raises:
        BlockingIOError: If another process holds it.
        OSError: If the file cannot be opened.
    """
    refuse_special(path)
    with path.open("ab") as file:  # open for writing: NFS locks nothing else
        for wait in waits:
            time.sleep(wait)
            if _try(file, fcntl.LOCK_EX):
                break
        else:
            raise BlockingIOError
        yield


def is_held(path: Path) -> bool:
    """Whether some process holds the lock; nobody does where nobody can write."""
    try:
        refuse_special(path)
        with path.open("rb") as file:  # a shared lock: readers do not take each other for a holder
            return not _try(file, fcntl.LOCK_SH)
    except OSError:
        return False


def _try(file: BinaryIO, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
