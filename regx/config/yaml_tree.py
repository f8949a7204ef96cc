"""Strict YAML: read as a tree in which every value knows its line and column."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import yaml

from regx.config.errors import ConfigError, Finding, KeyPath, Place, Problem
from regx.config.ready_made import near_file
from regx.reading import read_source, reason, show_source

__all__ = [
    "Node",
    "Plain",
    "Scalar",
    "merge",
    "parse_yaml",
    "plain",
    "read_yaml",
    "wrap",
]

Scalar: TypeAlias = bool | int | float | str | None
Plain: TypeAlias = Scalar | list["Plain"] | dict[str, "Plain"]


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

    def find(self, path: KeyPath) -> "Node":
        """Return the node at `path`, or else the innermost one around it."""
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

    def problem(self, finding: Finding) -> Problem:
        """Find the place of a problem. A missing key is shown at the mapping that should have it."""
        node = self.find(finding.path)
        place = node.key_place if finding.is_about_key else node.place
        return Problem(place, finding.label or finding.dotted, finding.message)


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
    """Merge one tree over another: mappings key by key, everything else is replaced.

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


# libyaml is ten times as fast, but reads some texts in another way than PyYAML, which counts. So it is used
# only for texts whose content is checked by other means.
_FAST_LOADER: type[yaml.SafeLoader] | type[yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# A config is a page of text. The limits keep a wrong file, or a hostile one, from costing more than a moment.
MAX_BYTES = 100_000
MAX_DEPTH = 32
MAX_NODES = 20_000
MAX_DIGITS = 40

PlaceAt = Callable[[int, int], Place]

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], Scalar]], ...] = (
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
)


def read_yaml(path: Path, problems: list[Problem], layer: int = 0, *, known: bool = False) -> Node:
    """Read one file, or what comes through a pipe, which must hold a mapping.

    Args:
        path: The file.
        problems: Takes what is wrong but does not hinder reading on.
        layer: Where its problems are listed among those of other files.
        known: Whether its content is checked by other means: it is read faster, and values have no places.

    Raises:
        ConfigError: If it cannot be read, is not a text, not YAML, or not a mapping.
    """
    source = show_source(path)
    place = Place(layer, source)
    try:
        content = read_source(path, MAX_BYTES + 1)
    except IsADirectoryError:
        raise _error(place, "is a folder, not a YAML file") from None
    except FileNotFoundError:
        raise _error(place, f"no such file{near_file(path)}") from None
    except OSError as error:
        raise _error(place, f"cannot be read: {reason(error)}") from None
    except ValueError as error:  # a path with a null byte
        raise _error(place, f"cannot be read ({error})") from None
    if len(content) > MAX_BYTES:
        raise _error(place, f"is larger than {MAX_BYTES:,} bytes; is it a config?")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _error(place, f"is not UTF-8 text (byte {content[error.start]:#04x} in line {line})") from None
    if known:
        node = parse_yaml(text, lambda *_: place, problems, known=True)
    else:
        node = parse_yaml(text, lambda line, column: Place(layer, source, line, column), problems)
    if node.value is None:
        raise _error(place, "is empty")
    if not isinstance(node.value, dict):
        raise _error(node.place, "must be a mapping of keys to values (`name: ...`)")
    return node


def parse_yaml(text: str, place_at: PlaceAt, problems: list[Problem], *, known: bool = False) -> Node:
    """Parse one document into a tree.

    Args:
        text: The document.
        place_at: Makes a place of a line and a column, both from 1.
        problems: Takes what is wrong but does not hinder reading on: equal keys, tags and the like.
        known: As in `read_yaml`.

    Raises:
        ConfigError: If the text is not YAML, or larger or deeper than any config.
    """
    try:
        events = yaml.parse(text, Loader=_FAST_LOADER if known else yaml.SafeLoader)
        return _TreeReader(events, place_at, problems).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = place_at(mark.line + 1, mark.column + 1) if mark else place_at(1, 1)
        tab = " (indent with spaces, not tabs)" if "'\\t'" in str(error.problem) else ""
        raise _error(place, f"is not valid YAML: {error.problem}{tab}") from None
    except yaml.reader.ReaderError as error:
        start_of_line = text.rfind("\n", 0, error.position) + 1
        place = place_at(text.count("\n", 0, start_of_line) + 1, error.position - start_of_line + 1)
        raise _error(place, f"holds a control character (U+{ord(text[error.position]):04X})") from None


class _TreeReader:
    """Builds the tree from the events of the parser, so that depth and size are bounded while it grows."""

    def __init__(self, events: Iterator[yaml.Event], place_at: PlaceAt, problems: list[Problem]) -> None:
        self._events = events
        self._place_at = place_at
        self._problems = problems
        self._anchors: dict[str, Node | None] = {}  # None: still being read

    def read(self) -> Node:
        """Read the only document of the stream."""
        next(self._events)  # start of the stream
        start = next(self._events)
        if isinstance(start, yaml.StreamEndEvent):
            return Node(None, self._place(start), self._place(start))
        root = self._node(next(self._events), depth=0)
        next(self._events)  # end of the document
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._report(self._place(after), "a second document begins here; one file holds one")
        return root

    def _node(self, event: yaml.Event, depth: int) -> Node:
        place = self._place(event)
        if depth > MAX_DEPTH:
            raise _error(place, f"is nested more than {MAX_DEPTH} levels deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), place)
        assert isinstance(event, yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent)
        if event.anchor:
            self._anchors[event.anchor] = None
        if event.tag is not None:
            self._report(place, f"tags are not allowed (got {event.tag})")
        if isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(place, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(place, depth)
        else:
            node = Node(self._scalar(event, place), place, place)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, anchor: str, place: Place) -> Node:
        if anchor not in self._anchors:
            raise _error(place, f"alias *{anchor} has no anchor &{anchor} before it")
        node = self._anchors[anchor]
        if node is None:
            raise _error(place, f"alias *{anchor} is inside its own anchor")
        return node

    def _mapping(self, place: Place, depth: int) -> Node:
        children: dict[str, Node] = {}
        size = 1
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            key_place = self._place(key)
            self._node(key, depth + 1)  # read it, whatever it is; only a scalar is taken
            value = self._node(next(self._events), depth + 1)
            size = self._grow(size, value, key_place)
            if not isinstance(key, yaml.ScalarEvent):
                self._report(key_place, "a key must be a word")
            elif key.value in children:
                line = children[key.value].key_place.line
                first = f" (first in line {line})" if line else ""
                self._report(key_place, f"{key.value!r} stands here twice{first}")
            else:
                children[key.value] = Node(value.value, value.place, key_place, value.size)
        return Node(children, place, place, size)

    def _sequence(self, place: Place, depth: int) -> Node:
        children: list[Node] = []
        size = 1
        while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
            children.append(self._node(item, depth + 1))
            size = self._grow(size, children[-1], place)
        return Node(children, place, place, size)

    def _grow(self, size: int, child: Node, place: Place) -> int:
        if size + child.size > MAX_NODES:
            raise _error(place, f"holds more than {MAX_NODES:,} values, counting what aliases repeat")
        return size + child.size

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> Scalar:
        """Give a scalar its type by the core schema of YAML 1.2; what is quoted is text."""
        text: str = event.value
        if not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        for pattern, number in _NUMBERS:
            if pattern.fullmatch(text):
                if len(text) > MAX_DIGITS:
                    self._report(place, f"is a number of {len(text)} characters")
                    return 0
                return number(text)
        return text

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return self._place_at(mark.line + 1, mark.column + 1) if mark else self._place_at(1, 1)

    def _report(self, place: Place, message: str) -> None:
        self._problems.append(Problem(place, "", message))


def _error(place: Place, message: str) -> ConfigError:
    return ConfigError([Problem(place, "", message)])
