"""Files that grow, and end at a whole row whatever happens."""

import errno
import os
from pathlib import Path

from regx.config.reading import open_regular

__all__ = ["append_bytes"]


def append_bytes(path: Path, *, header: bytes, content: bytes) -> None:
    """Append to a file, with a header first where it is new; what is written outlives this process at once.

    Raises:
        OSError: If the disk is full, say; the file then ends where it ended before.
    """
    with open_regular(path, "ab") as file:
        end = file.tell()
        whole = content if end else header + content
        try:
            if file.write(whole) != len(whole):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        except OSError:
            file.truncate(end)
            raise
