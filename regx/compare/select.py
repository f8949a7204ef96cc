"""What an argument of `regx compare` means: runs by folder or pattern, or arms of a sweep."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regx.config import ConfigError
from regx.config.errors import Place, UsageError
from regx.config.hints import choice_hint
from regx.config.yaml_tree import parse_yaml, plain
from regx.runs.folder import NoRecord, RunFolder, is_run_folder
from regx.runs.load import Run, find_run_folders, load_run_folder
from regx.runs.record import RunRecord
from regx.runs.sweep import ArmRecord, SweepRecord, SweepRun, is_sweep_folder, read_sweep

__all__ = [
    "Arm",
    "Selection",
    "how_to_go_on",
    "select",
    "show_cell_of",
    "show_tuned",
]


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
        absent: Seeds of runs that cannot be compared, with their state: `not there`, `damaged`, or the status
            of a run that has not ended.
        damage: What is damaged, a sentence for each such run.
    """

    sweep: Path
    name: str
    cell: Mapping[str, Any]
    settings: Mapping[str, Any]
    tuned: Mapping[str, Any]
    num_trials: int
    at_edge: tuple[str, ...]
    num_runs: int
    absent: Mapping[int, str]
    damage: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Name and cell, as tables call it."""
        return " ".join([self.name, *show_cell_of(self.cell)])


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Runs that were named together.

    Attributes:
        argument: The words of the command line.
        source: What sets these runs apart from equal ones of another source: the argument, or for the folder
            of a single run the folder that it lies in, as the shell writes out a pattern run by run.
        runs: One or more; of an arm ordered by seed, with those that diverged, without those that failed.
        arm: The arm of a sweep that they are; None for runs by folder or pattern.
        is_cell: Whether the argument chose cells of a grid.
    """

    argument: str
    source: str
    runs: tuple[Run, ...]
    arm: Arm | None = None
    is_cell: bool = False


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
        return "`regx sweep` continues"
    return "`regx sweep --retry-failed` " + ("continues all of them" if unasked else "tries again")


def _load_arms(
    argument: str, path: Path, record: SweepRecord, names: Sequence[str], conditions: Mapping[str, Any]
) -> list[Selection]:
    """Load arms of a sweep, cell by cell: the runs to compare, never those of the tuning.

    Args:
        argument: The words of the command line.
        path: Folder of the sweep.
        record: What it holds.
        names: The arms, in the order wanted.
        conditions: Values of axes; the cells that have all of them are loaded.

    Raises:
        UsageError: If there is nothing to compare yet: the tuning goes on, or no run of an arm has ended.
    """
    confirm = [run for run in record.runs if run.stage == "confirm"]
    if not confirm:
        raise UsageError(f"{path}: is still tuning, there is nothing to compare yet; `regx sweep` continues")
    found = {
        run.folder: RunFolder(path.parent / run.folder).find_record() for run in confirm if run.arm in names
    }
    if len(names) > 1 and not any(one.has_ended for one in found.values()):
        raise UsageError(f"{path}: {_none_done(list(found.values()))}")
    cells: dict[str, dict[str, list[SweepRun]]] = {name: {} for name in names}
    for run in confirm:
        if run.arm in cells and conditions.items() <= run.cell.items():
            cells[run.arm].setdefault(repr(sorted(run.cell.items())), []).append(run)
    selections = []
    for members in (members for name in names for members in cells[name].values()):
        members.sort(key=lambda run: run.seed)
        arm = _arm(path, record.arm(members[0].arm), members, found)
        runs = [load_run_folder(path.parent / run.folder) for run in members if run.seed not in arm.absent]
        selections.append(
            Selection(argument=argument, source=argument, runs=tuple(runs), arm=arm, is_cell=bool(conditions))
        )
    return selections


def _arm(
    path: Path, arm: ArmRecord, members: Sequence[SweepRun], found: Mapping[str, RunRecord | NoRecord]
) -> Arm:
    """Say what the sweep declares of the runs of one cell, and which of them are not there."""
    first = members[0]
    absent = {run.seed: found[run.folder] for run in members if not found[run.folder].has_ended}
    declared = Arm(
        sweep=path,
        name=arm.name,
        cell=first.cell,
        settings=arm.settings,
        tuned=first.tuned,
        num_trials=arm.num_trials,
        at_edge=next((tuned.at_edge for tuned in arm.tuned if tuned.cell in ({}, first.cell)), ()),
        num_runs=len(members),
        absent={seed: _state(one) for seed, one in absent.items()},
        damage=tuple(one.reason for one in absent.values() if isinstance(one, NoRecord) and one.reason),
    )
    if len(absent) == len(members):
        reason = _none_done(list(absent.values()))
        raise UsageError(f"{path}:{declared.label.replace(' ', ',')}: {reason}")
    return declared


def _state(found: RunRecord | NoRecord) -> str:
    return "not there" if found.status == "absent" else found.status


def _none_done(found: Sequence[RunRecord | NoRecord]) -> str:
    states = [_state(one) for one in found]
    shown = ", ".join(f"{count} {state}" for state, count in Counter(states).most_common())
    return f"none of its {len(states)} runs is done ({shown}); {how_to_go_on(states)}"


def select(argument: str) -> list[Selection]:
    """Load what one argument names.

    Args:
        argument: The folder of a run, a folder of runs, a pattern; the folder of a sweep (each arm, and each
            cell of its grid), `sweep:arm`, or `sweep:arm,optim.lr=0.1` with one or more conditions.

    Raises:
        UsageError: If there is nothing, or something is damaged.
    """
    path = _existing(argument)
    if path is not None and is_sweep_folder(path):
        record = read_sweep(path)
        return _load_arms(argument, path, record, [arm.name for arm in record.arms], {})
    sweep, words = (None, "") if path is not None else _split(argument)
    if sweep is None:
        folders = find_run_folders(argument)
        runs = tuple(load_run_folder(folder) for folder in folders)
        alone = path is not None and is_run_folder(path)
        return [
            Selection(argument=argument, source=str(path.parent) if alone and path else argument, runs=runs)
        ]
    record = read_sweep(sweep)
    name, *conditions = re.split(r",(?=[\w.]+\s*=)", words)
    arms = tuple(arm.name for arm in record.arms)
    if name not in arms:
        raise UsageError(f"{argument}: no arm {name!r} (arms: {', '.join(arms)}){choice_hint(name, arms)}")
    wanted = _conditions(argument, record, name, conditions)
    return _load_arms(argument, sweep, record, [name], wanted)


def _existing(argument: str) -> Path | None:
    try:
        path = Path(argument).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError):  # no path at all; find_run_folders says why
        return None


def _split(argument: str) -> tuple[Path | None, str]:
    """Split `sweep:arm` where what stands before the colon is a sweep; None where it is none."""
    for match in re.finditer(":", argument):
        head = _existing(argument[: match.start()])
        if head is not None and is_sweep_folder(head):
            return head, argument[match.end() :]
        if head is not None and head.is_dir():
            raise UsageError(f"{argument}: {head} is not the folder of a sweep (it has no sweep.json)")
    return None, ""


def _conditions(argument: str, record: SweepRecord, arm: str, texts: Sequence[str]) -> dict[str, Any]:
    """Read `axis=value` and make sure that some cell has it."""
    cells = [run.cell for run in record.runs if run.stage == "confirm" and run.arm == arm]
    axes = tuple(dict.fromkeys(path for cell in cells for path in cell))
    wanted: dict[str, Any] = {}
    for text in texts:
        axis, _, value = (part.strip() for part in text.partition("="))
        if axis not in axes:
            known = f"axes: {', '.join(axes)}" if axes else "it has no grid"
            raise UsageError(f"{argument}: no axis {axis!r} ({known}){choice_hint(axis, axes)}")
        wanted[axis] = _value(argument, value)
        if not any(wanted.items() <= cell.items() for cell in cells):
            known = ", ".join(dict.fromkeys(show_cell_of({axis: cell[axis]})[0] for cell in cells))
            raise UsageError(f"{argument}: no cell of {arm} has {text} (there are {known})")
    return wanted


def _value(argument: str, text: str) -> Any:
    try:
        return plain(parse_yaml(text, lambda *_: Place(0, argument), []))
    except ConfigError as error:
        raise UsageError(str(error.problems[0])) from None
