"""Groups of seeds: runs whose configs are equal but for name and seed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from regx.config import RunConfig, config_hash
from regx.config.errors import UsageError
from regx.runs.table import Run

__all__ = ["Group", "group_runs"]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Runs of one config under different seeds; one run is a group too.

    Attributes:
        label: What tables, figures and sentences call it.
        runs: Ordered by seed, each seed once.
    """

    label: str
    runs: tuple[Run, ...]

    @property
    def config(self) -> RunConfig:
        """The config that the runs share, name and seed aside."""
        return self.runs[0].config

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, ascending."""
        return tuple(run.record.seed for run in self.runs)


def group_runs(runs: Sequence[Run]) -> list[Group]:
    """Group runs by config, in order of first appearance.

    When all runs share one config, each becomes a group of its own: what then differs is chance, and seeing
    how much is the one thing that such a comparison can show.

    Raises:
        UsageError: If fewer than two runs are given, or a run is given twice.
    """
    if len(runs) < 2:
        place = f"{runs[0].path}: " if runs else ""
        raise UsageError(f"{place}is one run; a comparison needs two or more")
    by_config: dict[str, list[Run]] = {}
    for run in runs:
        by_config.setdefault(config_hash(run.config), []).append(run)
    for members in by_config.values():
        members.sort(key=lambda run: run.record.seed)
        _refuse_duplicates(members)
    if len(by_config) == 1:
        return [
            Group(label=f"{run.config.name} seed {run.record.seed}", runs=(run,))
            for members in by_config.values()
            for run in members
        ]
    groups = [Group(label=members[0].config.name, runs=tuple(members)) for members in by_config.values()]
    return _distinct_labels(groups)


def _refuse_duplicates(members: Sequence[Run]) -> None:
    """Count no run twice: two copies of one seed would look like a result without noise."""
    for first, second in pairwise(members):
        if first.record.seed == second.record.seed:
            if first.path.resolve() == second.path.resolve():
                raise UsageError(f"{first.path}: is given twice; name each run once")
            raise UsageError(
                f"{first.path} and {second.path} are the same run (config and seed are equal); leave one out"
            )


def _distinct_labels(groups: Sequence[Group]) -> list[Group]:
    """Add the hash, as in the folder's name, to names that stand for several configs."""
    names = [group.label for group in groups]
    return [
        replace(group, label=f"{group.label}-{config_hash(group.config)}")
        if names.count(group.label) > 1
        else group
        for group in groups
    ]
