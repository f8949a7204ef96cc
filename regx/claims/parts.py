"""The parts of a claim: what is measured on which side, and how it is called in the results."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from regx.config.errors import KeyPath
from regx.config.sections.claim import Amount, BesideConfig, ClaimConfig, Contrast, PartConfig
from regx.measures.measure import Measure
from regx.measures.registry import find_measure

__all__ = ["ClaimPart", "parts_of"]


@dataclass(frozen=True, kw_only=True)
class ClaimPart:
    """One comparison of a claim.

    Attributes:
        part: `1`, `2`, ..., `if censored`, `beside 1`, ...
        path: Where it stands in the claim.
        config: As the file has it.
        target: Its own `target`, or the claim's.
        train_loss: Its own `train_loss`, or the claim's.
    """

    part: str
    path: KeyPath
    config: PartConfig
    target: Amount | None
    train_loss: float | None

    @property
    def contrast(self) -> Contrast:
        """What it contrasts."""
        return self.config.contrast

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measure of each side.

        Raises:
            ValueError: If there is no such measure.
        """
        names = self.config.measure
        if isinstance(names, str):
            return (find_measure(names),) * len(self.contrast.sides)
        return tuple(map(find_measure, names))

    def looks_at(self, cell: Mapping[str, Any]) -> bool:
        """Whether it takes the runs of a cell; what `cells` says of axes that an arm has not is no matter."""
        for path, value in self.config.cells.items():
            allowed = value if isinstance(value, list | tuple) else [value]
            if path in cell and cell[path] not in allowed:
                return False
        return True

    @property
    def criterion(self) -> str:
        """Which key says what has to come out; empty where nothing has to."""
        return next(iter(self.config.criteria), "")

    @property
    def amount(self) -> Amount | None:
        """The smallest effect or margin."""
        return getattr(self.config, self.criterion) if self.criterion not in ("", "always") else None

    @property
    def label(self) -> str:
        """What a comparison beside the claim shows."""
        return self.config.label if isinstance(self.config, BesideConfig) else ""

    @property
    def unit(self) -> str:
        """Unit of the contrast."""
        form = self.contrast.form
        return form if form in ("ln", "log2") else self.measures[0].unit


def parts_of(claim: ClaimConfig) -> Iterator[ClaimPart]:
    """List all of a claim: what must hold, what stands in reserve, what is reported beside it."""
    for name, path, part in claim.named_parts():
        yield ClaimPart(
            part=name,
            path=path,
            config=part,
            target=claim.target if part.target is None else part.target,
            train_loss=claim.train_loss if part.train_loss is None else part.train_loss,
        )
