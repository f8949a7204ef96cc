"""Arrays in a file: uncompressed npz, which any numpy reads, without pickle."""

from __future__ import annotations

import errno
import zipfile
from pathlib import Path
from typing import BinaryIO

from regx.config.os_errors import naming
from regx.config.reading import open_regular
from regx.data.arrays import Arrays

__all__ = ["read_npz", "write_npz"]

MAX_BYTES = 400_000_000  # of the arrays together; the largest data set, CIFAR-10, has 184,920,000


def write_npz(path: Path, arrays: Arrays) -> None:
    """Write the four arrays; `path` keeps its name whatever its suffix."""
    import numpy as np

    with naming(path), path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays.named())


def read_npz(path: Path) -> Arrays:
    """Read what `write_npz` wrote.

    Raises:
        ValueError: If it is no such file, is cut off or changed, or says that it unpacks to more than any
            data set; the message goes on from the file's name.
        OSError: If it cannot be read.
    """
    import numpy as np

    with open_regular(path) as file:
        try:
            size = _declared_bytes(file)
            if size <= MAX_BYTES:
                file.seek(0)
                with np.load(file, allow_pickle=False) as content:
                    return Arrays(**{name: content[name] for name in Arrays.__dataclass_fields__})
            reason = f"it says that it unpacks to {size:,} bytes"
        except OSError as error:
            if error.errno not in (None, errno.EINVAL):  # those come of a place in the file that cannot be
                raise
            reason = "no npz file"
        except Exception as error:  # numpy and zipfile show damage in a dozen ways, by the byte that it hit
            reason = str(error).splitlines()[0] if isinstance(error, zipfile.BadZipFile) else "no npz file"
        raise ValueError(f"is damaged ({reason})")


def _declared_bytes(file: BinaryIO) -> int:
    """Add up what the parts of the archive say of their sizes; zipfile unpacks none of them any further."""
    with zipfile.ZipFile(file) as archive:
        return sum(part.file_size for part in archive.infolist())
