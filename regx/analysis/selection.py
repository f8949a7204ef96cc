"""What an argument of `regx compare` means: runs by folder or pattern, or the arms of a sweep."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regx.analysis.arms import Arm, load_arms, read_sweep, show_cell_of
from regx.config import ConfigError
from regx.config.errors import Place, UsageError
from regx.config.hints import choice_hint
from regx.config.tree import plain
from regx.config.yaml_loader import parse_yaml
from regx.runs.folder import is_run_folder
from regx.runs.sweep import SweepRecord, is_sweep_folder
from regx.runs.table import Run, find_run_folders, load_run_folder

__all__ = ["Selection", "select"]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Runs that were named together.

    Attributes:
        argument: The words of the command line.
        source: What sets these runs apart from equal ones of another source: the argument, or for the folder
            of a single run the folder that it lies in, as the shell writes out a pattern run by run.
        runs: One or more.
        arm: The arm of a sweep that they are; None for runs by folder or pattern.
        is_cell: Whether the argument chose cells of a grid.
    """

    argument: str
    source: str
    runs: tuple[Run, ...]
    arm: Arm | None = None
    is_cell: bool = False


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
        return _arms(argument, path, record, [arm.name for arm in record.arms], {})
    head, tail = ("", "") if path is not None else _split(argument)
    if not head:
        folders = find_run_folders(argument)
        runs = tuple(load_run_folder(folder) for folder in folders)
        alone = path is not None and is_run_folder(path)
        return [
            Selection(argument=argument, source=str(path.parent) if alone and path else argument, runs=runs)
        ]
    record = read_sweep(Path(head).expanduser())
    name, *conditions = re.split(r",(?=[\w.]+\s*=)", tail)
    arms = tuple(arm.name for arm in record.arms)
    if name not in arms:
        raise UsageError(f"{argument}: no arm {name!r} (arms: {', '.join(arms)}){choice_hint(name, arms)}")
    wanted = _conditions(argument, record, name, conditions)
    return _arms(argument, Path(head).expanduser(), record, [name], wanted)


def _existing(argument: str) -> Path | None:
    try:
        path = Path(argument).expanduser()
        return path if path.exists() else None
    except (OSError, RuntimeError):  # no path at all; find_run_folders says why
        return None


def _split(argument: str) -> tuple[str, str]:
    """Split `sweep:arm` where what stands before the colon is a sweep; two empty texts where it is none."""
    for match in re.finditer(":", argument):
        head = _existing(argument[: match.start()])
        if head is not None and is_sweep_folder(head):
            return str(head), argument[match.end() :]
        if head is not None and head.is_dir():
            raise UsageError(f"{argument}: {head} is not the folder of a sweep (it has no sweep.json)")
    return "", ""


def _arms(
    argument: str, path: Path, record: SweepRecord, names: Sequence[str], conditions: Mapping[str, Any]
) -> list[Selection]:
    return [
        Selection(argument=argument, source=argument, runs=arm.runs, arm=arm.arm, is_cell=bool(conditions))
        for arm in load_arms(path, record, names, conditions)
    ]


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
