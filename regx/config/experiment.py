"""An experiment: which runs answer one question, and the grid that its arms are tuned over."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any, Literal, TypeAlias

from regx.config.errors import ConfigError, Place, Problem
from regx.config.load import assign, check
from regx.config.run import RunConfig, config_hash
from regx.config.sections.claim import ClaimConfig
from regx.config.sections.experiment import Tier
from regx.config.sections.fields import MAX_SEED
from regx.config.yaml_tree import Node, Plain, wrap

__all__ = [
    "Experiment",
    "Settings",
    "Tier",
    "TunePlan",
    "can_extend",
    "cross",
    "digest_of",
    "next_value",
]

Settings: TypeAlias = Mapping[str, Plain]  # dotted path -> value, e.g. {"optim.lr": 0.1}
Axes: TypeAlias = Mapping[str, tuple[Plain, ...]]


def _allows_all(_: "TunePlan") -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class TunePlan:
    """How every arm finds its own best value.

    Attributes:
        over: Axes of each arm: path -> values; numbers ascend.
        by: Name of the measure that chooses.
        seeds: Seeds of the trials, none of them a seed of the comparison.
        extend: Paths of the axes that go on while the best of some arm lies on their edge.
        max_extensions: Steps that the axes may go on by.
        per: Whether each arm is tuned once, or in each cell of the grid.
        follow: Arm -> the arm whose tuned values it takes.
        allows: Whether every config of a plan obeys the schema and its rules.
    """

    over: Mapping[str, Axes]
    by: str
    seeds: tuple[int, ...]
    extend: tuple[str, ...]
    max_extensions: int
    per: Literal["arm", "cell"]
    follow: Mapping[str, str] = field(default_factory=dict)
    allows: Callable[["TunePlan"], bool] = field(default=_allows_all, repr=False, compare=False)

    def points(self, arm: str) -> tuple[Settings, ...]:
        """Cross the axes of an arm, the last one fastest."""
        return cross(self.over[arm])

    def tries(self, arm: str) -> bool:
        """Whether an arm has trials of its own; one without axes, or that follows another, has none."""
        return bool(self.over[arm]) and arm not in self.follow

    def extended(self, path: str, *, up: bool) -> "TunePlan":
        """Let an axis go on by one step of its own rhythm, in every arm that has it.

        Args:
            path: The axis.
            up: Above its last value, else below its first.

        Returns:
            The longer plan; this plan itself where the step would lead some arm to a value that the schema
            or a rule forbids (the arms go on together, or not at all), or where no arm has the axis.

        Raises:
            ValueError: If the axis cannot go on at all: fewer than two values, or not positive numbers.
        """
        over = {arm: _longer(axes, path, up=up) for arm, axes in self.over.items()}
        stuck = any(path in axes and over[arm] == axes for arm, axes in self.over.items())
        longer = replace(self, over=over)
        return longer if longer != self and not stuck and self.allows(longer) else self


def cross(axes: Axes) -> tuple[Settings, ...]:
    """List every combination of the values of some axes, the last axis fastest; ({},) without axes."""
    return tuple(dict(zip(axes, values, strict=True)) for values in product(*axes.values()))


def can_extend(values: tuple[Plain, ...]) -> bool:
    """Whether an axis has a rhythm to go on by: at least two values, all of them positive numbers."""
    return len(values) > 1 and all(
        isinstance(value, int | float) and not isinstance(value, bool) and value > 0 for value in values
    )


def next_value(values: tuple[Plain, ...], *, up: bool) -> float:
    """Go on by the ratio that stood two places before: 0.1, 0.3, 1 -> 3; 1, 2, 4 -> 8; 1, 2 -> 4.

    Rounded to 6 significant digits; whole numbers stay whole.

    Raises:
        ValueError: If the axis cannot go on.
    """
    if not can_extend(values):
        raise ValueError(f"an axis with the values {list(values)} has no next step")
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if not up:
        numbers.reverse()
    last, before = numbers[-1], numbers[-2]
    ratio = before / numbers[-3] if len(numbers) > 2 else last / before
    if all(isinstance(value, int) for value in values):
        return round(last * ratio)
    return float(f"{last * ratio:.6g}")


def _longer(axes: Axes, path: str, *, up: bool) -> Axes:
    if path not in axes:
        return axes
    values = axes[path]
    added = next_value(values, up=up)
    if added in values or not math.isfinite(added):
        return axes
    return {**axes, path: (*values, added) if up else (added, *values)}


_LONGEST_NAME = 64


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Arms, crossed with a grid, over seeds: all checked, at one tier.

    Attributes:
        name: Names the sweep's folder and begins the names of its runs.
        question: What it asks, as a sentence.
        tier: The tier that it was loaded at.
        path: Its file.
        digest: sha256, in hex, over what is asked at this tier, the base included: name, resolved arms, grid,
            tuning and seeds. How the file says it (comments, the order of keys, defaults written out) and the
            wording of the question do not count.
        arms: Names of what is compared, in the order of the file.
        cells: Cells of the grid that all arms without one of their own have; ({},) without a grid.
        tune: How every arm finds its own best value; None where nothing is tuned.
        seeds: Seeds of the comparison, the same for each arm.
        claims: Sentences that the runs test. They are no part of the digest.
        own_cells: Cells of the arms that have a grid of their own.
        settings: What the file says of each arm.
        trees: The config of each arm below cells and tuned values, in which every value knows its place.
    """

    name: str
    question: str
    tier: Tier
    path: Path
    digest: str
    arms: tuple[str, ...]
    cells: tuple[Settings, ...]
    tune: TunePlan | None
    seeds: tuple[int, ...]
    claims: tuple[ClaimConfig, ...] = field(default=(), repr=False)
    own_cells: Mapping[str, tuple[Settings, ...]] = field(default_factory=dict, repr=False)
    settings: Mapping[str, Settings] = field(repr=False)
    trees: Mapping[str, Node] = field(repr=False, compare=False)
    _configs: dict[tuple[str, str], RunConfig] = field(default_factory=dict, repr=False, compare=False)

    def config(self, arm: str, settings: Settings, seed: int) -> RunConfig:
        """Return the config of a run.

        Args:
            arm: One of `arms`.
            settings: What lies over the arm: the cell's and the tuned values together.
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
        return self.own_cells.get(arm, self.cells)

    def first(self, arm: str) -> Settings:
        """Return what lies over an arm in its first run: first cell, first tuned point."""
        return {**self.cells_of(arm)[0], **(self.tune.points(arm)[0] if self.tune else {})}

    @property
    def num_trials(self) -> int:
        """Runs that the tuning asks for before any axis goes on."""
        if self.tune is None:
            return 0
        per_seed = sum(
            len(self.tune.points(arm)) * (len(self.cells_of(arm)) if self.tune.per == "cell" else 1)
            for arm in self.arms
            if self.tune.tries(arm)
        )
        return len(self.tune.seeds) * per_seed

    def all_settings(self, arm: str, plan: TunePlan | None = None) -> Iterator[Settings]:
        """List what lies over an arm in every run that it can ask for; `plan` may stand for its own."""
        plan = plan or self.tune
        cells = self.cells_of(arm)
        if plan and plan.per == "arm" and cells != ({},):
            cells = ({}, *cells)  # the trials are run outside the grid
        for cell, point in product(cells, plan.points(arm) if plan else ({},)):
            yield {**cell, **point}

    def allows(self, plan: TunePlan) -> bool:
        """Whether every config that the experiment can ask for under a tuning plan is valid."""
        try:
            for arm in self.arms:
                for settings in self.all_settings(arm, plan):
                    self.resolve(arm, settings)
        except ConfigError:
            return False
        return True

    def resolve(self, arm: str, settings: Settings) -> RunConfig:
        """Build the config of an arm's runs, whose seed is the base's.

        Raises:
            ConfigError: If the settings do not make a valid config.
        """
        return self.resolve_nodes(arm, {path: wrap(value, self._place) for path, value in settings.items()})

    def resolve_nodes(self, arm: str, settings: Mapping[str, Node]) -> RunConfig:
        """As `resolve`, of values that know where they stand."""
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
            "over": plan.over,
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
