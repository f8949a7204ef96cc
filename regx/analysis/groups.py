"""Groups of seeds: runs whose configs are equal but for name and seed, or the arms that a sweep declares."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from regx.analysis.arms import Arm
from regx.analysis.selection import Selection
from regx.config import RunConfig
from regx.config.errors import UsageError
from regx.runs.table import Run

__all__ = ["Group", "group_runs", "group_selections"]


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
