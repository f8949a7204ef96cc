"""The tree of an experiment's file: a tier laid over it, and the place of what is wrong in words."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from regx.config.check import check
from regx.config.errors import Place, Problem
from regx.config.finding import Finding
from regx.config.layers import assign
from regx.config.sections.experiment import ExperimentFile
from regx.config.tree import Node, Path, Plain

__all__ = ["ExperimentTree"]

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
        """The file with what the tier changes in its place; only `set` has both, one over the other."""
        assert isinstance(self.document.value, dict)
        content = dict(self.document.value)
        change = self.document.get("tiers", self.tier)
        for key, node in change.value.items() if change and isinstance(change.value, dict) else ():
            if key == "tune":
                content[key] = _laid_over(content.get(key), node)
            elif key != "set" and node.value is not None:
                content[key] = node
        return replace(self.document, value=content)

    @cached_property
    def file(self) -> ExperimentFile:
        """What the tree says."""
        return check(self.content, ExperimentFile)

    def lay_over(self, base: Node, arm: str, problems: list[Problem]) -> Node:
        """Lay what all arms share, and then an arm, over the base; `problems` takes what cannot be laid."""
        for path in (("set",), ("tiers", self.tier, "set"), ("arms", arm)):
            layer = self.document.get(*path)
            for setting, node in layer.value.items() if layer and isinstance(layer.value, dict) else ():
                base = assign(base, tuple(setting.split(".")), node, problems)
        return base

    def value(self, arm: str, setting: str, value: Plain) -> Node:
        """Find a value on the axis that an arm is tuned over, or else that is crossed inside it."""
        tune, grid = self.file.tune, self.file.grid
        axes = tune if tune and setting in tune.of(arm) else grid
        return self.content.find((*axes.part_of(arm), setting, axes.of(arm)[setting].index(value)))

    def problem(self, finding: Finding) -> Problem:
        """Say where something stands that is wrong at the tier."""
        problem = finding.at(self.content)
        tier = self._paths.get(problem.place, ())[:2]
        is_changed = tier[:1] == ("tiers",) and finding.path[0] != "tiers"
        part = _part(tier + finding.path if is_changed else finding.path)
        return replace(problem, path=": ".join(word for word in (part, finding.label) if word))

    def part(self, place: Place) -> str:
        """Name the part of the file that a place lies in, e.g. `arms.dropout`; empty: it lies elsewhere."""
        return _part(self._paths.get(place, ()))

    @cached_property
    def _paths(self) -> dict[Place, Path]:
        paths: dict[Place, Path] = {}
        for path, node in _walk(self.document, ()):
            paths.setdefault(node.place, path)
            paths.setdefault(node.key_place, path)
        return paths


def _laid_over(below: Node | None, above: Node) -> Node:
    """Lay the keys of one mapping over those of another, each as a whole."""
    if below and isinstance(below.value, dict) and isinstance(above.value, dict):
        return replace(above, value={**below.value, **above.value})
    return above


def _part(path: Path) -> str:
    """Name the part of the file that a path lies in."""
    tier, inside = (path[:2], path[2:]) if path[:1] == ("tiers",) else ((), path)
    if inside[:2] in _OF_ARMS:
        return ".".join(map(str, tier + inside[:3]))
    depth = _DEPTHS.get(str(inside[0]), 0) if inside else 0
    return ".".join(map(str, tier + inside[:depth]))


def _walk(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    yield path, node
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            yield from _walk(child, (*path, key))
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            yield from _walk(child, (*path, index))
