"""An experiment as it stands in its file at one tier: nodes that know their place, checked or not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product

from regx.config.errors import Problem
from regx.config.layers import assign
from regx.config.tree import Node

__all__ = ["Axes", "Draft", "Layer"]


@dataclass(frozen=True)
class Layer:
    """Values for dotted paths, and where in the file they stand.

    Attributes:
        label: Dotted path of the mapping, e.g. `arms.dropout`.
        settings: Dotted path of the run's config -> value.
    """

    label: str
    settings: Mapping[str, Node] = field(default_factory=dict)

    def over(self, tree: Node, problems: list[Problem]) -> Node:
        """Lay it over a config; each value replaces what was there."""
        for path, node in self.settings.items():
            tree = assign(tree, tuple(path.split(".")), node, problems)
        return tree


@dataclass(frozen=True)
class Axes:
    """Lists of values for dotted paths, and where in the file they stand."""

    label: str
    values: Mapping[str, tuple[Node, ...]] = field(default_factory=dict)

    def points(self) -> Iterator[Layer]:
        """Cross the axes, the last one fastest."""
        for values in product(*self.values.values()):
            yield Layer(self.label, dict(zip(self.values, values, strict=True)))

    @property
    def size(self) -> int:
        """Number of points."""
        size = 1
        for values in self.values.values():
            size *= len(values)
        return size


@dataclass(frozen=True)
class Draft:
    """What a file says at one tier. What has the wrong shape is left out: it is reported elsewhere.

    Attributes:
        tree: The document with the tier laid over it and without its tiers.
        shared: Values that all arms share, the lowest layer first.
        arms: Values of each arm.
        grid: Axes that are crossed inside each arm that has none of its own.
        own_grids: Axes of the arms that have their own.
        tuned: Axes that each arm is tuned over; empty where nothing is tuned. An arm that follows another has
            the axes of that one.
        followers: Arm -> the arm whose tuned values it takes.
        is_per_cell: Whether every cell of the grid is tuned by itself.
    """

    tree: Node
    shared: tuple[Layer, ...]
    arms: Mapping[str, Layer]
    grid: Axes
    own_grids: Mapping[str, Axes]
    tuned: Mapping[str, Axes]
    followers: Mapping[str, str]
    is_per_cell: bool

    @classmethod
    def of(cls, tree: Node, tier: str) -> "Draft":
        """Read a document at a tier."""
        change = _mapping(_mapping(_mapping(tree).get("tiers")).get(tier))
        content = {key: node for key, node in _mapping(tree).items() if key != "tiers"}
        replaced = {key for key in ("seeds", "grid") if key in change and change[key].value is not None}
        content |= {key: change[key] for key in replaced}
        grid_label = f"tiers.{tier}.grid" if "grid" in replaced else "grid"
        labels = {"over": "tune.over", "arms": "tune.arms"}
        if "tune" in change:
            tune = change["tune"]
            if isinstance(tune.value, dict):
                labels |= {key: f"tiers.{tier}.tune.{key}" for key in tune.value}
                tune = replace(tune, value={**_mapping(content.get("tune")), **tune.value})
            content["tune"] = tune
        tune_content = _mapping(content.get("tune"))
        arms = {
            name: Layer(f"arms.{name}", _mapping(node))
            for name, node in _mapping(content.get("arms")).items()
        }
        grid = dict(_mapping(content.get("grid")))
        own_grids = _mapping(grid.pop("arms", None))
        followers = _followers(tune_content, tuple(arms))
        return cls(
            tree=replace(tree, value=content),
            shared=(
                Layer("set", _mapping(content.get("set"))),
                Layer(f"tiers.{tier}.set", _mapping(change.get("set"))),
            ),
            arms=arms,
            grid=Axes(grid_label, _lists(grid)),
            own_grids={
                arm: Axes(f"{grid_label}.arms.{arm}", _lists(_mapping(own_grids[arm])))
                for arm in arms
                if arm in own_grids
            },
            tuned=_tuned(tune_content, tuple(arms), followers, labels) if tune_content else {},
            followers=followers,
            is_per_cell="per" in tune_content and tune_content["per"].value == "cell",
        )

    def arm_tree(self, base: Node, arm: str, problems: list[Problem]) -> Node:
        """Lay what all arms share, and then the arm, over the base."""
        tree = base
        for layer in (*self.shared, self.arms[arm]):
            tree = layer.over(tree, problems)
        return tree

    def cells(self, arm: str) -> Iterator[tuple[Layer, ...]]:
        """List what is laid over an arm in every run that it can ask for: cell of the grid, tuned point."""
        tuned, grid = self.tuned.get(arm), self.grid_of(arm)
        if tuned is None:
            yield from ((cell,) for cell in grid.points())
            return
        if grid.values and not self.is_per_cell:
            yield from ((point,) for point in tuned.points())
        yield from product(grid.points(), tuned.points())

    def grid_of(self, arm: str) -> Axes:
        """Return the axes that are crossed inside an arm."""
        return self.own_grids.get(arm, self.grid)

    @property
    def all_axes(self) -> tuple[Axes, ...]:
        """Every mapping of axes in the file, once, though arms may share one: grids, then tuning grids."""
        every = (self.grid, *self.own_grids.values(), *self.tuned.values())
        return tuple({axes.label: axes for axes in every}.values())

    @property
    def num_configs(self) -> int:
        """Number of configs that `cells` gives for all arms together, at least."""
        return sum(
            self.grid_of(arm).size * (self.tuned[arm].size if arm in self.tuned else 1) for arm in self.arms
        )


def _tuned(
    tune: Mapping[str, Node], arms: tuple[str, ...], followers: Mapping[str, str], labels: Mapping[str, str]
) -> dict[str, Axes]:
    own = _mapping(tune.get("arms"))
    axes = {
        arm: Axes(f"{labels['arms']}.{arm}", _lists(_mapping(own[arm])))
        if arm in own
        else Axes(labels["over"], _lists(_mapping(tune.get("over"))))
        for arm in arms
    }
    return axes | {arm: axes[leader] for arm, leader in followers.items()}


def _followers(tune: Mapping[str, Node], arms: tuple[str, ...]) -> dict[str, str]:
    """Take the arms that follow one that is tuned itself; the rules report the others."""
    named = {arm: node.value for arm, node in _mapping(tune.get("follow")).items() if arm in arms}
    return {
        arm: leader
        for arm, leader in named.items()
        if isinstance(leader, str) and leader in arms and leader not in named
    }


def _mapping(node: Node | None) -> dict[str, Node]:
    return node.value if node and isinstance(node.value, dict) else {}


def _lists(axes: Mapping[str, Node]) -> dict[str, tuple[Node, ...]]:
    """Take the lists that have values."""
    return {
        path: tuple(axis.value) for path, axis in axes.items() if isinstance(axis.value, list) and axis.value
    }
