"""Files that are complete or absent, and files that grow and always end at a complete row."""

import contextlib
import csv
import errno
import glob
import io
import os
import re
import shutil
import socket
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from regx.reading import naming, open_regular, read_bytes, read_text
from regx.text import printable

__all__ = [
    "ASIDE_SUFFIX",
    "PART_SUFFIX",
    "GrowingFile",
    "atomic_path",
    "part_folder",
    "put_aside",
    "read_lines",
    "remove_leftovers",
    "scratch_folder",
    "write_csv",
    "write_text",
]

PART_SUFFIX = ".part"
ASIDE_SUFFIX = ".damaged"
SCRATCH_NAME = "regx"
_MAKER = re.compile(r".*\.(?P<pid>\d+)-(?P<host>[0-9a-f]{8})\.[^.]*\.part")
_STALE_SECONDS = 86_400.0  # nothing takes that long to write
_being_written: set[str] = set()  # by this process


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is synced and renamed, on failure removed.

    A half-written file of a killed process is removed first.

    Args:
        path: The file to make or to replace. Its folder must exist.

    Raises:
        OSError: From the file system (full disk, read-only folder); `path` is then untouched.
    """
    remove_leftovers(path.parent, path.name)
    try:
        handle, name = tempfile.mkstemp(prefix=_prefix(path.name), suffix=PART_SUFFIX, dir=path.parent)
    except OSError as error:
        raise _about(error, path) from None
    os.close(handle)
    temporary = Path(name)
    _being_written.add(temporary.name)
    try:
        with naming(path):
            yield temporary
            with temporary.open("rb+") as file:  # Windows syncs only what may be written
                os.fsync(file.fileno())
        with contextlib.suppress(OSError):  # a drive of another system, where all files have one mode
            temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise (_about(error, path) if error.filename == name else error) from None
    finally:
        temporary.unlink(missing_ok=True)
        _being_written.discard(temporary.name)


def put_aside(path: Path) -> Path:
    """Rename a file that cannot be used, over an earlier one of that name; return the new path."""
    return path.replace(path.with_name(f"{path.name}{ASIDE_SUFFIX}"))


def write_text(path: Path, text: str) -> None:
    """Write a text file completely or not at all. Control characters are escaped."""
    with atomic_path(path) as temporary:
        temporary.write_text(printable(text), encoding="utf-8", newline="\n")


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table completely or not at all; every digit of a number is kept, None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_text(path, text.getvalue())


@contextlib.contextmanager
def part_folder(folder: Path, name: str) -> Iterator[Path]:
    """Make a temporary folder for the parts of `folder / name`, and remove it afterwards."""
    parts = Path(tempfile.mkdtemp(prefix=_prefix(name), suffix=PART_SUFFIX, dir=folder))
    _being_written.add(parts.name)
    try:
        yield parts
    finally:
        shutil.rmtree(parts, ignore_errors=True)
        _being_written.discard(parts.name)


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder in the system's place for temporary ones; what killed processes left there goes first."""
    place = Path(tempfile.gettempdir())
    remove_leftovers(place, SCRATCH_NAME)
    with part_folder(place, SCRATCH_NAME) as folder:
        yield folder


def remove_leftovers(folder: Path, name: str | None = None) -> None:
    """Remove what killed processes left half-written in a folder under temporary names.

    A temporary name contains its process and machine. Files of a living process, or of another machine, stay
    for a day at most. A folder stays as long as its process lives.

    Args:
        folder: The folder; it may be absent.
        name: Of the file whose leftovers are meant; None for all, in a folder that is regx's own.
    """
    pattern = f".{glob.escape(name)}.*{PART_SUFFIX}" if name else f".*{PART_SUFFIX}"
    with contextlib.suppress(OSError):  # what cannot be removed harms nobody
        for path in folder.glob(pattern):
            if not _is_being_written(path):
                _remove(path)


def _prefix(name: str) -> str:
    return f".{name}.{os.getpid()}-{_this_host()}."


def _is_being_written(path: Path) -> bool:
    found = _MAKER.fullmatch(path.name)
    if found is None:  # of a regx that did not write who made it
        return False
    is_ours = found["host"] == _this_host()
    is_old = time.time() - path.stat().st_mtime >= _STALE_SECONDS
    if is_old and not (is_ours and path.is_dir()):  # its number may be another process's by now
        return False
    if not is_ours:
        return True
    return path.name in _being_written if int(found["pid"]) == os.getpid() else _is_alive(int(found["pid"]))


def _is_alive(pid: int) -> bool:
    """Whether a process of this machine lives, or may live where that cannot be asked."""
    if os.name == "nt":  # there, a signal 0 is Ctrl-C
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@cache
def _this_host() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _about(error: OSError, path: Path) -> OSError:
    """Name the file that was wanted in place of the temporary one."""
    return OSError(error.errno or 0, error.strerror or str(error), str(path))


def _umask() -> int:
    """Return the process's umask: mkstemp makes files private, a run folder is shared like any other file."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


class GrowingFile:
    """A table that grows by complete rows. Its content in memory counts, not what the disk gives back.

    Attributes:
        path: The file; not there before its first row.
        content: All that was written.
    """

    def __init__(self, path: Path, header: str) -> None:
        self.path = path
        self.content = bytearray()
        self._header = f"{header}\n".encode()

    def append(self, lines: str) -> None:
        """Append rows, after the header where they are the first; they outlive this process at once.

        Raises:
            OSError: If the disk is full, say; the file then ends where it ended before.
        """
        if not lines:
            return
        added = lines.encode() if self.content else self._header + lines.encode()
        with open_regular(self.path, "ab") as file:
            end = file.tell()
            try:
                if file.write(added) != len(added):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            except OSError:
                file.truncate(end)
                raise
        self.content += added

    def restore(self, content: bytes) -> None:
        """Go back to an earlier content: later rows are removed, damaged ones are written again."""
        self.content = bytearray(content)
        if not content:
            self.path.unlink(missing_ok=True)
        elif not self.path.exists() or read_bytes(self.path) != content:
            with atomic_path(self.path) as temporary:
                temporary.write_bytes(content)

    def holds(self, content: bytes) -> bool:
        """Whether the file on disk begins with this."""
        if not self.path.exists():
            return not content
        with open_regular(self.path) as file:
            return file.read(len(content)) == content


def read_lines(path: Path, header: str) -> Iterator[tuple[str, str]]:
    """Read such a table: where each line after the header stands, as `file:line`, and the line.

    Raises:
        ValueError: If the header is another, or, at the end, the last line is cut off; the message names the
            line.
        OSError: If the file cannot be read.
    """
    try:
        text = read_text(path)
    except UnicodeDecodeError:
        raise ValueError(f"{path}: is not a text file") from None
    if not text:
        raise ValueError(f"{path}: is empty")
    first, *lines = text.split("\n")
    if first != header:
        raise ValueError(f"{path}:1: has another header than this version of regx writes")
    yield from ((f"{path}:{number}", line) for number, line in enumerate(lines[:-1], start=2))
    if not text.endswith("\n"):
        raise ValueError(f"{path}:{len(lines[:-1]) + 2}: the last row is cut off")
