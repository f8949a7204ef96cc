"""The cache: one file per data set, complete or absent. Its content hash is checked whenever it is read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from regx.data.arrays import Arrays, content_sha256, read_npz, write_npz
from regx.data.spec import DatasetSpec
from regx.runs.files import atomic_path, remove_leftovers
from regx.runs.lock import hold

__all__ = [
    "DamagedCacheError",
    "cache_path",
    "cached_file",
    "is_here",
    "locked",
    "read_cache",
    "write_cache",
]

POLL_SECONDS = 0.1  # of a lock that another process holds


class DamagedCacheError(Exception):
    """A cached file does not have the right content; the message names it and says why."""


def cache_path(name: str) -> Path:
    """Return where a data set is cached: under `$REGX_DATA`, else in the system's folder for caches."""
    folder = os.environ.get("REGX_DATA")
    if folder:
        return Path(folder).expanduser().absolute() / f"{name}.npz"
    import platformdirs

    return platformdirs.user_cache_path("regx", appauthor=False) / f"{name}.npz"


def cached_file(spec: DatasetSpec) -> Path | None:
    """Return the file of a data set in the cache; None where there is none, as for an embedded one."""
    path = cache_path(spec.name)
    return path if spec.embedded is None and path.exists() else None


def is_here(spec: DatasetSpec) -> bool:
    """Whether a data set can be read without fetching it."""
    return spec.embedded is not None or cached_file(spec) is not None


def read_cache(spec: DatasetSpec) -> Arrays | None:
    """Read and check a data set: the file in the cache, or the one that travels in the package.

    Returns:
        The arrays, or None where nothing is cached.

    Raises:
        DamagedCacheError: If the file is cut off, changed or no cache file, or an embedded one is gone.
        OSError: If it cannot be read.
    """
    path = spec.embedded or cache_path(spec.name)
    if not path.exists():
        if spec.embedded:
            raise DamagedCacheError(f"{path} is missing")
        return None
    try:
        arrays = read_npz(path)
    except ValueError as error:
        raise DamagedCacheError(f"{path} {error}") from None
    if content_sha256(arrays) != spec.sha256:
        raise DamagedCacheError(f"{path} is damaged (it holds other images or labels than {spec.name})")
    return arrays


def write_cache(spec: DatasetSpec, arrays: Arrays) -> None:
    """Write a data set, whole or not at all."""
    with atomic_path(cache_path(spec.name)) as temporary:
        write_npz(temporary, arrays)


@contextlib.contextmanager
def locked(name: str, on_wait: Callable[[], None]) -> Iterator[None]:
    """Let only one process download a data set, and remove what a killed one left behind.

    The system drops the lock when a process ends, however it ends. On a file system without locks two
    processes may download the same thing; the file in the cache is whole all the same.

    Args:
        name: The data set.
        on_wait: Called once if another process holds the lock.
    """
    path = cache_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with hold(path.parent / f".{name}.lock", _for_ever(on_wait)) as missing:
        if not missing:
            remove_leftovers(path.parent, path.name)
        yield


def _for_ever(on_wait: Callable[[], None]) -> Iterator[float]:
    """Yield the seconds before each try at a lock, and report when the first try failed."""
    yield 0.0
    on_wait()
    while True:
        yield POLL_SECONDS
