"""Reading a file, standard input or a pipe; and the messages when the system refuses."""

import errno
import os
import re
import select
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from regx.text import one_line

__all__ = [
    "AT_ONCE",
    "OTHER_OUT",
    "advising",
    "explain",
    "folder_of",
    "is_usage",
    "naming",
    "open_regular",
    "read_beside",
    "read_bytes",
    "read_source",
    "read_text",
    "reason",
    "refuse_special",
    "show_source",
]

OTHER_OUT = "choose another place with --out"

_ELSEWHERE = "choose another place"
_REMEDIES = {
    errno.EBADF: "give a file",
    errno.ENOENT: "check the path",
    errno.EACCES: f"see that you may read and write there, or {_ELSEWHERE}",
    errno.EPERM: f"see that you may read and write there, or {_ELSEWHERE}",
    errno.EROFS: _ELSEWHERE,
    errno.ENOTDIR: "mend the path",
    errno.EISDIR: "a file belongs there; move the folder away",
    errno.EEXIST: "move away what stands there",
    errno.ENOTEMPTY: "move away what stands there",
    errno.EINVAL: "mend the path",
    errno.ELOOP: "mend the links",
    errno.ENAMETOOLONG: "take a shorter name or path",
    errno.ENOSPC: f"free some space there, or {_ELSEWHERE}",
    errno.EDQUOT: f"free some space of your quota, or {_ELSEWHERE}",
    errno.EFBIG: "raise the limit on the size of a file (ulimit -f)",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "close other programs: the machine has no more files to open",
    errno.EIO: "look after the disk or the network drive, then try again",
    errno.ENOMEM: "free some memory, then try again",
}
_DEFAULT_REMEDY = "mend that, then try again"
# A path that was given cannot be used as it stands; the rest is the machine's trouble.
_OF_THE_PATH = frozenset(
    {
        errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST,
        errno.ENOTEMPTY, errno.EINVAL, errno.ELOOP, errno.ENAMETOOLONG,
    }
)  # fmt: skip


@contextmanager
def naming(path: os.PathLike[str] | str) -> Iterator[None]:
    """Add the file's name to an error of the system: a write or a flush does not know it."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        named = OSError(error.errno or 0, error.strerror or str(error), os.fspath(path))
        for note in getattr(error, "__notes__", ()):
            named.add_note(note)
        raise named from None


@contextmanager
def advising(remedy: str) -> Iterator[None]:
    """Add a special remedy to an error of the system."""
    try:
        yield
    except OSError as error:
        error.add_note(remedy)
        raise


def explain(error: Exception) -> str:
    """Return one line: which file, what the system said, and what to do.

    What was noted on the error (see `advising`) replaces the general remedy. Errors of regx are whole.
    """
    if not isinstance(error, OSError):
        return str(error)
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    return f"{one_line(' -> '.join(names) or 'error')}: {reason(error)}"


def reason(error: OSError) -> str:
    """Say what the system said, and what to do."""
    said = one_line(error.strerror or str(error).partition("\n")[0] or type(error).__name__)
    remedies = getattr(error, "__notes__", None) or [_REMEDIES.get(error.errno or 0, _DEFAULT_REMEDY)]
    return "; ".join([said, *remedies])


def is_usage(error: OSError) -> bool:
    """Whether the path is wrong, and not the machine in trouble."""
    return error.errno in _OF_THE_PATH


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


def read_beside(module: str, name: str) -> Any:
    """Read a YAML file of the package.

    Args:
        module: `__file__` of the module that it belongs to.
        name: Of the file, in the same folder.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast
    return yaml.load(Path(module).with_name(name).read_text(encoding="utf-8"), Loader=loader)


def read_text(path: Path) -> str:
    """Read a regular file of UTF-8, line ends as `Path.read_text` gives them.

    Raises:
        UnicodeDecodeError: If it is none.
        OSError: If it is no regular file, or cannot be read.
    """
    return read_bytes(path).decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def refuse_special(path: Path) -> None:
    """Refuse a path that is not a regular file. A path without a file is fine.

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
    """Read a config, up to a number of bytes.

    A pipe can be read only once, but its content is needed several times, so it is kept.

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
