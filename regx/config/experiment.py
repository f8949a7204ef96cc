"""An experiment: which runs answer one question, and the grid that its arms are tuned over."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

from regx.config.errors import ConfigError, Finding, KeyPath, Place, Problem
from regx.config.load import assign, check
from regx.config.run import RunConfig, config_hash
from regx.config.sections.claim import ClaimConfig
from regx.config.sections.experiment import ExperimentFile, Settings, Tier, TuneConfig, cross
from regx.config.sections.fields import MAX_SEED
from regx.config.yaml_tree import Node, Plain, wrap

__all__ = ["Experiment", "ExperimentTree", "digest_of", "joined"]

_LONGEST_NAME = 64
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
    tier: Tier

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
        return replace(problem, path=joined(part, *(word for word in inside if isinstance(word, str))))

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


def joined(*words: str) -> str:
    """Join what names a place in a message; empty words are left out."""
    return ": ".join(word for word in words if word)


def _walk(node: Node, path: KeyPath) -> Iterator[tuple[KeyPath, Node]]:
    yield path, node
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from _walk(child, (*path, key))
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from _walk(child, (*path, index))


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Arms, crossed with a grid, over seeds: all checked, at one tier.

    Attributes:
        path: Its file.
        tree: What the file says at the tier that it was loaded at.
        arms: Names of what is compared, in the order of the file.
        trees: The config of each arm below cells and tuned values, in which every value knows its place.
        digest: sha256, in hex, over what is asked at this tier, the base included: name, resolved arms, grid,
            tuning and seeds. How the file says it (comments, the order of keys, defaults written out), the
            wording of the question and the claims do not count.
    """

    path: Path
    tree: ExperimentTree = field(repr=False, compare=False)
    arms: tuple[str, ...]
    trees: Mapping[str, Node] = field(repr=False, compare=False)
    digest: str = ""
    _configs: dict[tuple[str, str], RunConfig] = field(default_factory=dict, repr=False, compare=False)

    @property
    def tier(self) -> Tier:
        """The tier that it was loaded at."""
        return self.tree.tier

    @property
    def file(self) -> ExperimentFile:
        """What the file says at this tier."""
        return self.tree.file

    @property
    def name(self) -> str:
        """Names the sweep's folder and begins the names of its runs."""
        return self.file.name

    @property
    def question(self) -> str:
        """What it asks, as a sentence."""
        return self.file.question

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the comparison, the same for each arm."""
        return self.file.all_seeds

    @property
    def claims(self) -> tuple[ClaimConfig, ...]:
        """Sentences that the runs test."""
        return self.file.claims

    @property
    def settings(self) -> Mapping[str, Settings]:
        """What the file says of each arm."""
        return self.file.arms

    @cached_property
    def tune(self) -> TuneConfig | None:
        """How every arm finds its own best value, its axes written out; None where nothing is tuned."""
        return self.file.tune.written_out(self.file.arms) if self.file.tune else None

    def config(self, arm: str, settings: Settings, seed: int) -> RunConfig:
        """Return the config of a run.

        Args:
            arm: One of `arms`.
            settings: The cell's and the tuned values together.
            seed: Any seed in range; one of `seeds`, or of the tuning seeds.

        Raises:
            KeyError: If there is no such arm.
            ConfigError: If the settings do not make a valid config, or the seed is out of range.
        """
        key = (arm, json.dumps(settings, sort_keys=True))
        if key not in self._configs:
            self._configs[key] = self.resolve(arm, settings)
        if isinstance(seed, bool) or not 0 <= seed <= MAX_SEED:
            message = f"must be a whole number in [0, {MAX_SEED}] (got {seed!r})"
            raise ConfigError([Problem(self._place, "seed", message)])
        return self._configs[key].model_copy(update={"seed": seed})

    def cells_of(self, arm: str) -> tuple[Settings, ...]:
        """List the cells of an arm's grid; ({},) without a grid."""
        return cross(self.file.grid.of(arm))

    def first(self, arm: str) -> Settings:
        """Return the settings of an arm's first run: first cell, first tuned point."""
        return {**self.cells_of(arm)[0], **(self.tune.points(arm)[0] if self.tune else {})}

    @property
    def num_trials(self) -> int:
        """Runs that the tuning asks for, before any axis is extended."""
        if self.tune is None:
            return 0
        per_seed = sum(
            len(self.tune.points(arm)) * (len(self.cells_of(arm)) if self.tune.per == "cell" else 1)
            for arm in self.arms
            if self.tune.tries(arm)
        )
        return len(self.tune.seeds) * per_seed

    def all_settings(self, arm: str, plan: TuneConfig | None = None) -> Iterator[Settings]:
        """List cell and tuned values together, for every run of an arm; `plan` takes the place of its own."""
        plan = plan or self.tune
        cells = self.cells_of(arm)
        if plan and plan.per == "arm" and cells != ({},):
            cells = ({}, *cells)  # the trials are run outside the grid
        for cell, point in product(cells, plan.points(arm) if plan else ({},)):
            yield {**cell, **point}

    def extended(self, plan: TuneConfig, path: str, *, up: bool) -> TuneConfig:
        """Add one more value to an axis of a tuning plan, if every arm may have it.

        Returns:
            The longer plan; the same one where the schema or a rule forbids the step to some arm: the axis is
            extended for all arms, or for none.

        Raises:
            ValueError: If the axis cannot be extended: fewer than two values, or not positive numbers.
        """
        longer = plan.extended(path, up=up)
        return longer if longer == plan or self.allows(longer) else plan

    def allows(self, plan: TuneConfig) -> bool:
        """Whether every config of a tuning plan is valid."""
        try:
            for arm in self.arms:
                for settings in self.all_settings(arm, plan):
                    self.resolve(arm, settings)
        except ConfigError:
            return False
        return True

    def resolve(self, arm: str, settings: Settings) -> RunConfig:
        """Build the config of an arm's runs; the seed is that of the base.

        Raises:
            ConfigError: If the settings do not make a valid config.
        """
        return self.resolve_nodes(arm, {path: wrap(value, self._place) for path, value in settings.items()})

    def resolve_nodes(self, arm: str, settings: Mapping[str, Node]) -> RunConfig:
        """Do the same with values that know their places in the file."""
        problems: list[Problem] = []
        name = wrap(f"{self.name}.{arm}"[:_LONGEST_NAME], self._place)
        tree = self.trees[arm]
        for path, node in {"name": name, **settings}.items():
            tree = assign(tree, tuple(path.split(".")), node, problems)
        try:
            config = check(tree, RunConfig)
        except ConfigError as error:
            problems.extend(error.problems)
        if problems:
            raise ConfigError(problems)
        return config

    @property
    def _place(self) -> Place:
        return Place(0, str(self.path))


def digest_of(experiment: Experiment) -> str:
    """Hash what an experiment asks."""
    plan = experiment.tune
    content: dict[str, Any] = {
        "name": experiment.name,
        "arms": {
            arm: config_hash(experiment.config(arm, experiment.first(arm), 0)) for arm in experiment.arms
        },
        "cells": {arm: experiment.cells_of(arm) for arm in experiment.arms},
        "seeds": experiment.seeds,
        "tune": None
        if plan is None
        else {
            "over": {arm: plan.of(arm) for arm in experiment.arms},
            "by": plan.by,
            "seeds": plan.seeds,
            "extend": plan.extend,
            "max_extensions": plan.max_extensions,
            "per": plan.per,
            "follow": plan.follow,
        },
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
