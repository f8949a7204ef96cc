"""From the YAML file of an experiment to an experiment, or to every problem with its place."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from pathlib import Path

from regx.config.errors import ConfigError, Finding, KeyPath, Place, Problem
from regx.config.experiment import Experiment, digest_of
from regx.config.experiment_rules import MAX_CONFIGS, experiment_rules, num_configs
from regx.config.load import assign, check, read_base
from regx.config.messages import show
from regx.config.sections.experiment import ExperimentFile, Settings, Tier
from regx.config.yaml_tree import Node, Plain, read_yaml

__all__ = ["ExperimentTree", "check_configs", "load_experiment", "load_tiers"]

# Number of keys that name a part of the file; it is three where an arm has something of its own.
_DEPTHS = {"set": 1, "arms": 2, "grid": 1, "tune": 2, "seeds": 1}
_OF_ARMS = (("grid", "arms"), ("tune", "arms"), ("tune", "follow"))


@dataclass(frozen=True)
class ExperimentTree:
    """A file of the right shape, at one tier.

    Attributes:
        document: The file as it stands.
        tier: The tier; one that the file does not have changes nothing.
    """

    document: Node
    tier: str

    @cached_property
    def content(self) -> Node:
        """The file with the changes of the tier, but for `set`: there the tier's settings come on top."""
        assert isinstance(self.document.value, dict)
        content = dict(self.document.value)
        change = self.document.get("tiers", self.tier)
        for key, node in change.value.items() if change and isinstance(change.value, dict) else ():
            if key == "tune":
                content[key] = _joined_keys(content.get(key), node)
            elif key != "set" and node.value is not None:
                content[key] = node
        return replace(self.document, value=content)

    @cached_property
    def file(self) -> ExperimentFile:
        """What the tree says."""
        return check(self.content, ExperimentFile)

    def tree_of(self, base: Node, arm: str, problems: list[Problem]) -> Node:
        """Set in the base what all arms share, then what an arm has; `problems` takes what cannot be set."""
        for path in (("set",), ("tiers", self.tier, "set"), ("arms", arm)):
            layer = self.document.get(*path)
            for setting, node in layer.value.items() if layer and isinstance(layer.value, dict) else ():
                base = assign(base, tuple(setting.split(".")), node, problems)
        return base

    def value(self, arm: str, setting: str, value: Plain) -> Node:
        """Find where a value of an arm stands: on an axis that is tuned, or else on one that is crossed."""
        tune, grid = self.file.tune, self.file.grid
        axes = tune if tune and setting in tune.of(arm) else grid
        return self.content.find((*axes.part_of(arm), setting, axes.of(arm)[setting].index(value)))

    def problem(self, finding: Finding) -> Problem:
        """Give a finding its place, and the name of the part of the file."""
        problem = self.content.problem(finding)
        tier = self._paths.get(problem.place, ())[:2]
        is_changed = tier[:1] == ("tiers",) and finding.path[0] != "tiers"
        if finding.path[0] == "claims":
            return replace(problem, path=self.file.claims[int(finding.path[1])].label(finding.path[2:]))
        part, inside = _split(tier + finding.path if is_changed else finding.path)
        return replace(problem, path=_joined(part, *(word for word in inside if isinstance(word, str))))

    def part(self, place: Place) -> str:
        """Name the part of the file that a place lies in, e.g. `arms.dropout`; empty: it lies elsewhere."""
        return _split(self._paths.get(place, ()))[0]

    @cached_property
    def _paths(self) -> dict[Place, KeyPath]:
        paths: dict[Place, KeyPath] = {}
        for path, node in _walk(self.document, ()):
            paths.setdefault(node.place, path)
            paths.setdefault(node.key_place, path)
        return paths


def _joined_keys(below: Node | None, above: Node) -> Node:
    """Take the keys of two mappings; where both have one, that of `above`."""
    if below and isinstance(below.value, dict) and isinstance(above.value, dict):
        return replace(above, value={**below.value, **above.value})
    return above


def _split(path: KeyPath) -> tuple[str, KeyPath]:
    """Name the part of the file that a path lies in, and return what is left of the path."""
    tier, inside = (path[:2], path[2:]) if path[:1] == ("tiers",) else ((), path)
    depth = 3 if inside[:2] in _OF_ARMS else _DEPTHS.get(str(inside[0]), 0) if inside else 0
    return ".".join(map(str, tier + inside[:depth])), inside[depth:]


def _joined(*words: str) -> str:
    return ": ".join(word for word in words if word)


def _walk(node: Node, path: KeyPath) -> Iterator[tuple[KeyPath, Node]]:
    yield path, node
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from _walk(child, (*path, key))
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from _walk(child, (*path, index))


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

    Problems with the same place and path are one: a mistake in the base, in `set` or in the grid is reported
    once, however many arms inherit it.

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
    """List arms and settings, the arms in turn: a mistake that all inherit is soon found in all of them."""
    for row in zip_longest(*(experiment.all_settings(arm) for arm in experiment.arms)):
        for arm, settings in zip(experiment.arms, row, strict=True):
            if settings is not None:
                yield arm, settings


def _problems(
    experiment: Experiment, tree: ExperimentTree, arm: str, settings: Settings
) -> tuple[Problem, ...]:
    """Check one config, whose values know their places in the file."""
    try:
        experiment.resolve_nodes(
            arm, {path: tree.value(arm, path, value) for path, value in settings.items()}
        )
    except ConfigError as error:
        return error.problems
    return ()


def _labelled(found: _Found, experiment: Experiment, tree: ExperimentTree) -> Problem:
    """Name the part of the file; also the arm and the cell, where not all of them have the problem."""
    problem = found.problem
    part = tree.part(problem.place)
    words = [part, problem.path]
    cell = [f"{path} {show(found.shared[path])}" for path in _crossed(tree.file) if path in found.shared]
    if cell and not part.startswith(("grid", "tune", "tiers")):
        words.insert(1, f"at {', '.join(cell)}")
    arm = next(arm for arm in experiment.arms if arm in found.arms)
    if len(found.arms) < len(experiment.arms) and f"arms.{arm}" not in part:
        words.insert(0, f"arms.{arm}")
    return replace(problem, path=_joined(*words))


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
    return replace(problem, path=_joined(f"tiers.{tier}", problem.path))


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
    experiment = Experiment(path=path, tier=tier, file=tree.file, arms=tuple(tree.file.arms), trees=trees)
    found += check_configs(experiment, tree)
    problems += (problem for problem in found if problem.place not in told)
    if problems:
        raise ConfigError(problems)
    return replace(experiment, digest=digest_of(experiment))
