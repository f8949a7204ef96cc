"""Groups of seeds: runs whose configs are equal but for name and seed, or the arms of a sweep."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from regx.compare.select import Arm, Selection
from regx.config import RunConfig
from regx.config.errors import UsageError
from regx.measures.measure import CellRun, SeedRuns
from regx.runs.load import Run

__all__ = ["Group", "group_selections"]


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
