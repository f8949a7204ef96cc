"""The runs of a sweep as measures see them: by arm, seed and cell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from regx.claims.seed_runs import CellRun, SeedRuns
from regx.config.sections.claim import PartConfig
from regx.runs.folder import RunFolder
from regx.runs.sweep import SweepRecord, SweepRun
from regx.runs.table import load_run_folder

__all__ = ["SweepRuns"]


@dataclass(frozen=True, kw_only=True)
class SweepRuns:
    """Loads each run once.

    Attributes:
        runs_dir: Folder of the runs' folders.
        record: Which run is which.
    """

    runs_dir: Path
    record: SweepRecord
    _loaded: dict[str, CellRun] = field(default_factory=dict, repr=False)

    def missing(self) -> list[str]:
        """List the runs to compare that have not ended."""
        folders = [run.folder for run in self.record.runs if run.stage == "confirm"]
        return [folder for folder in folders if not self._has_ended(folder)]

    def num_ended(self) -> int:
        """Count the runs to compare that have ended."""
        return sum(run.stage == "confirm" for run in self.record.runs) - len(self.missing())

    def confirmed(self, arm: str, part: PartConfig, seed: int) -> SeedRuns:
        """Return the runs to compare of an arm under a seed, in the cells that a part looks at."""
        runs = [run for run in self._of("confirm", arm) if run.seed == seed and _wanted(run.cell, part)]
        return self._seed_runs(arm, part, runs)

    def tuning(self, arm: str, part: PartConfig) -> Iterator[SeedRuns]:
        """List, for each tuning seed, the trials of an arm at the values that were chosen for it."""
        chosen = self.record.arm(arm).tuned
        trials = [
            run
            for run in self._of("tune", arm)
            if _wanted(run.cell, part)
            and any(item.cell == run.cell and item.settings == run.tuned for item in chosen)
        ]
        for seed in dict.fromkeys(run.seed for run in trials):
            yield self._seed_runs(arm, part, [run for run in trials if run.seed == seed])

    def seconds(self) -> float:
        """Add up the time of all runs, tuning included, each once."""
        folders = {run.folder for run in self.record.runs}
        return sum(RunFolder(self.runs_dir / folder).read_record().seconds for folder in sorted(folders))

    def commits(self) -> tuple[str, ...]:
        """List the commits of the code that trained the runs to compare."""
        found = set()
        for run in self.record.runs:
            if run.stage == "confirm":
                environment = self._load(run).run.record.environment
                dirty = "+" if environment.git_dirty else ""
                found.add(f"{(environment.git_commit or environment.regx)[:9]}{dirty}")
        return tuple(sorted(found))

    def _of(self, stage: Literal["tune", "confirm"], arm: str) -> list[SweepRun]:
        return [run for run in self.record.runs if run.stage == stage and run.arm == arm]

    def _seed_runs(self, arm: str, part: PartConfig, runs: list[SweepRun]) -> SeedRuns:
        return SeedRuns(arm=arm, runs=tuple(map(self._load, runs)), reference=part.reference)

    def _load(self, run: SweepRun) -> CellRun:
        if run.folder not in self._loaded:
            loaded = load_run_folder(self.runs_dir / run.folder)
            self._loaded[run.folder] = CellRun(run.cell, loaded)
        known = self._loaded[run.folder]
        return known if known.cell == run.cell else CellRun(run.cell, known.run)

    def _has_ended(self, folder: str) -> bool:
        try:
            return RunFolder(self.runs_dir / folder).read_record().has_ended
        except (OSError, ValueError):
            return False


def _wanted(cell: Mapping[str, Any], part: PartConfig) -> bool:
    """Whether a part looks at a cell; what it says of axes that an arm does not have is no matter here."""
    for path, value in part.cells.items():
        allowed = value if isinstance(value, list | tuple) else [value]
        if path in cell and cell[path] not in allowed:
            return False
    return True
