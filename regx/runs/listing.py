"""What `regx runs` lists: one row for each run of a folder or a sweep, and how far each sweep has come."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from regx.reading import explain
from regx.runs.folder import NoRecord, RunFolder
from regx.runs.load import list_runs_and_sweeps
from regx.runs.metrics import read_rows
from regx.runs.query import Row
from regx.runs.record import RunRecord
from regx.runs.sweep import SweepFolder, SweepRecord, is_sweep_folder, read_sweep

__all__ = ["FoundSweep", "list_folder", "list_sweep"]


@dataclass(frozen=True, kw_only=True)
class FoundSweep:
    """A sweep in a folder of runs.

    Attributes:
        path: Its folder.
        record: Its record; None where it is damaged.
        damage: How that shows; else empty.
        earlier: Records of earlier versions of its experiment, those that can be read.
    """

    path: Path
    record: SweepRecord | None
    damage: str
    earlier: tuple[SweepRecord, ...]

    @classmethod
    def read(cls, path: Path) -> "FoundSweep":
        """Read what is there of the records."""
        folder = SweepFolder(path)
        record, damage = _read(folder.record)
        earlier = (found for file in folder.earlier_records if (found := _read(file)[0]))
        return cls(path=path, record=record, damage=damage, earlier=tuple(earlier))

    def num_runs(self, rows: Sequence[Row]) -> tuple[Counter[str], Counter[str], int]:
        """Count the states of its runs to compare, of its trials, and the runs of earlier versions alone.

        A run of several arms or cells counts once; one whose folder is not among the rows is `left`.
        """
        status = {row["path"]: row["status"] for row in rows if str(self.path) in row["sweeps"]}
        runs = self.record.runs if self.record else ()

        def count(stage: str) -> Counter[str]:
            folders = {self._run(run.folder) for run in runs if run.stage == stage}
            return Counter(status.get(folder, "left") for folder in folders)

        return count("confirm"), count("tune"), len(status.keys() - {self._run(run.folder) for run in runs})

    def stages(self) -> list[tuple[str, str]]:
        """List the folders of its runs, of earlier versions too, each with its stage there."""
        records = [*([self.record] if self.record else ()), *self.earlier]
        return [(self._run(run.folder), run.stage) for record in records for run in record.runs]

    def _run(self, folder: str) -> str:
        return str(self.path.parent / folder)


def _read(file: Path) -> tuple[SweepRecord | None, str]:
    try:
        return SweepRecord.read(file), ""
    except (OSError, ValueError) as error:
        return None, explain(error)


def list_folder(folder: Path) -> tuple[list[Row], list[FoundSweep]]:
    """List the runs at any depth, each with the sweeps that it is part of; and these sweeps."""
    paths, sweep_paths = list_runs_and_sweeps(folder)
    sweeps = [FoundSweep.read(path) for path in sweep_paths]
    parts = _parts(sweeps)
    rows = []
    for path in paths:
        of_run = parts.get(str(path), [])
        is_trial = bool(of_run) and all(stage == "tune" for _, stage in of_run)
        rows.append(_describe(path) | {"sweeps": _owners(of_run), "is_trial": is_trial})
    return rows, sweeps


def list_sweep(folder: Path) -> list[Row]:
    """List a sweep's runs, in the order in which it lists them.

    Raises:
        UsageError: If its record is damaged.
    """
    if folder.name in ("", ".."):  # its runs lie beside it, wherever that is
        folder = folder.resolve()
    parts = _parts([FoundSweep.read(path) for path in folder.parent.iterdir() if is_sweep_folder(path)])
    rows = []
    for run in read_sweep(folder).runs:
        path = folder.parent / run.folder
        known = {"stage": run.stage, "arm": run.arm, "cell": run.cell, "tuned": run.tuned, "seed": run.seed}
        known |= {"sweeps": _owners(parts.get(str(path), [])), "is_trial": run.stage == "tune"}
        absent = {"path": str(path), "status": "not there", "reason": None}
        rows.append(known | (_describe(path) if path.is_dir() else absent))
    return rows


def _parts(sweeps: Sequence[FoundSweep]) -> Mapping[str, list[tuple[str, str]]]:
    """Say of each run's folder in which sweeps it is, and in which stage there."""
    parts: dict[str, list[tuple[str, str]]] = {}
    for sweep in sweeps:
        for folder, stage in sweep.stages():
            parts.setdefault(folder, []).append((str(sweep.path), stage))
    return parts


def _owners(parts: Sequence[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys(sweep for sweep, _ in parts))


def _describe(path: Path) -> Row:
    """Read the record of one folder; a damaged one is listed with the reason."""
    folder = RunFolder(path)
    record = folder.find_record()
    if isinstance(record, NoRecord):
        reason = record.reason or "run.json is missing"
        if isinstance(record.error, ValueError):
            reason += f"; {folder.how_to_repair()}"
        return {"path": str(path), "status": "damaged", "reason": reason}
    said = record.failure or record.note
    return {
        "path": str(path),
        "status": record.status,
        "name": record.name,
        "seed": record.seed,
        "epochs_completed": record.epochs_completed if record.has_ended else _last_epoch(folder),
        "valid_error": _valid_error(record),
        "test_error": record.final.test_error if record.final else None,
        "images_per_second": record.images_per_second,
        "seconds": record.seconds,
        "reason": said.message if said else None,
    }


def _last_epoch(folder: RunFolder) -> int:
    """Return the last epoch of a run that has not ended; its record is as old as its last checkpoint."""
    try:
        rows = read_rows(folder.metrics)
    except (OSError, ValueError):
        return 0
    return rows[-1].epoch if rows else 0


def _valid_error(record: RunRecord) -> float | None:
    """Return the final validation error; of a run without one, that of its best epoch."""
    if record.final:
        return record.final.valid_error
    return record.best.valid_error if record.best else None
