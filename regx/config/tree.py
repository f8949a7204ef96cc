"""A YAML document as a tree in which every value knows where it stands."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from regx.config.errors import Place

__all__ = ["Node", "Path", "Plain", "Scalar", "merge", "plain", "wrap"]

Scalar: TypeAlias = bool | int | float | str | None
Plain: TypeAlias = Scalar | list["Plain"] | dict[str, "Plain"]
Path: TypeAlias = tuple[str | int, ...]  # keys of mappings and indices of lists, from the root


@dataclass(frozen=True)
class Node:
    """One value.

    Attributes:
        value: A scalar, or the nodes of a list or a mapping.
        place: Where the value stands.
        key_place: Where its key stands; for the document and for items of a list the same as `place`.
        size: Number of nodes in it, counting what aliases repeat.
    """

    value: "Scalar | list[Node] | dict[str, Node]"
    place: Place
    key_place: Place
    size: int = 1

    def find(self, path: Path) -> "Node":
        """Return the node at `path`, or the nearest one that encloses it."""
        node = self
        for part in path:
            child: Node | None = None
            if isinstance(node.value, dict) and isinstance(part, str):
                child = node.value.get(part)
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                child = node.value[part]
            if child is None:
                return node
            node = child
        return node

    def get(self, *keys: str) -> "Node | None":
        """Return the node at the keys of nested mappings; None where there is none."""
        node: Node | None = self
        for key in keys:
            node = node.value.get(key) if node and isinstance(node.value, dict) else None
        return node


def plain(node: Node) -> Plain:
    """Strip the places."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def wrap(value: Plain, place: Place) -> Node:
    """Give every value of a plain tree the same place."""
    if isinstance(value, dict):
        return Node({key: wrap(child, place) for key, child in value.items()}, place, place)
    if isinstance(value, list):
        return Node([wrap(child, place) for child in value], place, place)
    return Node(value, place, place)


def merge(below: Node, above: Node) -> Node:
    """Lay one tree over another: mappings are merged key by key, everything else is replaced.

    A mapping that names another `kind` replaces the one below: each kind has parameters of its own.
    """
    if not isinstance(below.value, dict) or not isinstance(above.value, dict):
        return above
    kinds = [mapping["kind"].value for mapping in (below.value, above.value) if "kind" in mapping]
    if len(kinds) == 2 and kinds[0] != kinds[1]:
        return above
    merged = dict(below.value)
    for key, node in above.value.items():
        merged[key] = merge(merged[key], node) if key in merged else node
    return replace(above, value=merged)
