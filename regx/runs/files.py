"""Files that are whole or absent."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ASIDE_SUFFIX", "PART_SUFFIX", "atomic_path", "put_aside", "write_text"]

PART_SUFFIX = ".part"
ASIDE_SUFFIX = ".damaged"


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is synced and renamed, on failure removed.

    Args:
        path: The file to make or to replace. Its folder must exist.

    Raises:
        OSError: From the file system (full disk, read-only folder); `path` is then untouched.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=PART_SUFFIX, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:  # Windows syncs only what may be written
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        temporary.unlink(missing_ok=True)


def put_aside(path: Path) -> Path:
    """Move a file that cannot be used out of the way, in the place of an earlier one; return where to."""
    return path.replace(path.with_name(f"{path.name}{ASIDE_SUFFIX}"))


def write_text(path: Path, text: str) -> None:
    """Write a whole text file, or leave what was there."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _umask() -> int:
    """Return the process's umask: mkstemp makes files private, a run folder is shared like any other file."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
