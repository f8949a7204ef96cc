"""Where regx/data/sets/digits.npz comes from; `python tests/data/make_digits.py` writes the same bytes anew.

The digits are those of scikit-learn, which the package itself does not need.
"""

import hashlib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from regx.data.arrays import Arrays, write_npz
from regx.data.load import find

NUM_TEST = 500
NUM_VALID = 297


def split_digits() -> Arrays:
    """Split the digits, each class in proportion.

    The images of a class, in an order that no one chose (that of the sha256 of their numbers), are dealt out
    evenly. The last of the training images are held out for validation, as in the other data sets.
    """
    digits = load_digits()
    labels = digits.target.astype(np.int64)
    shuffled = sorted(range(len(labels)), key=lambda row: (labels[row], _lot(row)))
    test, rest = _deal(shuffled, NUM_TEST)
    valid, pool = _deal(rest, NUM_VALID)
    train = np.array(sorted(pool) + sorted(valid))
    # Ink is counted 0..16; 255 is full ink in the other data sets.
    images = ((digits.data.astype(np.int64) * 255 + 8) // 16).astype(np.uint8).reshape(-1, 1, 8, 8)
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


def main() -> None:
    """Write the file that travels in the package."""
    path = find("digits").embedded
    assert isinstance(path, Path)
    write_npz(path, split_digits())


if __name__ == "__main__":
    main()
