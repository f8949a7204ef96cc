"""The form of a data set, which is the same for every source, and its file, which has no pickles."""

from __future__ import annotations

import errno
import hashlib
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from regx.reading import naming, open_regular

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Arrays", "content_sha256", "read_npz", "write_npz"]


@dataclass(frozen=True, kw_only=True)
class Arrays:
    """All images of a data set, in the order of its authors.

    Attributes:
        train_images: (N, C, H, W) uint8, C-contiguous.
        train_labels: (N,) int64.
        test_images: As `train_images`.
        test_labels: As `train_labels`.
    """

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]

    def named(self) -> dict[str, NDArray[np.uint8] | NDArray[np.int64]]:
        """Return the four arrays by name, in a fixed order."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def content_sha256(arrays: Arrays) -> str:
    """Hash names, shapes and values, so that the same images give the same hash on every machine.

    Returns:
        64 hex digits: the sha256 of, for each array in the order of `Arrays`, the line `name kind shape` and
        then its bytes in C order, labels as little-endian 64-bit integers.
    """
    import numpy as np

    digest = hashlib.sha256()
    for name, array in arrays.named().items():
        kind = "uint8" if array.dtype == np.uint8 else "int64"
        digest.update(f"{name} {kind} {'x'.join(map(str, array.shape))}\n".encode())
        digest.update(np.ascontiguousarray(array, dtype="u1" if kind == "uint8" else "<i8").data)
    return digest.hexdigest()


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
