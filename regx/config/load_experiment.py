"""From the YAML file of an experiment to an experiment, or to every problem with its place."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

from regx.config.errors import ConfigError, Problem
from regx.config.experiment import Experiment, Tier, TunePlan, digest_of
from regx.config.experiment_check import check_configs
from regx.config.experiment_draft import Axes, Draft
from regx.config.experiment_rules import MAX_CONFIGS, check_file
from regx.config.layers import read_base
from regx.config.sections.experiment import ExperimentFile, TuneConfig
from regx.config.tree import Node, Plain, plain
from regx.config.tuning_grid import can_extend, cross
from regx.config.yaml_loader import read_yaml

__all__ = ["load_experiment", "load_tiers"]


def load_experiment(path: Path | str, tier: Tier = "cpu") -> Experiment:
    """Read an experiment, and check every config that it can ask for.

    Args:
        path: YAML file.
        tier: At which cost; `cpu` is the file as it stands.

    Raises:
        ConfigError: With every problem at once, each with its place.
    """
    path = Path(path)
    problems: list[Problem] = []
    tree = read_yaml(path, problems)
    draft = Draft.of(tree, tier)
    problems.extend(check_file(tree, draft, tier))
    base = read_base(path, tree, problems)
    if base is not None and draft.num_configs <= MAX_CONFIGS:
        told = {problem.place for problem in problems}
        problems.extend(problem for problem in check_configs(base, draft) if problem.place not in told)
    if problems or base is None:
        raise ConfigError(problems)
    return _build(path, tier, draft, base)


def load_tiers(path: Path | str) -> dict[Tier, Experiment]:
    """Read an experiment at every tier that its file has.

    Raises:
        ConfigError: With every problem of all tiers at once; what several tiers share is said once.
    """
    experiments: dict[Tier, Experiment] = {}
    problems: list[Problem] = []
    for tier in _tiers_of(Path(path)):
        told = {problem.place for problem in problems}
        try:
            experiments[tier] = load_experiment(path, tier)
        except ConfigError as error:
            new = [problem for problem in error.problems if problem.place not in told]
            problems.extend(problem if tier == "cpu" else _at_tier(problem, tier) for problem in new)
    if problems:
        raise ConfigError(problems)
    return experiments


def _at_tier(problem: Problem, tier: Tier) -> Problem:
    """Say that only a tier has a problem, where its path does not."""
    if "tiers." in problem.path:
        return problem
    return replace(problem, path=": ".join(word for word in (f"tiers.{tier}", problem.path) if word))


def _tiers_of(path: Path) -> tuple[Tier, ...]:
    """List the tiers of a file: `cpu`, which is the file as it stands, and those that it names."""
    node = read_yaml(path, []).find(("tiers",))
    named = node.value if isinstance(node.value, dict) else {}
    return ("cpu", *(tier for tier in get_args(Tier) if tier != "cpu" and tier in named))


def _build(path: Path, tier: Tier, draft: Draft, base: Node) -> Experiment:
    file = ExperimentFile.model_validate(plain(draft.tree))
    experiment = Experiment(
        name=file.name,
        question=file.question,
        tier=tier,
        path=path,
        digest="",
        arms=tuple(draft.arms),
        cells=cross(_plain_axes(draft.grid)),
        own_cells={arm: cross(_plain_axes(axes)) for arm, axes in draft.own_grids.items()},
        tune=None,
        seeds=tuple(range(file.seeds)) if isinstance(file.seeds, int) else file.seeds,
        claims=file.claims,
        settings={
            arm: {path: plain(node) for path, node in layer.settings.items()}
            for arm, layer in draft.arms.items()
        },
        trees={arm: draft.arm_tree(base, arm, []) for arm in draft.arms},
    )
    if file.tune:
        plan = replace(_plan(file.tune, draft), allows=experiment.allows)
        experiment = replace(experiment, tune=plan)
    return replace(experiment, digest=digest_of(experiment))


def _plan(tune: TuneConfig, draft: Draft) -> TunePlan:
    """Fill in which axes go on; numbers ascend, since an axis goes on at its ends."""
    over = {
        arm: {path: _ascending(values) for path, values in _plain_axes(axes).items()}
        for arm, axes in draft.tuned.items()
    }
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
        follow=draft.followers,
    )


def _ascending(values: tuple[Plain, ...]) -> tuple[Plain, ...]:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return tuple(sorted(numbers)) if len(numbers) == len(values) else values


def _plain_axes(axes: Axes) -> dict[str, tuple[Plain, ...]]:
    return {path: tuple(plain(node) for node in values) for path, values in axes.values.items()}
