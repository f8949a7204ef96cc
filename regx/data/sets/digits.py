"""The 8×8 digits that come with scikit-learn: no download, a training run in seconds."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from regx.data.arrays import Arrays
from regx.data.spec import DatasetSpec, Embedded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SPEC"]

_NUM_TEST = 500
_NUM_VALID = 297


def _read() -> Arrays:
    """Read the digits and split them, each class in proportion.

    The images of a class, in an order that no one chose (that of the sha256 of their numbers), are dealt out
    evenly. The last of the training images are held out for validation, as in the other data sets.
    """
    import numpy as np

    table = _read_table()
    shuffled = sorted(range(len(table)), key=lambda row: (table[row, 64], _lot(row)))
    test, rest = _deal(shuffled, _NUM_TEST)
    valid, pool = _deal(rest, _NUM_VALID)
    train = np.array(sorted(pool) + sorted(valid))
    # Ink is counted 0..16; 255 is full ink in the other data sets.
    images = ((table[:, :64] * 255 + 8) // 16).astype(np.uint8).reshape(-1, 1, 8, 8)
    labels = table[:, 64]
    return Arrays(
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[sorted(test)],
        test_labels=labels[sorted(test)],
    )


def _lot(row: int) -> bytes:
    return hashlib.sha256(f"digits/{row}".encode()).digest()


def _deal(rows: list[int], count: int) -> tuple[list[int], list[int]]:
    """Take `count` rows at even distances; return them and the others, in order."""
    taken = {(position * len(rows) + len(rows) // 2) // count for position in range(count)}
    return (
        [row for position, row in enumerate(rows) if position in taken],
        [row for position, row in enumerate(rows) if position not in taken],
    )


def _read_table() -> NDArray[np.int64]:
    """Return (1797, 65): 64 pixels and the label of each image.

    The file is read in place: importing scikit-learn takes longer than training on its digits for an epoch.
    """
    import numpy as np

    found = importlib.util.find_spec("sklearn")
    if found is not None and found.origin is not None:
        path = Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            return np.loadtxt(path, delimiter=",", dtype=np.int64)
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    digits = load_digits()
    return np.column_stack([digits.data, digits.target]).astype(np.int64)


SPEC = DatasetSpec(
    name="digits",
    title="Optical recognition of handwritten digits",
    licence="CC BY 4.0",
    citation="Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI ML Repository",
    sha256="2e876a00e5102ccff10d0ec59ef80ab05326abfc952372283902d60352f460f0",
    embedded=Embedded(label="scikit-learn", read=_read),
)
