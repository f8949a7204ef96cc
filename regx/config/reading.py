"""Opening what is read: a regular file, or an error at once.

A named pipe in the place of a file would keep its reader waiting for ever, and so might a device.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from regx.config.os_errors import naming

__all__ = ["AT_ONCE", "open_regular", "read_bytes", "read_text", "refuse_special"]

AT_ONCE: int = getattr(os, "O_NONBLOCK", 0)  # a pipe without a writer is opened all the same
_KINDS = (
    (stat.S_ISFIFO, "is a named pipe, not a file"),
    (stat.S_ISSOCK, "is a socket, not a file"),
    (stat.S_ISCHR, "is a device, not a file"),
    (stat.S_ISBLK, "is a device, not a file"),
)


@contextmanager
def open_regular(path: Path, mode: str = "rb") -> Iterator[BinaryIO]:
    """Open a regular file, for reading or (mode `ab`) for appending; what reads it fail names the file.

    Raises:
        OSError: If it is anything else, or cannot be opened.
    """
    refuse_special(path)  # before it is opened: opening a device may do something
    buffering = -1 if "r" in mode else 0
    with naming(path), open(path, mode, buffering, opener=_open) as file:
        _refuse(path, os.fstat(file.fileno()).st_mode)
        yield cast("BinaryIO", file)


def read_bytes(path: Path) -> bytes:
    """Read a regular file."""
    with open_regular(path) as file:
        return file.read()


def read_text(path: Path) -> str:
    """Read a regular file of UTF-8, line ends as `Path.read_text` gives them.

    Raises:
        UnicodeDecodeError: If it is none.
        OSError: If it is no regular file, or cannot be read.
    """
    return read_bytes(path).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def refuse_special(path: Path) -> None:
    """Refuse a path at which something else than a regular file stands; nothing may stand there.

    Raises:
        OSError: If something else does; it says what.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    _refuse(path, mode)


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | AT_ONCE, 0o666)


def _refuse(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    for is_kind, said in _KINDS:
        if is_kind(mode):
            error = OSError(errno.EINVAL, said, str(path))
            error.add_note("put a regular file there, or move it away")
            raise error
