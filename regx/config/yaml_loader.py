"""Strict YAML: what is written is what is read, and every value knows its line and column.

PyYAML's safe loader follows YAML 1.1, where `1e-3` is a string, `off` is false, `12:30` is 750, `010` is 8 and
the last of two equal keys wins. Here scalars follow the core schema of YAML 1.2, and what has no place in a
config (tags, merge keys, equal keys, several documents) is an error.
"""

import re
from collections.abc import Callable
from pathlib import Path

import yaml

from regx.config.errors import ConfigError, Place, Problem
from regx.config.tree import Node

__all__ = ["parse_yaml", "read_yaml"]

# A config is a page of text. The limits keep a wrong file, or a hostile one, from costing more than a moment.
MAX_BYTES = 100_000
MAX_DEPTH = 32
MAX_NODES = 20_000
MAX_DIGITS = 40

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NOT_A_NUMBER = re.compile(r"\.(nan|NaN|NAN)")


def read_yaml(path: Path, problems: list[Problem], layer: int = 0) -> Node:
    """Read one file, which must hold a mapping.

    Args:
        path: The file.
        problems: Takes what is wrong but does not hinder reading on.
        layer: Where its problems are listed among those of other files.

    Raises:
        ConfigError: If it cannot be read, is not a text, not YAML, or not a mapping.
    """
    place = Place(layer, str(path))
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise _error(place, "is a folder, not a YAML file") from None
    except FileNotFoundError:
        raise _error(place, "no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a path with a null byte
        raise _error(place, f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(content) > MAX_BYTES:
        raise _error(place, f"is larger than {MAX_BYTES:,} bytes; is it a config?")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _error(place, f"is not UTF-8 text (byte {error.object[error.start]:#04x})") from None
    node = parse_yaml(text, lambda line, column: Place(layer, str(path), line, column), problems)
    if node.value is None:
        raise _error(place, "is empty")
    if not isinstance(node.value, dict):
        raise _error(node.place, "must be a mapping of keys to values (`name: ...`)")
    return node


def parse_yaml(text: str, place_at: Callable[[int, int], Place], problems: list[Problem]) -> Node:
    """Parse one document into a tree.

    Args:
        text: The document.
        place_at: Makes a place of a line and a column, both from 1.
        problems: Takes what is wrong but does not hinder reading on: equal keys, tags and the like.

    Raises:
        ConfigError: If the text is not YAML, or larger or deeper than any config.
    """
    loader: yaml.SafeLoader | None = None
    try:
        loader = yaml.SafeLoader(text)
        return _TreeReader(loader, place_at, problems).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = place_at(mark.line + 1, mark.column + 1) if mark else place_at(1, 1)
        context = f" {error.context}" if error.context else ""
        raise _error(place, f"is not valid YAML: {error.problem}{context}{_tab_hint(text, place)}") from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = place_at(before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1)
        raise _error(place, f"holds a control character ({_code_point(error.character)})") from None
    finally:
        if loader is not None:
            loader.dispose()


class _TreeReader:
    """Builds the tree from the events of the parser, so that depth and size are bounded while it grows."""

    def __init__(
        self, loader: yaml.SafeLoader, place_at: Callable[[int, int], Place], problems: list[Problem]
    ) -> None:
        self._loader = loader
        self._place_at = place_at
        self._anchors: dict[str, Node | None] = {}  # None: still being read
        self._problems = problems

    def read(self) -> Node:
        """Read the only document of the stream."""
        self._loader.get_event()  # start of the stream
        if self._loader.check_event(yaml.StreamEndEvent):
            return Node(None, self._place_at(1, 1), self._place_at(1, 1))
        self._loader.get_event()  # start of the document
        root = self._node(depth=0)
        self._loader.get_event()  # end of the document
        if not self._loader.check_event(yaml.StreamEndEvent):
            self._report(
                self._place(self._loader.peek_event()), "one file holds one document: a second begins here"
            )
        return root

    def _node(self, depth: int) -> Node:
        event = self._loader.get_event()
        place = self._place(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, place)
        if depth > MAX_DEPTH:
            raise _error(place, f"is nested more than {MAX_DEPTH} levels deep")
        if event.anchor:
            self._anchors[event.anchor] = None
        if event.tag is not None:
            self._report(place, f"tags are not allowed (got {event.tag})")
        if isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(place, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(place, depth)
        else:
            node = self._scalar(event, place)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: yaml.AliasEvent, place: Place) -> Node:
        if event.anchor not in self._anchors:
            raise _error(place, f"alias *{event.anchor} has no anchor before it")
        node = self._anchors[event.anchor]
        if node is None:
            raise _error(place, f"alias *{event.anchor} stands inside its own anchor")
        return node

    def _mapping(self, place: Place, depth: int) -> Node:
        children: dict[str, Node] = {}
        size = 1
        while not self._loader.check_event(yaml.MappingEndEvent):
            key_event = self._loader.peek_event()
            key_place = self._place(key_event)
            self._node(depth + 1)  # a key may be any node; only scalars are taken
            value = self._node(depth + 1)
            size = self._grow(size, value, key_place)
            if not isinstance(key_event, yaml.ScalarEvent):
                self._report(key_place, "a key must be a word")
            elif key_event.value in children:
                first = children[key_event.value].key_place
                self._report(
                    key_place, f"key {key_event.value!r} stands here twice (first in line {first.line})"
                )
            else:
                children[key_event.value] = Node(value.value, value.place, key_place, value.size)
        self._loader.get_event()
        return Node(children, place, place, size)

    def _sequence(self, place: Place, depth: int) -> Node:
        children: list[Node] = []
        size = 1
        while not self._loader.check_event(yaml.SequenceEndEvent):
            children.append(self._node(depth + 1))
            size = self._grow(size, children[-1], place)
        self._loader.get_event()
        return Node(children, place, place, size)

    def _grow(self, size: int, child: Node, place: Place) -> int:
        if size + child.size > MAX_NODES:
            raise _error(place, f"holds more than {MAX_NODES:,} values, counting what aliases repeat")
        return size + child.size

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> Node:
        text = event.value
        if not event.implicit[0]:  # quoted: always text
            return Node(text, place, place)
        if _INTEGER.fullmatch(text) and len(text) > MAX_DIGITS:
            self._report(place, f"is a number of {len(text)} digits")
            return Node(0, place, place)
        return Node(_resolve(text), place, place)

    def _place(self, event: yaml.Event) -> Place:
        return self._place_at(event.start_mark.line + 1, event.start_mark.column + 1)

    def _report(self, place: Place, message: str) -> None:
        self._problems.append(Problem(place, "", message))


def _resolve(text: str) -> None | bool | int | float | str:
    """Give a plain scalar its type by the core schema of YAML 1.2."""
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITY.fullmatch(text):
        return float("-inf" if text[0] == "-" else "inf")
    if _NOT_A_NUMBER.fullmatch(text):
        return float("nan")
    return text


def _tab_hint(text: str, place: Place) -> str:
    lines = text.splitlines()
    line = lines[place.line - 1] if 0 < place.line <= len(lines) else ""
    return " (indent with spaces, not tabs)" if "\t" in line[: len(line) - len(line.lstrip())] else ""


def _code_point(character: object) -> str:
    return f"U+{character:04X}" if isinstance(character, int) else str(character)


def _error(place: Place, message: str) -> ConfigError:
    return ConfigError([Problem(place, "", message)])
