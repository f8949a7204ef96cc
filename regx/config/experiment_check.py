"""Every config that an experiment can ask for is checked, each problem said once, at its place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from regx.config.check import check_run
from regx.config.errors import ConfigError, Place, Problem
from regx.config.experiment_draft import Draft, Layer
from regx.config.layers import assign
from regx.config.messages import show
from regx.config.tree import Node, Plain, plain, wrap

__all__ = ["check_configs"]

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

    def show_in(self, arm: str, settings: dict[str, Plain]) -> None:
        """Note one more config that has it."""
        self.arms.add(arm)
        self.shared = {path: value for path, value in self.shared.items() if settings.get(path, ...) == value}


def check_configs(base: Node, draft: Draft) -> list[Problem]:
    """Check every arm in every cell of the grid at every tuned point.

    A problem is told apart by its place and its path: what stands in the base, in `set` or in the grid is
    said once, however many arms inherit it.
    """
    found: dict[tuple[Place, str], _Found] = {}
    wrong = 0
    trees: dict[str, Node] = {}
    assigned: list[Problem] = []
    for arm in draft.arms:
        tree = draft.arm_tree(base, arm, assigned)
        for key, value in (("name", "unnamed"), ("seed", 0)):  # the experiment gives these
            tree = assign(tree, (key,), wrap(value, tree.place), assigned)
        trees[arm] = tree
    for arm, layers in _round_robin(draft):
        tree = trees[arm]
        problems: list[Problem] = []
        for layer in layers:
            tree = layer.over(tree, problems)
        try:
            check_run(tree)
        except ConfigError as error:
            problems.extend(error.problems)
        cell = {path: plain(node) for layer in layers for path, node in layer.settings.items()}
        for problem in problems:
            told = found.setdefault((problem.place, problem.path), _Found(problem, set(), cell))
            told.show_in(arm, cell)
        wrong += bool(problems)
        if wrong > _MANY + len(draft.arms):
            for item in found.values():  # where else they show is not known
                item.shared = {}
            break
    for problem in assigned:
        found.setdefault((problem.place, problem.path), _Found(problem, set(draft.arms), {}))
    labels = _labels(draft)
    return [_labelled(item, labels, draft) for item in found.values()]


def _round_robin(draft: Draft) -> Iterator[tuple[str, tuple[Layer, ...]]]:
    """List arm and layers, the arms side by side, so that what all of them inherit shows in all at once."""
    for row in zip_longest(*(draft.cells(arm) for arm in draft.arms)):
        for arm, layers in zip(draft.arms, row, strict=True):
            if layers is not None:
                yield arm, layers


def _labelled(found: _Found, labels: dict[Place, str], draft: Draft) -> Problem:
    """Say in which part of the file it stands, and in which arm or cell where only some have it."""
    problem = found.problem
    label = labels.get(problem.place, "")
    words = [label, problem.path]
    cell = [f"{path} {show(found.shared[path])}" for path in _crossed(draft) if path in found.shared]
    if cell and not label.startswith(("grid", "tune", "tiers")):
        words.insert(1, f"at {', '.join(cell)}")
    arm = next(arm for arm in draft.arms if arm in found.arms)
    if len(found.arms) < len(draft.arms) and f"arms.{arm}" not in label:
        words.insert(0, f"arms.{arm}")
    return replace(problem, path=": ".join(word for word in words if word))


def _crossed(draft: Draft) -> Iterator[str]:
    """List the axes of the grids that have more than one value."""
    grids = {axes.label: axes for axes in (draft.grid, *draft.own_grids.values())}
    crossed = (path for axes in grids.values() for path, values in axes.values.items() if len(values) > 1)
    return iter(dict.fromkeys(crossed))


def _labels(draft: Draft) -> dict[Place, str]:
    """Say of every place in the file to which part of it it belongs."""
    labels: dict[Place, str] = {}
    parts: list[tuple[str, Iterable[Node]]] = []
    for layer in (*draft.shared, *draft.arms.values()):
        parts.append((layer.label, layer.settings.values()))
    for axes in draft.all_axes:
        parts.extend((axes.label, nodes) for nodes in axes.values.values())
    for label, nodes in parts:
        for node in nodes:
            for place in _places(node):
                labels.setdefault(place, label)
    return labels


def _places(node: Node) -> Iterator[Place]:
    yield from (node.place, node.key_place)
    children: Iterable[Node] = ()
    if isinstance(node.value, dict):
        children = node.value.values()
    elif isinstance(node.value, list):
        children = node.value
    for child in children:
        yield from _places(child)
