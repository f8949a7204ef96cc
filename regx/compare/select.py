"""What an argument of `regx compare` means: runs by folder or pattern, groups of seeds, arms of a sweep."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from regx.config import ConfigError, RunConfig
from regx.config.errors import Place, UsageError
from regx.config.hints import choice_hint
from regx.config.yaml_tree import parse_yaml, plain
from regx.measures.measure import CellRun, SeedRuns
from regx.runs.folder import NoRecord, RunFolder, is_run_folder
from regx.runs.load import Run, find_run_folders, load_run_folder
from regx.runs.record import RunRecord
from regx.runs.sweep import ArmRecord, SweepRecord, SweepRun, is_sweep_folder, read_sweep

__all__ = [
    "Arm",
    "Group",
    "Selection",
    "group_selections",
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


@dataclass(frozen=True, kw_only=True)
class Group:
    """What is compared: runs of one config under different seeds, or an arm over the values of one axis.

    One run is a group too.

    Attributes:
        label: What tables, figures and sentences call it.
        by_seed: The runs under each seed, seeds ascending: one, or one for each value of the axis.
        arm: The arm of a sweep that declares these runs; None for runs that were picked by folder.
        incomplete: Seeds that lack the run of some value of the axis, ascending: not used.
    """

    label: str
    by_seed: Mapping[int, SeedRuns]
    arm: Arm | None = None
    incomplete: tuple[int, ...] = ()

    @classmethod
    def of_runs(cls, label: str, runs: Sequence[Run], arm: Arm | None = None) -> "Group":
        """Group runs of one config, each under a seed of its own."""
        ordered = sorted(runs, key=_seed)
        return cls(label=label, by_seed={_seed(run): SeedRuns.single(run) for run in ordered}, arm=arm)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, ascending."""
        return tuple(self.by_seed)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """All runs, ordered by seed."""
        return tuple(item.run for runs in self.by_seed.values() for item in runs.runs)

    @property
    def config(self) -> RunConfig:
        """The config that the runs share, name, seed and axis aside."""
        return self.runs[0].config

    @property
    def axis(self) -> str:
        """Dotted path of what varies under each seed; empty where nothing does."""
        return next(iter(self.by_seed.values())).axis

    @cached_property
    def ladders(self) -> dict[int, dict[float, Run]]:
        """The runs of each seed by value of the axis, which ascends."""
        return {seed: runs.by_value() for seed, runs in self.by_seed.items()}

    @property
    def values(self) -> tuple[float, ...]:
        """The values of the axis, ascending."""
        return tuple(next(iter(self.ladders.values())))

    def num_without_end(self, value: float) -> int:
        """Count the runs at a value of the axis that have no metrics at the end: diverged, or stopped."""
        return sum(ladder[value].record.final is None for ladder in self.ladders.values())


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


def group_selections(selections: Sequence[Selection]) -> list[Group]:
    """Make the groups of a comparison, in order of first appearance.

    Where every selection is an arm with a grid over the same numeric axis, each arm is a group with the runs
    of all its cells. Otherwise a cell of an arm is a group, and so is an arm without a grid.

    All other runs are grouped by config, whichever argument they came with, unless two sources hold the same
    config under other seeds: then somebody named them apart, and each source is a group. When all runs share
    one config and one source, each becomes a group of its own: what then differs is chance, and seeing how
    much is the one thing that such a comparison can show.

    Raises:
        UsageError: If fewer than two groups come of it, a run is given twice, or no seed of an arm has a run
            in every cell.
    """
    _refuse_same_runs(selections)
    axis = _grid_axis(selections)
    if axis:
        return _distinct_labels(_over_axis(selections, axis))
    by_config: dict[str, list[tuple[Selection, Run]]] = {}
    for selection in selections:
        for run in () if selection.arm else selection.runs:
            by_config.setdefault(run.config_hash, []).append((selection, run))
    groups: list[Group] = []
    for selection in selections:
        if selection.arm:
            groups.append(Group.of_runs(selection.arm.label, selection.runs, selection.arm))
            continue
        for run in selection.runs:
            groups += _of_config(by_config.pop(run.config_hash, []))
    if len(groups) == 1:
        groups = _one_by_one(selections, groups[0])
    return _distinct_labels(groups)


def _grid_axis(selections: Sequence[Selection]) -> str:
    """Return the axis, if all are whole arms with a grid over the same numeric axis."""
    axes = {tuple(selection.arm.cell) if selection.arm else () for selection in selections}
    if any(selection.is_cell for selection in selections) or len(axes) != 1 or len(only := axes.pop()) != 1:
        return ""
    axis = str(only[0])
    values = [selection.arm.cell[axis] for selection in selections if selection.arm]
    is_numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    return axis if is_numeric and len(set(values)) > 1 else ""


def _over_axis(selections: Sequence[Selection], axis: str) -> list[Group]:
    """Make a group of each arm with all its cells."""
    cells: dict[tuple[str, str], dict[float, Selection]] = {}
    for selection in selections:
        assert selection.arm is not None  # _grid_axis has looked
        arm, value = selection.arm, float(selection.arm.cell[axis])
        cells.setdefault((str(arm.sweep.resolve()), arm.name), {})[value] = selection
    return [_whole_arm(dict(sorted(members.items())), axis) for members in cells.values()]


def _whole_arm(cells: Mapping[float, Selection], axis: str) -> Group:
    """Take the seeds of an arm that have a run at every value of the axis."""
    arms = [cell.arm for cell in cells.values() if cell.arm]
    runs = {value: {_seed(run): run for run in cell.runs} for value, cell in cells.items()}
    seeds = sorted(
        {seed for cell in runs.values() for seed in cell} | {seed for arm in arms for seed in arm.absent}
    )
    whole = [seed for seed in seeds if all(seed in cell for cell in runs.values())]
    arm = replace(arms[0], cell={}, num_runs=sum(arm.num_runs for arm in arms))
    if not whole:
        raise UsageError(
            f"{arm.sweep}:{arm.name}: no seed has a run in every cell yet; `regx sweep` continues"
        )
    by_seed = {
        seed: SeedRuns(
            arm=arm.name,
            runs=tuple(CellRun({axis: value}, cell[seed]) for value, cell in runs.items()),
            reference={},
            axis=axis,
        )
        for seed in whole
    }
    incomplete = tuple(seed for seed in seeds if seed not in by_seed)
    return Group(label=arm.name, by_seed=by_seed, arm=arm, incomplete=incomplete)


def _of_config(members: Sequence[tuple[Selection, Run]]) -> list[Group]:
    """Make one group of equal configs, or one for each source."""
    if not members:
        return []
    sources = list(dict.fromkeys(selection.source for selection, _ in members))
    parts = [[run for selection, run in members if selection.source == source] for source in sources]
    if len(parts) == 1:
        return [Group.of_runs(min(parts[0], key=_seed).config.name, parts[0])]
    if all(len(part) == 1 for part in parts):
        return [Group.of_runs(_with_seed(run), [run]) for (run,) in parts]
    return [Group.of_runs(source, part) for source, part in zip(sources, parts, strict=True)]


def _one_by_one(selections: Sequence[Selection], group: Group) -> list[Group]:
    if group.arm:
        argument = selections[0].argument
        raise UsageError(f"{argument}: is one group; a comparison needs two, e.g. another arm of the sweep")
    if len(group.runs) == 1:
        raise UsageError(f"{group.runs[0].path}: is one run; a comparison needs two or more")
    return [Group.of_runs(_with_seed(run), [run]) for run in group.runs]


def _refuse_same_runs(selections: Sequence[Selection]) -> None:
    """Count no run twice: two copies of one seed would look like a result without noise.

    Two arms of one sweep may share runs: it declares them.
    """
    seen: dict[tuple[str, int], tuple[Selection, Run]] = {}
    for selection, run in [(item, run) for item in selections for run in item.runs]:
        key = run.config_hash, _seed(run)
        if key not in seen:
            seen[key] = selection, run
            continue
        other, same = seen[key]
        is_copy = same.path.resolve() != run.path.resolve()
        if not selection.arm and not other.arm:
            if is_copy:
                raise UsageError(
                    f"{same.path} and {run.path} are the same run (config and seed are equal); leave one out"
                )
            raise UsageError(f"{run.path}: is given twice; name each run once")
        if other.argument != selection.argument:
            raise UsageError(
                f"{other.argument} and {selection.argument} hold the same run ({run.path.name}"
                f"{', copied' if is_copy else ''}); comparing a run with itself shows nothing"
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
