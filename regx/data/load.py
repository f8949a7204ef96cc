"""From a name to the tensors of its three parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regx.config.errors import UsageError
from regx.data.arrays import Arrays
from regx.data.cache import DamagedCacheError, cache_path, is_here, read_cache
from regx.data.download import NO_LISTENER, Listener, SourceError
from regx.data.fetch import check_published, fetch
from regx.data.sets import DATASETS
from regx.data.spec import DatasetSpec
from regx.text import known_hint

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Dataset", "check", "ensure_here", "find", "load_dataset"]


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A data set in memory, in its fixed split.

    Attributes:
        name: As in the YAML.
        pool_images: (N, C, H, W) uint8; training subsets are drawn from these.
        pool_labels: (N,) int64.
        valid_images: As `pool_images`; held out for choosing.
        valid_labels: As `pool_labels`.
        test_images: As `pool_images`; read once, at the end of a run.
        test_labels: As `pool_labels`.
        sha256: Content hash of all images and labels.
    """

    name: str
    pool_images: Tensor
    pool_labels: Tensor
    valid_images: Tensor
    valid_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    sha256: str


def find(name: str) -> DatasetSpec:
    """Return what is known of one data set.

    Raises:
        UsageError: If there is no such data set; the message names the one that may have been meant.
    """
    if name in DATASETS:
        return DATASETS[name]
    raise UsageError(f"no data set '{name}' ({known_hint(name, DATASETS)})")


def load_dataset(name: str, *, offline: bool = False, listener: Listener = NO_LISTENER) -> Dataset:
    """Read a data set from the cache, fetching it first where it is absent or damaged.

    Args:
        name: One of `DATASETS`.
        offline: Never use the network.
        listener: Is told how fetching goes.

    Raises:
        UsageError: If there is no such data set, or it is not there and could not be fetched.
        OSError: If the cache cannot be read or written.
    """
    spec = find(name)
    arrays = _read(spec, offline=offline)
    if arrays is None:
        arrays = fetch(spec, listener=listener)
    return _split(spec, arrays)


def ensure_here(name: str, *, offline: bool, listener: Listener) -> None:
    """Fetch a data set where it is absent; one that is here is not read.

    Raises:
        UsageError: If it is not here and could not be fetched.
        OSError: If the cache cannot be written.
    """
    spec = find(name)
    if not is_here(spec):
        load_dataset(name, offline=offline, listener=listener)


def check(name: str) -> str:
    """Read a data set from the cache, and compare it with all its checksums.

    Returns:
        Its content hash.

    Raises:
        UsageError: If there is no such data set, it is not here, or it is damaged; says what to do.
        OSError: If it cannot be read.
    """
    spec = find(name)
    arrays = _read(spec, offline=True)
    assert arrays is not None
    try:
        check_published(spec, arrays)
    except SourceError as error:
        raise UsageError(f"{name}: {error}") from None
    return spec.sha256


def _read(spec: DatasetSpec, *, offline: bool) -> Arrays | None:
    """Read and check the data in the cache; None if they have to be downloaded."""
    try:
        arrays = read_cache(spec)
        problem = f"{spec.name} is not in the cache ({cache_path(spec.name)})"
    except DamagedCacheError as error:
        if spec.embedded:
            raise UsageError(f"{error}; install regx again") from None
        arrays, problem = None, str(error)
    if arrays is None and offline:
        raise UsageError(f"{problem}; run `regx data fetch {spec.name}` where there is a network")
    return arrays


def _split(spec: DatasetSpec, arrays: Arrays) -> Dataset:
    """Cut the training images in two: the first are the pool, the last are held out for validation."""
    from torch import from_numpy

    facts = spec.facts
    images, labels = from_numpy(arrays.train_images), from_numpy(arrays.train_labels)
    assert len(images) == facts.num_pool + facts.num_valid
    assert len(arrays.test_images) == facts.num_test
    return Dataset(
        name=spec.name,
        pool_images=images[: facts.num_pool],
        pool_labels=labels[: facts.num_pool],
        valid_images=images[facts.num_pool :],
        valid_labels=labels[facts.num_pool :],
        test_images=from_numpy(arrays.test_images),
        test_labels=from_numpy(arrays.test_labels),
        sha256=spec.sha256,
    )
