"""A YAML document as a tree in which every value knows where it stands."""

from dataclasses import dataclass, replace

from regx.config.errors import Place

__all__ = ["Node", "Plain", "merge", "plain"]

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


@dataclass(frozen=True)
class Node:
    """One value.

    Attributes:
        value: A scalar, or the nodes of a list or a mapping.
        place: Where the value stands.
        key_place: Where its key stands; for the document and for items of a list the same as `place`.
        size: Number of nodes in it, counting what aliases repeat.
    """

    value: "None | bool | int | float | str | list[Node] | dict[str, Node]"
    place: Place
    key_place: Place
    size: int = 1

    def find(self, path: tuple[str | int, ...]) -> "Node":
        """Return the node at `path`, or the nearest one that encloses it."""
        node = self
        for part in path:
            if (isinstance(node.value, dict) and isinstance(part, str) and part in node.value) or (isinstance(node.value, list) and isinstance(part, int) and part < len(node.value)):
                node = node.value[part]
            else:
                break
        return node


def plain(node: Node) -> Plain:
    """Strip the places."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def merge(below: Node, above: Node) -> Node:
    """Lay one tree over another: mappings are merged key by key, everything else is replaced.

    A mapping that names another `kind` replaces the one below as a whole: the two have parameters of their own.
    """
    if not isinstance(below.value, dict) or not isinstance(above.value, dict):
        return above
    if "kind" in above.value and "kind" in below.value:
        kinds = (below.value["kind"].value, above.value["kind"].value)
        if kinds[0] != kinds[1]:
            return above
    merged = dict(below.value)
    for key, node in above.value.items():
        merged[key] = merge(merged[key], node) if key in merged else node
    return replace(above, value=merged)
