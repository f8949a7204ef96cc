import struct

import numpy as np
import pytest

from regx.data.arrays import Arrays
from regx.data.download import SourceError
from regx.data.idx import FILES, read_files, write_files


def small_arrays() -> Arrays:
    return Arrays(
        train_images=np.arange(3 * 16, dtype=np.uint8).reshape(3, 1, 4, 4),
        train_labels=np.array([7, 0, 9]),
        test_images=np.full((2, 1, 4, 4), 255, dtype=np.uint8),
        test_labels=np.array([1, 2]),
    )


def test_arrays_survive_writing_and_reading():
    read = read_files(dict(write_files(small_arrays())))
    for name, array in small_arrays().named().items():
        np.testing.assert_array_equal(read.named()[name], array)
        assert read.named()[name].dtype == array.dtype


def test_header_is_the_published_one():
    content = dict(write_files(small_arrays()))
    assert content["train-images-idx3-ubyte"][:16] == struct.pack(">IIII", 2051, 3, 4, 4)
    assert content["train-labels-idx1-ubyte"] == struct.pack(">II", 2049, 3) + bytes([7, 0, 9])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-1], "cut off"),
        (lambda data: data + b"x", "cut off"),
        (lambda data: data[:10], "no IDX file"),
        (lambda _: b"", "no IDX file"),
        (lambda data: b"<html>404</html>" + data, "no IDX file"),
        (lambda data: b"\0\0\x08\xff" + data[4:], "no IDX file"),
    ],
)
def test_damaged_file_is_named(change, message):
    content = dict(write_files(small_arrays()))
    name = FILES["test_images"]
    content[name] = change(content[name])
    with pytest.raises(SourceError, match=f"{name} is {message}"):
        read_files(content)
