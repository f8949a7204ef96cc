"""A data set of three images, with sources that a test makes up."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from regx.data.arrays import Arrays, content_sha256
from regx.data.download import Download
from regx.data.spec import DatasetFacts, DatasetSpec, Source


def small_arrays(first_pixel: int = 0) -> Arrays:
    images = np.arange(3 * 16, dtype=np.uint8).reshape(3, 1, 4, 4)
    images[0, 0, 0, 0] = first_pixel
    return Arrays(
        train_images=images,
        train_labels=np.array([7, 0, 9]),
        test_images=np.full((2, 1, 4, 4), 255, dtype=np.uint8),
        test_labels=np.array([1, 2]),
    )


@dataclass(frozen=True)
class Scripted:
    """A source that does what it is told."""

    get: Callable[[Download], Arrays]
    label: str = "a source"
    kind: str = "packages"


def small_spec(*sources: Source) -> DatasetSpec:
    return DatasetSpec(
        name="small",
        title="Small",
        facts=DatasetFacts(channels=1, size=4, num_classes=10, num_pool=2, num_valid=1, num_test=2),
        licence="none",
        citation="no one",
        sha256=content_sha256(small_arrays()),
        sources=sources,
    )
