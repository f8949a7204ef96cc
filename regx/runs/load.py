"""Finding the folders of runs, and loading them whole or saying which file is wrong."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count
from pathlib import Path

from regx.config import ConfigError, RunConfig, config_hash
from regx.config.errors import UsageError
from regx.config.load import load_known_run
from regx.reading import explain, reason
from regx.runs.folder import RunFolder, is_run_folder
from regx.runs.metrics import EpochMetrics, read_rows
from regx.runs.path_kind import absence, is_there, what_is
from regx.runs.probes import ProbeValue, read_values
from regx.runs.record import RunRecord
from regx.runs.sweep import SWEEP_NAME

__all__ = ["Run", "find_run_folders", "list_run_folders", "list_runs_and_sweeps", "load_run_folder"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """All that is written about one run.

    Attributes:
        path: Its folder.
        config: What it was asked to do, every default filled in.
        record: What it was and how it ended.
        rows: One per epoch that was evaluated; empty for a run that diverged or stopped before the first.
    """

    path: Path
    config: RunConfig
    record: RunRecord
    rows: tuple[EpochMetrics, ...]

    @cached_property
    def config_hash(self) -> str:
        """What runs of one config have in common, name and seed aside."""
        return config_hash(self.config)

    @cached_property
    def probed(self) -> tuple[ProbeValue, ...]:
        """What its probes found.

        Raises:
            UsageError: If probes.csv is missing or damaged.
        """
        path = RunFolder(self.path).probes
        try:
            return tuple(read_values(path))
        except FileNotFoundError:
            raise UsageError(
                f"{path}: no such file; the measure needs a probe: name it in `probes`"
            ) from None
        except OSError as error:
            raise UsageError(explain(error)) from None
        except ValueError as error:
            raise UsageError(str(error)) from None

    @property
    def last_epoch(self) -> int:
        """The last epoch that was evaluated; 0 without one."""
        return self.rows[-1].epoch if self.rows else 0


def load_run_folder(path: Path) -> Run:
    """Load the folder of one run.

    Raises:
        UsageError: If a file is missing, damaged, cut off or of another format; the message names it.
    """
    folder = RunFolder(path)
    if not is_there(folder.record) and not is_there(folder.metrics):
        raise UsageError(f"{path}: {what_is(path)}")
    try:
        record = folder.read_record()
        config = load_known_run(folder.config, partial(_is_of, record))
        rows = tuple(read_rows(folder.metrics)) if _has_rows(folder, record) else ()
    except ConfigError as error:
        raise UsageError(str(error.problems[0])) from None
    except ValueError as error:
        raise UsageError(f"{error}; {folder.how_to_repair()}") from None
    except OSError as error:
        absent = isinstance(error, FileNotFoundError)
        said = f"{error.filename}: cannot be read (no such file)" if absent else explain(error)
        raise UsageError(said) from None
    _check_epochs(folder, record, config, rows)
    return Run(path=path, config=config, record=record, rows=rows)


def _is_of(record: RunRecord, config: RunConfig) -> bool:
    """Whether a config is the one that a record names."""
    known = (record.name, record.seed, record.config_hash)
    return (config.name, config.seed, config_hash(config)) == known


def find_run_folders(argument: str) -> list[Path]:
    """Find the runs that one argument of the command line means.

    Args:
        argument: The folder of a run, a folder with runs anywhere below it, or a pattern
            such as `runs/*-s0-*`.

    Returns:
        Folders of runs, sorted by name; at least one.

    Raises:
        UsageError: If there is none.
    """
    try:
        path = Path(argument).expanduser()
        there = path.exists()
    except (OSError, RuntimeError) as error:  # a name that is too long, a user that is not there
        said = reason(error) if isinstance(error, OSError) else str(error)
        raise UsageError(f"{argument[:80]}: is no path: {said}") from None
    if there:
        return _below(path)
    if not glob.has_magic(argument):
        raise UsageError(f"{argument}: {absence(path)}")
    matches = sorted(Path(match) for match in glob.iglob(str(path), recursive=True))  # noqa: PTH207  # Path.glob takes no absolute pattern
    found = [folder for match in matches if match.is_dir() for folder in list_run_folders(match)]
    if not found:
        raise UsageError(f"{argument}: no run matches this pattern; {_where_runs_are(argument)}")
    return list(dict.fromkeys(found))


def list_run_folders(path: Path) -> Iterator[Path]:
    """Walk to every folder that is, or was meant to be, a run: `path` itself or any below it."""
    return (place for place, files in _walk(path) if _is_run(files))


def list_runs_and_sweeps(path: Path) -> tuple[list[Path], list[Path]]:
    """List the folders of runs, as `list_run_folders`, and those of sweeps, in one walk."""
    runs: list[Path] = []
    sweeps: list[Path] = []
    for place, files in _walk(path):
        if _is_run(files):
            runs.append(place)
        elif SWEEP_NAME in files:
            sweeps.append(place)
    return runs, sweeps


def _walk(path: Path) -> Iterator[tuple[Path, list[str]]]:
    """Walk to every folder with its files; those below a run are left out, and so are hidden ones."""
    seen = set()
    for place, folders, files in os.walk(path, followlinks=True):
        folders.sort()
        if (real := os.path.realpath(place)) in seen:  # a link that leads back
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not name.startswith(".")]
        if _is_run(files):
            folders.clear()
        yield Path(place), files


def _is_run(files: Sequence[str]) -> bool:
    return "run.json" in files or "metrics.csv" in files


def _below(path: Path) -> list[Path]:
    if path.is_file():
        raise UsageError(f"{path}: {what_is(path)}")
    found = list(list_run_folders(path))
    if not found:
        raise UsageError(f"{path}: holds no run (a run's folder has a run.json); it {what_is(path)}")
    if path in found and not is_run_folder(path):
        raise UsageError(f"{path / 'run.json'}: no such file; the folder is not a whole run")
    return found


def _where_runs_are(pattern: str) -> str:
    """Say what to do where a pattern names nothing."""
    for folder in (Path(pattern).parent, Path("runs")):
        if folder.is_dir() and next(list_run_folders(folder), None):
            return f"`regx runs {folder}` lists what is there"
    return "`regx train` makes a run"


def _has_rows(folder: RunFolder, record: RunRecord) -> bool:
    """Whether metrics.csv must be there: a run that completed no epoch may have none."""
    return record.epochs_completed > 0 or (folder.metrics.exists() and folder.metrics.stat().st_size > 0)


def _check_epochs(
    folder: RunFolder, record: RunRecord, config: RunConfig, rows: Sequence[EpochMetrics]
) -> None:
    """Refuse rows that were lost: metrics.csv cut between two lines reads well and is wrong."""
    evaluated = filter(config.is_evaluated, count(1))
    for line, (expected, row) in enumerate(zip(evaluated, rows, strict=False), start=2):
        if row.epoch != expected:
            raise UsageError(f"{folder.metrics}:{line}: epoch {row.epoch} where {expected} belongs")
    last = rows[-1].epoch if rows else 0
    if record.has_ended and last != record.epochs_completed:
        raise UsageError(
            f"{folder.metrics}: holds {last} epochs where run.json says {record.epochs_completed}"
        )
