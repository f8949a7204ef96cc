"""The IDX format of MNIST: a big-endian header of magic number and sizes, then a byte per pixel or label."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from regx.data.arrays import Arrays
from regx.data.download import SourceError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FILES", "read_files", "write_files"]

FILES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
_UINT8 = 0x08


def read_files(content: Mapping[str, bytes]) -> Arrays:
    """Read the four files of an MNIST-like data set.

    Args:
        content: Content of each file, by the names in `FILES`.

    Raises:
        SourceError: If a file is no IDX file of bytes, or is cut off.
    """
    images = {part: _read(FILES[f"{part}_images"], content)[:, None] for part in ("train", "test")}
    labels = {part: _read(FILES[f"{part}_labels"], content).astype("int64") for part in ("train", "test")}
    return Arrays(
        train_images=images["train"],
        train_labels=labels["train"],
        test_images=images["test"],
        test_labels=labels["test"],
    )


def write_files(arrays: Arrays) -> Iterator[tuple[str, bytes]]:
    """Write the arrays back as IDX files, byte for byte as they were published."""
    for name, array in arrays.named().items():
        plain = array[:, 0] if array.ndim == 4 else array.astype("uint8")
        header = struct.pack(f">I{plain.ndim}I", _UINT8 << 8 | plain.ndim, *plain.shape)
        yield FILES[name], header + plain.tobytes()


def _read(name: str, content: Mapping[str, bytes]) -> NDArray[np.uint8]:
    import numpy as np

    data = content[name]
    num_axes = data[3] if len(data) >= 4 else 0
    start = 4 + 4 * num_axes
    if data[:3] != bytes((0, 0, _UINT8)) or len(data) < start:
        raise SourceError(f"{name} is no IDX file")
    shape = struct.unpack(f">{num_axes}I", data[4:start])
    if len(data) - start != int(np.prod(shape, dtype=np.int64)):
        raise SourceError(f"{name} is cut off")
    return np.frombuffer(data, dtype=np.uint8, offset=start).reshape(shape).copy()
