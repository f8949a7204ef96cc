"""From the YAML file of an experiment to an experiment, or to every problem with its place.

Errors come in two rounds: first all that has the wrong shape; then every rule that the file or one of its
configs breaks.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from regx.config.check import check
from regx.config.errors import ConfigError, Problem
from regx.config.experiment import Experiment, TunePlan, digest_of
from regx.config.experiment_check import check_configs
from regx.config.experiment_rules import MAX_CONFIGS, experiment_rules, num_configs
from regx.config.experiment_tree import ExperimentTree
from regx.config.layers import read_base
from regx.config.sections.experiment import Axes, ExperimentFile, Tier, TuneConfig
from regx.config.tree import Node, Plain
from regx.config.tuning_grid import can_extend, cross
from regx.config.yaml_loader import read_yaml

__all__ = ["load_experiment", "load_tiers"]


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
    """Say that only a tier has a problem, where its path does not."""
    if "tiers." in problem.path:
        return problem
    return replace(problem, path=": ".join(word for word in (f"tiers.{tier}", problem.path) if word))


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
    trees = {arm: tree.lay_over(base, arm, found) for arm in tree.file.arms}
    found = [replace(problem, path=tree.part(problem.place)) for problem in found]
    experiment = _build(path, tier, tree.file, trees)
    found += check_configs(experiment, tree)
    problems += (problem for problem in found if problem.place not in told)
    if problems:
        raise ConfigError(problems)
    return replace(experiment, digest=digest_of(experiment))


def _build(path: Path, tier: Tier, file: ExperimentFile, trees: Mapping[str, Node]) -> Experiment:
    experiment = Experiment(
        name=file.name,
        question=file.question,
        tier=tier,
        path=path,
        digest="",
        arms=tuple(file.arms),
        cells=cross(file.grid.axes),
        own_cells={arm: cross(axes) for arm, axes in file.grid.arms.items() if arm in file.arms},
        tune=None,
        seeds=file.all_seeds,
        claims=file.claims,
        settings=file.arms,
        trees=trees,
    )
    if not file.tune:
        return experiment
    return replace(experiment, tune=replace(_plan(file.tune, experiment.arms), allows=experiment.allows))


def _plan(tune: TuneConfig, arms: tuple[str, ...]) -> TunePlan:
    """Fill in which axes go on; numbers ascend, since an axis goes on at its ends."""
    over = {arm: _ascending(tune.of(arm)) for arm in arms}
    extend = tune.extend
    if extend is None:
        axes = [axes["optim.lr"] for axes in over.values() if "optim.lr" in axes]
        extend = ("optim.lr",) if axes and all(map(can_extend, axes)) else ()
    return TunePlan(
        over=over,
        by=tune.by,
        seeds=tune.seeds,
        extend=extend,
        max_extensions=tune.max_extensions,
        per=tune.per,
        follow=tune.follow,
    )


def _ascending(axes: Axes) -> dict[str, tuple[Plain, ...]]:
    return {path: tuple(sorted(values)) if _are_numbers(values) else values for path, values in axes.items()}


def _are_numbers(values: tuple[Plain, ...]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
