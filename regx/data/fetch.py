"""Downloading: one source after the other, until the content is what its authors published."""

from __future__ import annotations

import hashlib
from pathlib import Path

from regx.config.errors import UsageError
from regx.data.arrays import Arrays, content_sha256
from regx.data.cache import DamagedCacheError, cache_path, locked, read_cache, write_cache
from regx.data.download import Download, Listener, SourceError
from regx.data.spec import DatasetSpec, Source
from regx.reading import advising
from regx.runs.files import part_folder

__all__ = ["NoSourceError", "check_published", "fetch"]


class NoSourceError(UsageError):
    """No source gave the data set; the message says what was tried and what would bring it."""


def fetch(
    spec: DatasetSpec,
    *,
    listener: Listener,
    source: str | None = None,
    force: bool = False,
) -> Arrays:
    """Download a data set, check it and put it into the cache.

    Args:
        spec: The data set.
        listener: Is told which source is tried, why the one before gave way, and of the bytes that came.
        source: `torchvision` or `packages`; None tries both in this order.
        force: Download even if the cache holds it.

    Raises:
        NoSourceError: If no source gave it.
        UsageError: If there is no such source.
        OSError: If the cache cannot be written.
    """
    sources = _choose(spec, source)
    with (
        advising("mend that, or choose another folder for data with REGX_DATA"),
        locked(spec.name, lambda: listener.report(f"{spec.name}: another process is fetching it; waiting")),
    ):
        if not force and (arrays := _read_if_sound(spec, listener)) is not None:
            return arrays
        arrays = _try_all(spec, sources, listener)
        write_cache(spec, arrays)
    return arrays


def check_published(spec: DatasetSpec, arrays: Arrays) -> None:
    """Compare a data set with the checksums of the files that its authors publish, and with its content hash.

    Raises:
        SourceError: If anything differs; the message names it.
    """
    try:
        originals = {
            name: hashlib.md5(content, usedforsecurity=False).hexdigest()
            for name, content in (spec.originals(arrays) if spec.originals else ())
        }
    except (ValueError, IndexError) as error:  # arrays of another shape
        raise SourceError(f"the images are not {spec.title}: {error}") from None
    for name, md5 in spec.md5.items():
        if originals.get(name) != md5:
            raise SourceError(f"{name} has another md5 than the published one")
    if content_sha256(arrays) != spec.sha256:
        raise SourceError("the content has another sha256")


def _choose(spec: DatasetSpec, kind: str | None) -> list[Source]:
    chosen = [source for source in spec.sources if kind in (None, source.kind)]
    if not chosen:
        kinds = ", ".join(source.kind for source in spec.sources)
        raise UsageError(f"{spec.name}: there is no source '{kind}' (there is {kinds or 'none'})")
    return chosen


def _read_if_sound(spec: DatasetSpec, listener: Listener) -> Arrays | None:
    try:
        return read_cache(spec)
    except DamagedCacheError as error:
        listener.report(f"{error}; fetching it again")
        return None


def _try_all(spec: DatasetSpec, sources: list[Source], listener: Listener) -> Arrays:
    failures: list[tuple[str, str]] = []
    path = cache_path(spec.name)
    for index, source in enumerate(sources):
        if failures:
            label, reason = failures[-1]
            listener.report(f"{spec.name}: {label} failed ({reason}); trying {source.label}")
        else:
            listener.report(f"{spec.name}: fetching by {source.label}")
        with part_folder(path.parent, path.name) as folder:
            try:
                is_last = index == len(sources) - 1
                arrays = source.get(Download(folder=folder, listener=listener, last=is_last))
                check_published(spec, arrays)
            except SourceError as error:
                failures.append((source.label, str(error)))
            else:
                return arrays
    raise NoSourceError(_no_source_message(spec.name, failures))


def _no_source_message(name: str, failures: list[tuple[str, str]]) -> str:
    path = cache_path(name)
    lines = [f"{name}: no source gave the data"]
    lines += [f"  {label}: {reason}" for label, reason in failures]
    lines += [f"Where there is a network, run:  regx data fetch {name}"]
    lines += [f"Or copy the file from there:    scp HOST:{_home_relative(path)} {path}"]
    return "\n".join(lines)


def _home_relative(path: Path) -> str:
    return str(path.relative_to(Path.home())) if path.is_relative_to(Path.home()) else str(path)
