"""What the system refused: which file, why, and what to do about it, in the same words everywhere."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from regx.printable import one_line

__all__ = ["OTHER_OUT", "advising", "explain", "is_usage", "naming", "reason"]

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
    """Give an error of the system the file's name where it has none: a write or a flush does not know it."""
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
    """Give an error of the system another remedy than the general one."""
    try:
        yield
    except OSError as error:
        error.add_note(remedy)
        raise


def explain(error: Exception) -> str:
    """Say in one line which file it was, what the system said, and what to do.

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
    """Whether a path that was given is wrong, rather than the machine in trouble."""
    return error.errno in _OF_THE_PATH
