"""Every config that an experiment can ask for is checked, each problem said once, at its place."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from regx.config.errors import ConfigError, Place, Problem
from regx.config.experiment import Experiment, Settings
from regx.config.experiment_tree import ExperimentTree
from regx.config.messages import show
from regx.config.sections.experiment import ExperimentFile
from regx.config.tree import Plain

__all__ = ["check_configs"]

_MANY = 50  # wrong configs; looking further costs time and tells nothing new


@dataclass
class _Found:
    """One problem, and where it shows.

    Attributes:
        problem: As the check of a run has it.
        arms: Arms that have it.
        shared: What lies over the arm in every config that has it.
    """

    problem: Problem
    arms: set[str]
    shared: dict[str, Plain]

    def show_in(self, arm: str, settings: Settings) -> None:
        """Note one more config that has it."""
        self.arms.add(arm)
        self.shared = {path: value for path, value in self.shared.items() if settings.get(path, ...) == value}


def check_configs(experiment: Experiment, tree: ExperimentTree) -> list[Problem]:
    """Check every arm in every cell of the grid at every tuned point.

    A problem is told apart by its place and its path: what stands in the base, in `set` or in the grid is
    said once, however many arms inherit it.

    Args:
        experiment: What is asked, its configs not yet checked.
        tree: The file that it was read from, where the places are looked up.
    """
    found: dict[tuple[Place, str], _Found] = {}
    wrong = 0
    for arm, settings in _round_robin(experiment):
        problems = _problems(experiment, tree, arm, settings)
        for problem in problems:
            told = found.setdefault((problem.place, problem.path), _Found(problem, set(), dict(settings)))
            told.show_in(arm, settings)
        wrong += bool(problems)
        if wrong > _MANY + len(experiment.arms):
            for item in found.values():  # where else they show is not known
                item.shared = {}
            break
    return [_labelled(item, experiment, tree) for item in found.values()]


def _round_robin(experiment: Experiment) -> Iterator[tuple[str, Settings]]:
    """List arm and settings, the arms side by side, so that what all of them inherit shows in all at once."""
    for row in zip_longest(*(experiment.all_settings(arm) for arm in experiment.arms)):
        for arm, settings in zip(experiment.arms, row, strict=True):
            if settings is not None:
                yield arm, settings


def _problems(
    experiment: Experiment, tree: ExperimentTree, arm: str, settings: Settings
) -> tuple[Problem, ...]:
    """Check one config, built of values that know their places."""
    try:
        experiment.resolve_nodes(
            arm, {path: tree.value(arm, path, value) for path, value in settings.items()}
        )
    except ConfigError as error:
        return error.problems
    return ()


def _labelled(found: _Found, experiment: Experiment, tree: ExperimentTree) -> Problem:
    """Say in which part of the file it stands, and in which arm or cell where only some have it."""
    problem = found.problem
    part = tree.part(problem.place)
    words = [part, problem.path]
    cell = [f"{path} {show(found.shared[path])}" for path in _crossed(tree.file) if path in found.shared]
    if cell and not part.startswith(("grid", "tune", "tiers")):
        words.insert(1, f"at {', '.join(cell)}")
    arm = next(arm for arm in experiment.arms if arm in found.arms)
    if len(found.arms) < len(experiment.arms) and f"arms.{arm}" not in part:
        words.insert(0, f"arms.{arm}")
    return replace(problem, path=": ".join(word for word in words if word))


def _crossed(file: ExperimentFile) -> dict[str, None]:
    """List the axes of the grids that have more than one value."""
    grids = (file.grid.axes, *file.grid.arms.values())
    return dict.fromkeys(path for axes in grids for path, values in axes.items() if len(values) > 1)
