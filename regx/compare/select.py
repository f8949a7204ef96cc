"""What an argument of `regx compare` means: runs by folder or pattern, groups of seeds, arms of a sweep."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from regx.config import ConfigError, RunConfig
from regx.config.errors import Place, UsageError
from regx.config.hints import choice_hint
from regx.config.yaml_tree import parse_yaml, plain
from regx.runs.folder import NoRecord, RunFolder, is_run_folder
from regx.runs.sweep import ArmRecord, SweepRecord, SweepRun, is_sweep_folder, read_sweep
from regx.runs.table import Run, find_run_folders, load_run_folder

__all__ = [
    "Arm",
    "Group",
    "LoadedArm",
    "Selection",
    "group_runs",
    "group_selections",
    "how_to_go_on",
    "load_arms",
    "select",
    "show_cell_of",
    "show_tuned",
]


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
    found = RunFolder(folder).find_record()
    if isinstance(found, NoRecord):
        return Absence("not there" if found.status == "absent" else found.status, found.reason)
    return None if found.has_ended else Absence(found.status)


def _none_done(states: Sequence[Absence | None]) -> str:
    present = [absence.state for absence in states if absence is not None]
    shown = ", ".join(f"{count} {state}" for state, count in Counter(present).most_common())
    return f"none of its {len(states)} runs is done ({shown}); {how_to_go_on(present)}"


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


@dataclass(frozen=True, kw_only=True)
class Group:
    """Runs of one config under different seeds; one run is a group too.

    Attributes:
        label: What tables, figures and sentences call it.
        runs: Ordered by seed, each seed once.
        arm: The arm of a sweep that declares these runs; None for runs that were picked by folder.
    """

    label: str
    runs: tuple[Run, ...]
    arm: Arm | None = None

    @property
    def config(self) -> RunConfig:
        """The config that the runs share, name and seed aside."""
        return self.runs[0].config

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, ascending."""
        return tuple(run.record.seed for run in self.runs)


def group_runs(runs: Sequence[Run]) -> list[Group]:
    """Group runs that were named together; see `group_selections`."""
    return group_selections([Selection(argument="", source="", runs=tuple(runs))])


def group_selections(selections: Sequence[Selection]) -> list[Group]:
    """Make the groups of a comparison, in order of first appearance.

    An arm of a sweep is a group. All other runs are grouped by config, whichever argument they came with,
    unless two sources hold the same config under other seeds: then somebody named them apart, and each source
    is a group. When all runs share one config and one source, each becomes a group of its own: what then
    differs is chance, and seeing how much is the one thing that such a comparison can show.

    Raises:
        UsageError: If fewer than two groups come of it, or a run is given twice.
    """
    by_config: dict[str, list[tuple[Selection, Run]]] = {}
    for selection in selections:
        for run in () if selection.arm else selection.runs:
            by_config.setdefault(run.config_hash, []).append((selection, run))
    groups: list[Group] = []
    for selection in selections:
        if selection.arm:
            groups.append(Group(label=selection.arm.label, runs=selection.runs, arm=selection.arm))
            continue
        for run in selection.runs:
            groups += _of_config(by_config.pop(run.config_hash, []))
    if len(groups) == 1:
        groups = _one_by_one(selections, groups[0])
    _refuse_shared(selections)
    return _distinct_labels(groups)


def _of_config(members: Sequence[tuple[Selection, Run]]) -> list[Group]:
    """Make one group of equal configs, or one for each source."""
    if not members:
        return []
    _refuse_duplicates([run for _, run in members])
    sources = list(dict.fromkeys(selection.source for selection, _ in members))
    parts = [
        sorted((run for selection, run in members if selection.source == source), key=_seed)
        for source in sources
    ]
    if len(parts) == 1:
        return [Group(label=parts[0][0].config.name, runs=tuple(parts[0]))]
    if all(len(part) == 1 for part in parts):
        return [Group(label=_with_seed(run), runs=(run,)) for (run,) in parts]
    return [Group(label=source, runs=tuple(part)) for source, part in zip(sources, parts, strict=True)]


def _one_by_one(selections: Sequence[Selection], group: Group) -> list[Group]:
    if group.arm:
        argument = selections[0].argument
        raise UsageError(f"{argument}: is one group; a comparison needs two, e.g. another arm of the sweep")
    if len(group.runs) == 1:
        raise UsageError(f"{group.runs[0].path}: is one run; a comparison needs two or more")
    return [Group(label=_with_seed(run), runs=(run,)) for run in group.runs]


def _refuse_duplicates(runs: Sequence[Run]) -> None:
    """Count no run twice: two copies of one seed would look like a result without noise."""
    for first, second in pairwise(sorted(runs, key=_seed)):
        if first.record.seed == second.record.seed:
            if first.path.resolve() == second.path.resolve():
                raise UsageError(f"{first.path}: is given twice; name each run once")
            raise UsageError(
                f"{first.path} and {second.path} are the same run (config and seed are equal); leave one out"
            )


def _refuse_shared(selections: Sequence[Selection]) -> None:
    """Refuse to set a run against itself, unless one sweep declares it in two arms."""
    seen: dict[tuple[str, int], tuple[Selection, Run]] = {}
    for selection in selections:
        for run in selection.runs:
            key = (run.config_hash, run.record.seed)
            other, same = seen.setdefault(key, (selection, run))
            if other.argument != selection.argument:
                raise UsageError(
                    f"{other.argument} and {selection.argument} hold the same run ({run.path.name}"
                    f"{'' if same.path.resolve() == run.path.resolve() else ', copied'}); "
                    "comparing a run with itself shows nothing"
                )
            if other is not selection and other.arm == selection.arm:
                raise UsageError(f"{selection.argument}: is given twice; name each arm once")


def _distinct_labels(groups: Sequence[Group]) -> list[Group]:
    """Tell groups of the same name apart: by the sweep, or by the hash in the folder's name."""
    for qualify in (_by_sweep, _by_path):
        counts = Counter(group.label for group in groups)
        groups = [
            replace(group, label=qualify(group)) if counts[group.label] > 1 else group for group in groups
        ]
    return list(groups)


def _by_sweep(group: Group) -> str:
    if group.arm:
        return f"{group.arm.sweep.name}:{group.arm.label}"
    return f"{group.label}-{group.runs[0].config_hash}"


def _by_path(group: Group) -> str:
    return f"{group.arm.sweep}:{group.arm.label}" if group.arm else group.label


def _with_seed(run: Run) -> str:
    return f"{run.config.name} seed {run.record.seed}"


def _seed(run: Run) -> int:
    return run.record.seed
