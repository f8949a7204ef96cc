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
        grid: Axes that are crossed inside each arm.
        tuned: Axes that each arm is tuned over; empty where nothing is tuned.
        is_per_cell: Whether every cell of the grid is tuned by itself.
    """

    tree: Node
    shared: tuple[Layer, ...]
    arms: Mapping[str, Layer]
    grid: Axes
    tuned: Mapping[str, Axes]
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
        return cls(
            tree=replace(tree, value=content),
            shared=(
                Layer("set", _mapping(content.get("set"))),
                Layer(f"tiers.{tier}.set", _mapping(change.get("set"))),
            ),
            arms=arms,
            grid=Axes(grid_label, _lists(content.get("grid"))),
            tuned=_tuned(tune_content, tuple(arms), labels) if tune_content else {},
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
        tuned = self.tuned.get(arm)
        if tuned is None:
            yield from ((cell,) for cell in self.grid.points())
            return
        if self.grid.values and not self.is_per_cell:
            yield from ((point,) for point in tuned.points())
        yield from product(self.grid.points(), tuned.points())

    @property
    def num_configs(self) -> int:
        """Number of configs that `cells` gives for all arms together, at least."""
        return sum(self.grid.size * (self.tuned[arm].size if arm in self.tuned else 1) for arm in self.arms)


def _tuned(tune: Mapping[str, Node], arms: tuple[str, ...], labels: Mapping[str, str]) -> dict[str, Axes]:
    own = _mapping(tune.get("arms"))
    return {
        arm: Axes(f"{labels['arms']}.{arm}", _lists(own[arm]))
        if arm in own
        else Axes(labels["over"], _lists(tune.get("over")))
        for arm in arms
    }


def _mapping(node: Node | None) -> dict[str, Node]:
    return node.value if node and isinstance(node.value, dict) else {}


def _lists(node: Node | None) -> dict[str, tuple[Node, ...]]:
    """Take the lists that have values."""
    return {
        path: tuple(axis.value)
        for path, axis in _mapping(node).items()
        if isinstance(axis.value, list) and axis.value
    }
