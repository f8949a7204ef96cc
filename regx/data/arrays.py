"""The canonical form of a data set, the same whatever source it came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # numpy costs a tenth of a second, and `regx data list` has no use for it
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Arrays", "content_sha256"]


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
