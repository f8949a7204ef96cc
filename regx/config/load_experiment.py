"""From the YAML file of an experiment to an experiment, or to every problem with its place."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from regx.config.errors import ConfigError, Place, Problem
from regx.config.experiment import Experiment, ExperimentTree, digest_of, joined
from regx.config.experiment_rules import MAX_CONFIGS, experiment_rules, num_configs
from regx.config.load import check, read_base
from regx.config.messages import show
from regx.config.sections.experiment import ExperimentFile, Settings, Tier
from regx.config.yaml_tree import Node, Plain, read_yaml

__all__ = ["load_experiment", "load_tiers"]

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


def _check_configs(experiment: Experiment) -> list[Problem]:
    """Check every arm in every cell of the grid at every tuned point.

    Problems with the same place and path are one: a mistake in the base, in `set` or in the grid is reported
    once, however many arms inherit it.

    Args:
        experiment: What is asked, its configs not yet checked.
    """
    found: dict[tuple[Place, str], _Found] = {}
    wrong = 0
    for arm, settings in _round_robin(experiment):
        problems = _problems(experiment, arm, settings)
        for problem in problems:
            told = found.setdefault((problem.place, problem.path), _Found(problem, set(), dict(settings)))
            told.show_in(arm, settings)
        wrong += bool(problems)
        if wrong > _MANY + len(experiment.arms):
            for item in found.values():  # where else they show is not known
                item.shared = {}
            break
    return [_labelled(item, experiment) for item in found.values()]


def _round_robin(experiment: Experiment) -> Iterator[tuple[str, Settings]]:
    """List arms and settings, the arms in turn: a mistake that all inherit is soon found in all of them."""
    for row in zip_longest(*(experiment.all_settings(arm) for arm in experiment.arms)):
        for arm, settings in zip(experiment.arms, row, strict=True):
            if settings is not None:
                yield arm, settings


def _problems(experiment: Experiment, arm: str, settings: Settings) -> tuple[Problem, ...]:
    """Check one config, whose values know their places in the file."""
    try:
        experiment.resolve_nodes(
            arm, {path: experiment.tree.value(arm, path, value) for path, value in settings.items()}
        )
    except ConfigError as error:
        return error.problems
    return ()


def _labelled(found: _Found, experiment: Experiment) -> Problem:
    """Name the part of the file; also the arm and the cell, where not all of them have the problem."""
    problem = found.problem
    part = experiment.tree.part(problem.place)
    words = [part, problem.path]
    cell = [
        f"{path} {show(found.shared[path])}" for path in _crossed(experiment.file) if path in found.shared
    ]
    if cell and not part.startswith(("grid", "tune", "tiers")):
        words.insert(1, f"at {', '.join(cell)}")
    arm = next(arm for arm in experiment.arms if arm in found.arms)
    if len(found.arms) < len(experiment.arms) and f"arms.{arm}" not in part:
        words.insert(0, f"arms.{arm}")
    return replace(problem, path=joined(*words))


def _crossed(file: ExperimentFile) -> dict[str, None]:
    """List the axes of the grids that have more than one value."""
    grids = (file.grid.axes, *file.grid.arms.values())
    return dict.fromkeys(path for axes in grids for path, values in axes.items() if len(values) > 1)


def load_experiment(path: Path | str, tier: Tier = "cpu") -> Experiment:
    """Read an experiment, and check every config that it can ask for.

    Args:
        path: YAML file.
        tier: At which cost; `cpu` is the file as it stands.

    Raises:
        ConfigError: With every problem of one round, each with its place.
    """
    document, base, _ = _read(Path(path))
    return _at_tier(Path(path), document, base, tier)


def load_tiers(path: Path | str) -> dict[Tier, Experiment]:
    """Read an experiment at every tier that its file has.

    Raises:
        ConfigError: With every problem of all tiers at once; what several tiers share is said once.
    """
    document, base, tiers = _read(Path(path))
    experiments: dict[Tier, Experiment] = {}
    problems: list[Problem] = []
    for tier in tiers:
        told = {problem.place for problem in problems}
        try:
            experiments[tier] = _at_tier(Path(path), document, base, tier)
        except ConfigError as error:
            new = [problem for problem in error.problems if problem.place not in told]
            problems.extend(problem if tier == "cpu" else _named(problem, tier) for problem in new)
    if problems:
        raise ConfigError(problems)
    return experiments


def _named(problem: Problem, tier: str) -> Problem:
    """Name the tier that has a problem, where the path does not."""
    if "tiers." in problem.path:
        return problem
    return replace(problem, path=joined(f"tiers.{tier}", problem.path))


def _read(path: Path) -> tuple[Node, Node, tuple[Tier, ...]]:
    """Read a file, its base and the names of its tiers.

    Raises:
        ConfigError: With all that has the wrong shape.
    """
    problems: list[Problem] = []
    document = read_yaml(path, problems)
    base = read_base(path, document, problems)
    try:
        file = check(document, ExperimentFile)
    except ConfigError as error:
        problems.extend(error.problems)
    if problems or base is None:
        raise ConfigError(problems)
    return document, base, file.named_tiers


def _at_tier(path: Path, document: Node, base: Node, tier: Tier) -> Experiment:
    """Build an experiment at a tier.

    Raises:
        ConfigError: With every rule that it breaks, and every problem of its configs.
    """
    tree = ExperimentTree(document, tier)
    problems = [tree.problem(finding) for finding in experiment_rules(tree.file, tier, tree.content)]
    if num_configs(tree.file) > MAX_CONFIGS:
        raise ConfigError(problems)
    told = {problem.place for problem in problems}
    found: list[Problem] = []
    trees = {arm: tree.tree_of(base, arm, found) for arm in tree.file.arms}
    found = [replace(problem, path=tree.part(problem.place)) for problem in found]
    experiment = Experiment(path=path, tree=tree, arms=tuple(tree.file.arms), trees=trees)
    found += _check_configs(experiment)
    problems += (problem for problem in found if problem.place not in told)
    if problems:
        raise ConfigError(problems)
    return replace(experiment, digest=digest_of(experiment))
