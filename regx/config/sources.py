"""Where the text of a config comes from: a file, standard input (`-`), or a pipe from the shell."""

import errno
import os
import re
import select
import stat
import sys
from pathlib import Path

from regx.config.os_errors import naming
from regx.config.reading import AT_ONCE, open_regular

__all__ = ["folder_of", "read_source", "show_source"]

PATIENCE_SECONDS = 1.0  # for someone to write into a named pipe
_OPEN_FILE = re.compile(r"/(?:dev|proc/self)/fd/(\d{1,9})")  # what bash makes of <(...)
_kept: dict[tuple[int, int], tuple[int, bytes]] = {}  # by device and inode: last change, content


def folder_of(path: Path) -> Path:
    """Return the folder that relative paths in a config start from; an open file has none of its own."""
    return path.parent if _number(path) is None else Path()


def show_source(path: Path) -> str:
    """Name a source in a message."""
    return "standard input" if str(path) == "-" else str(path)


def read_source(path: Path, limit: int) -> bytes:
    """Read a config, of which only so many bytes are wanted.

    What came through a pipe can be read once and is asked for several times, so it is kept.

    Raises:
        OSError: If it cannot be read, or is neither a regular file nor a pipe.
    """
    number = _number(path)
    if number == 0 and sys.stdin is None:
        raise OSError(errno.EBADF, "is closed", show_source(path))
    if number is not None:
        with naming(show_source(path)):
            return _read_once(number, limit)
    if _is_pipe(path):
        with naming(path):
            return _read_named_pipe(path, limit)
    with open_regular(path) as file:
        return file.read(limit)


def _number(path: Path) -> int | None:
    """Return the number of the open file that a path means."""
    if str(path) in ("-", "/dev/stdin"):
        return 0
    found = _OPEN_FILE.fullmatch(str(path))
    return int(found[1]) if found else None


def _is_pipe(path: Path) -> bool:
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except OSError:
        return False


def _read_named_pipe(path: Path, limit: int) -> bytes:
    number = os.open(path, os.O_RDONLY | AT_ONCE)
    try:
        found = os.fstat(number)
        is_new = (found.st_dev, found.st_ino) not in _kept
        if is_new and not select.select([number], [], [], PATIENCE_SECONDS)[0]:
            error = OSError(errno.EAGAIN, "is a named pipe that nobody writes to", str(path))
            error.add_note("start its writer first, or give a file")
            raise error
        os.set_blocking(number, True)
        return _read_once(number, limit)
    finally:
        os.close(number)


def _read_once(number: int, limit: int) -> bytes:
    """Read to the end, or return what was read before and has not been written to since."""
    found = os.fstat(number)
    key = (found.st_dev, found.st_ino)
    changed, content = _kept.get(key, (None, b""))
    if changed == found.st_mtime_ns:
        return content
    content = b""
    while len(content) < limit and (more := os.read(number, limit - len(content))):
        content += more
    _kept[key] = (os.fstat(number).st_mtime_ns, content)
    return content
