"""`results/mechanical.json`: what the checks of the mechanical claims answered."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from regx.claims.mechanical import CheckResult, MechanicalClaim
from regx.claims.results import Record

__all__ = ["MechanicalFile", "MechanicalResult", "mechanical_path", "store_mechanical"]


class MeasuredRow(Record):
    """One thing that a check measured."""

    name: str
    value: float | str
    criterion: str
    holds: bool


class MechanicalResult(Record):
    """The answer of one check."""

    verdict: Literal["supported", "contradicted"]
    reading: str
    measured: tuple[MeasuredRow, ...]
    when: str
    commit: str


class MechanicalFile(Record):
    """The answers of all of them, by id."""

    format: int = 1
    claims: dict[str, MechanicalResult]


def mechanical_path(root: Path) -> Path:
    """Name the file."""
    return root / "mechanical.json"


def store_mechanical(
    root: Path, answers: Sequence[tuple[MechanicalClaim, CheckResult]], commit: str
) -> MechanicalFile:
    """Add answers to the file; what is as it was keeps its date.

    Raises:
        UsageError: If the file is damaged.
        OSError: If it cannot be written.
    """
    path = mechanical_path(root)
    known = dict(MechanicalFile.read(path).claims) if path.is_file() else {}
    for claim, answer in answers:
        rows = [
            {"name": row.name, "value": row.value, "criterion": row.criterion, "holds": row.holds}
            for row in answer.measured
        ]
        content = {"verdict": answer.verdict, "reading": answer.reading, "measured": rows}
        today = datetime.now(UTC).strftime("%Y-%m-%d")
        result = MechanicalResult.model_validate({**content, "when": today, "commit": commit})
        old = known.get(claim.id)
        if old is None or old != result.model_copy(update={"when": old.when, "commit": old.commit}):
            known[claim.id] = result
    file = MechanicalFile(claims={name: known[name] for name in sorted(known)})
    if not path.is_file() or MechanicalFile.read(path) != file:
        file.write(path)
    return file
