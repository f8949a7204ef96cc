"""An experiment: which runs answer one question."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from regx.config.check import check
from regx.config.errors import ConfigError, Place, Problem
from regx.config.layers import assign
from regx.config.resolve import config_hash
from regx.config.schema import RunConfig
from regx.config.sections.claim import ClaimConfig
from regx.config.sections.experiment import Tier
from regx.config.sections.fields import MAX_SEED
from regx.config.tree import Node, wrap
from regx.config.tuning_grid import Settings, TunePlan

__all__ = ["Experiment", "Settings", "Tier", "TunePlan", "digest_of"]

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
