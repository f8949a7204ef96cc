"""From the runs of a sweep to measures.csv: one number per arm and seed."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

from regx.claims.parts import ClaimPart, parts_of
from regx.claims.results import Lock
from regx.config.errors import UsageError
from regx.config.sections.claim import ClaimConfig
from regx.measures.measure import CellRun, Number, Reference, SeedRuns
from regx.reading import explain, read_text
from regx.runs.files import write_csv
from regx.runs.folder import RunFolder
from regx.runs.load import Run, load_run_folder
from regx.runs.record import RunRecord
from regx.runs.sweep import Stage, SweepRecord, SweepRun

__all__ = [
    "MeasureRow",
    "SweepRuns",
    "measure_claims",
    "read_measures",
    "write_measures",
]


@dataclass(frozen=True)
class MeasureRow:
    """One row of measures.csv."""

    claim: str
    part: str
    measure: str
    arm: str
    seed: int
    value: float | None
    note: str = ""


_COLUMNS = tuple(column.name for column in fields(MeasureRow))


def write_measures(path: Path, rows: Iterable[MeasureRow]) -> None:
    """Write measures.csv."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_csv(path, _COLUMNS, map(astuple, rows))


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
    if not lines or tuple(lines[0]) != _COLUMNS:
        raise UsageError(f"{path}:1: has another header than this version of regx writes")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            claim, part, measure, arm, seed, value, note = line
            found = float(value) if value else None
            rows.append(MeasureRow(claim, part, measure, arm, int(seed), found, note))
        except ValueError:
            raise UsageError(f"{path}:{number}: damaged row; `regx reproduce` writes it again") from None
    return rows


@dataclass(frozen=True, kw_only=True)
class SweepRuns:
    """Loads each run once.

    Attributes:
        runs_dir: Folder of the runs' folders.
        record: Which run is which.
    """

    runs_dir: Path
    record: SweepRecord
    _loaded: dict[str, Run] = field(default_factory=dict, repr=False)

    def missing(self) -> list[str]:
        """List the runs to compare that have not ended."""
        folders = [run.folder for run in self.record.runs if run.stage == "confirm"]
        return [folder for folder in folders if not RunFolder(self.runs_dir / folder).find_record().has_ended]

    def num_ended(self) -> int:
        """Count the runs to compare that have ended."""
        return sum(run.stage == "confirm" for run in self.record.runs) - len(self.missing())

    def confirmed(self, arm: str, item: ClaimPart, seed: int) -> SeedRuns:
        """Return the runs to compare of an arm under a seed, in the cells that a comparison looks at."""
        runs = [run for run in self._of("confirm", arm) if run.seed == seed and item.looks_at(run.cell)]
        return self._seed_runs(arm, item, runs)

    def tuning(self, arm: str, item: ClaimPart) -> Iterator[SeedRuns]:
        """List, for each tuning seed, the trials of an arm at the values that were chosen for it."""
        chosen = self.record.arm(arm).tuned
        trials = [
            run
            for run in self._of("tune", arm)
            if item.looks_at(run.cell)
            and any(item.cell == run.cell and item.settings == run.tuned for item in chosen)
        ]
        for seed in dict.fromkeys(run.seed for run in trials):
            yield self._seed_runs(arm, item, [run for run in trials if run.seed == seed])

    def seconds(self) -> float:
        """Add up the time of all runs, tuning included, each once."""
        folders = {run.folder for run in self.record.runs}
        return sum(RunFolder(self.runs_dir / folder).read_record().seconds for folder in sorted(folders))

    def commits(self) -> tuple[str, ...]:
        """List the commits of the code that trained the runs to compare; a mixed run's together."""
        records = [self._load(run).run.record for run in self.record.runs if run.stage == "confirm"]
        return tuple(sorted({_commit(record) for record in records}))

    def _of(self, stage: Stage, arm: str) -> list[SweepRun]:
        return [run for run in self.record.runs if run.stage == stage and run.arm == arm]

    def _seed_runs(self, arm: str, item: ClaimPart, runs: list[SweepRun]) -> SeedRuns:
        return SeedRuns(arm=arm, runs=tuple(map(self._load, runs)), reference=item.config.reference)

    def _load(self, run: SweepRun) -> CellRun:
        if run.folder not in self._loaded:
            self._loaded[run.folder] = load_run_folder(self.runs_dir / run.folder)
        return CellRun(run.cell, self._loaded[run.folder])


def _commit(record: RunRecord) -> str:
    """Name the code of a run; of a mixed one, that of all its programs."""
    environments = [process.environment for process in record.processes] or [record.environment]
    shown = [
        f"{(environment.git_commit or environment.regx)[:9]}{'+' if environment.git_dirty else ''}"
        for environment in environments
    ]
    return f"mixed {' then '.join(dict.fromkeys(shown))}" if record.mixture else shown[-1]


def measure_claims(claims: tuple[ClaimConfig, ...], lock: Lock, runs: SweepRuns) -> list[MeasureRow]:
    """Measure everything that the claims of an experiment compare.

    Raises:
        UsageError: If the runs do not have what a measure needs.
    """
    return [row for claim in claims for row in _measure_claim(claim, lock, runs)]


def _measure_claim(claim: ClaimConfig, lock: Lock, runs: SweepRuns) -> Iterator[MeasureRow]:
    for item in parts_of(claim):
        part = lock.claims[claim.id].find(item.part)
        reference = Reference(target_error=part.target_error, train_loss=part.train_loss)
        for arm, measure in zip(part.arms, item.measures, strict=True):
            for seed in lock.seeds:
                number = (
                    Number(value=None, note=part.problem)
                    if part.problem
                    else measure.counted(runs.confirmed(arm, item, seed), reference)
                )
                yield MeasureRow(claim.id, item.part, measure.name, arm, seed, number.value, number.note)
