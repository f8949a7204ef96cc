"""The arms of a sweep, as its record declares them, with the runs of theirs that have ended."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from regx.config.errors import UsageError
from regx.config.os_errors import explain
from regx.runs.folder import RunFolder
from regx.runs.sweep import ArmRecord, SweepFolder, SweepRecord, SweepRun
from regx.runs.table import Run, load_run_folder

__all__ = ["Arm", "LoadedArm", "how_to_go_on", "load_arms", "read_sweep", "show_cell_of", "show_tuned"]


class Absence(NamedTuple):
    """Why a run cannot be compared.

    Attributes:
        state: `not there`, `damaged`, or the status of a run that has not ended.
        reason: What is damaged.
    """

    state: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One arm of a sweep, or one cell of its grid.

    Attributes:
        sweep: Folder of the sweep.
        name: Of the arm.
        cell: Values of the grid's axes, by dotted path; empty without a grid.
        settings: What the experiment sets for the arm, by dotted path.
        tuned: Values that tuning chose, by dotted path.
        num_trials: Points that were tried for it.
        at_edge: Tuned paths whose value lies on the edge of what was tried.
        num_runs: Runs that the sweep has for it.
        absent: By seed, why runs are not there to be compared.
    """

    sweep: Path
    name: str
    cell: Mapping[str, Any]
    settings: Mapping[str, Any]
    tuned: Mapping[str, Any]
    num_trials: int
    at_edge: tuple[str, ...]
    num_runs: int
    absent: Mapping[int, Absence]

    @property
    def label(self) -> str:
        """Name and cell, as tables call it."""
        return " ".join([self.name, *show_cell_of(self.cell)])


@dataclass(frozen=True, kw_only=True)
class LoadedArm:
    """An arm with its runs, ordered by seed; a diverged run is one of them, a failed run is not."""

    arm: Arm
    runs: tuple[Run, ...]


def show_cell_of(cell: Mapping[str, Any]) -> list[str]:
    """Write a cell as conditions: `optim.lr=0.1`."""
    return [
        f"{path}={value:g}" if isinstance(value, float) else f"{path}={show_tuned(cell, path)}"
        for path, value in cell.items()
    ]


def show_tuned(values: Mapping[str, Any], path: str) -> str:
    """Write the value of a setting that may have been left alone, or set to nothing."""
    if path not in values:
        return "not tuned"
    return "null" if values[path] is None else str(values[path])


def how_to_go_on(states: Collection[str]) -> str:
    """Say what trains the runs that have not ended; what failed or is damaged is not tried again unasked."""
    unasked = sum(state not in ("failed", "damaged") for state in states)
    if unasked == len(states):
        return "`regx sweep` goes on"
    return "`regx sweep --retry-failed` " + ("goes on with all of them" if unasked else "tries again")


def read_sweep(path: Path) -> SweepRecord:
    """Read the record of a sweep.

    Raises:
        UsageError: If it is damaged, of another format or of another sweep, or cannot be read.
    """
    folder = SweepFolder(path)
    try:
        record = SweepRecord.read(folder.record)
    except ValueError as error:
        raise UsageError(f"{error}; `regx sweep` of its experiment writes it anew") from None
    except OSError as error:
        raise UsageError(explain(error)) from None
    own = SweepFolder.named(record.name, record.tier, path.parent).path.name
    if path.absolute().name != own:
        raise UsageError(
            f"{folder.record}: is of the sweep {own}; `regx sweep` of the right one writes it anew"
        )
    return record


def load_arms(
    path: Path, record: SweepRecord, names: Sequence[str], conditions: Mapping[str, Any]
) -> list[LoadedArm]:
    """Load arms of a sweep, cell by cell: the runs to compare, never those of the tuning.

    Args:
        path: Folder of the sweep.
        record: What it holds.
        names: The arms, in the order wanted.
        conditions: Values of axes; the cells that have all of them are loaded.

    Raises:
        UsageError: If there is nothing to compare yet: the tuning goes on, or no run of an arm has ended.
    """
    confirm = [run for run in record.runs if run.stage == "confirm"]
    if not confirm:
        raise UsageError(f"{path}: is still tuning, there is nothing to compare yet; `regx sweep` goes on")
    states = {run.folder: _absence(path.parent / run.folder) for run in confirm if run.arm in names}
    if len(names) > 1 and not any(state is None for state in states.values()):
        raise UsageError(f"{path}: {_none_done(list(states.values()))}")
    cells: dict[str, dict[str, list[SweepRun]]] = {name: {} for name in names}
    for run in confirm:
        if run.arm in cells and conditions.items() <= run.cell.items():
            cells[run.arm].setdefault(repr(sorted(run.cell.items())), []).append(run)
    arms = {arm.name: arm for arm in record.arms}
    return [
        _load(path, arms[name], sorted(members, key=lambda run: run.seed), states)
        for name in names
        for members in cells[name].values()
    ]


def _load(
    path: Path, arm: ArmRecord, members: Sequence[SweepRun], states: Mapping[str, Absence | None]
) -> LoadedArm:
    first = members[0]
    at_edge = next((tuned.at_edge for tuned in arm.tuned if tuned.cell in ({}, first.cell)), ())
    loaded = Arm(
        sweep=path,
        name=arm.name,
        cell=first.cell,
        settings=arm.settings,
        tuned=first.tuned,
        num_trials=arm.num_trials,
        at_edge=at_edge,
        num_runs=len(members),
        absent={run.seed: state for run in members if (state := states[run.folder]) is not None},
    )
    if len(loaded.absent) == len(members):
        reason = _none_done(list(loaded.absent.values()))
        raise UsageError(f"{path}:{loaded.label.replace(' ', ',')}: {reason}")
    runs = [load_run_folder(path.parent / run.folder) for run in members if states[run.folder] is None]
    return LoadedArm(arm=loaded, runs=tuple(runs))


def _absence(folder: Path) -> Absence | None:
    """Say what keeps a run from being compared; None where it has ended."""
    try:
        record = RunFolder(folder).read_record()
    except FileNotFoundError:
        return Absence("not there")
    except (OSError, ValueError) as error:
        return Absence("damaged", explain(error))
    return None if record.has_ended else Absence(record.status)


def _none_done(states: Sequence[Absence | None]) -> str:
    present = [absence.state for absence in states if absence is not None]
    shown = ", ".join(f"{count} {state}" for state, count in Counter(present).most_common())
    return f"none of its {len(states)} runs is done ({shown}); {how_to_go_on(present)}"
