"""Arrays in a file: uncompressed npz, which any numpy reads, without pickle."""

from __future__ import annotations

import zipfile
from pathlib import Path

from regx.data.arrays import Arrays

__all__ = ["read_npz", "write_npz"]


def write_npz(path: Path, arrays: Arrays) -> None:
    """Write the four arrays; `path` keeps its name whatever its suffix."""
    import numpy as np

    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays.named())


def read_npz(path: Path) -> Arrays:
    """Read what `write_npz` wrote.

    Raises:
        ValueError: If it is no such file, or is cut off or changed; the message goes on from the file's name.
        OSError: If it cannot be read.
    """
    import numpy as np

    with path.open("rb") as file:
        try:
            with np.load(file, allow_pickle=False) as content:
                return Arrays(**{name: content[name] for name in Arrays.__dataclass_fields__})
        except Exception as error:  # numpy and zipfile show damage in a dozen ways, by the byte that it hit
            reason = str(error).splitlines()[0] if isinstance(error, zipfile.BadZipFile) else "no npz file"
            raise ValueError(f"is damaged ({reason})") from None
