"""measures.csv: one number per arm and seed, which verdicts are computed from."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from regx.config.errors import UsageError
from regx.config.os_errors import explain
from regx.config.reading import read_text
from regx.runs.files import write_text

__all__ = ["MEASURE_COLUMNS", "MeasureRow", "read_measures", "write_measures"]

MEASURE_COLUMNS = ("claim", "part", "measure", "arm", "seed", "value", "note")


@dataclass(frozen=True, kw_only=True)
class MeasureRow:
    """One row of measures.csv."""

    claim: str
    part: str
    measure: str
    arm: str
    seed: int
    value: float | None
    note: str = ""


def write_measures(path: Path, rows: Iterable[MeasureRow]) -> None:
    """Write measures.csv; every digit of a number is kept."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(MEASURE_COLUMNS)
    for row in rows:
        value = "" if row.value is None else repr(row.value)
        writer.writerow([row.claim, row.part, row.measure, row.arm, row.seed, value, row.note])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text.getvalue())


def read_measures(path: Path) -> list[MeasureRow]:
    """Read measures.csv.

    Raises:
        UsageError: If it is damaged or cannot be read.
    """
    try:
        lines = list(csv.reader(io.StringIO(read_text(path))))
    except OSError as error:
        raise UsageError(explain(error)) from None
    except (ValueError, csv.Error):
        raise UsageError(f"{path}: is not a table") from None
    if not lines or tuple(lines[0]) != MEASURE_COLUMNS:
        raise UsageError(f"{path}:1: has another header than this version of regx writes")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            claim, part, measure, arm, seed, value, note = line
            found = float(value) if value else None
            rows.append(
                MeasureRow(
                    claim=claim,
                    part=part,
                    measure=measure,
                    arm=arm,
                    seed=int(seed),
                    value=found,
                    note=note,
                )
            )
        except ValueError:
            raise UsageError(f"{path}:{number}: damaged row; `regx reproduce` writes the file anew") from None
    return rows
