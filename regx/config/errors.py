"""Errors that the user can repair: wrong usage, config or data. The exit code is then 2."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from regx.text import cut, one_line

__all__ = ["ConfigError", "Finding", "KeyPath", "Place", "Problem", "RuleError", "UsageError"]

KeyPath: TypeAlias = tuple[str | int, ...]  # keys of mappings and indices of lists, from the root

_LONGEST = 400  # characters of a path or a message
_MOST = 100  # problems that are printed
_HINT = re.compile(
    r"did you mean [^?]*\?|known here: [^)]*"
    r"|(?:^|[;:(] ?)(?P<what>(?:write|omit|use|choose|name|it belongs|`regx) .*?)(?= \(got|\)$|$)"
)


class UsageError(Exception):
    """An error that the user can repair. Its message is one line: what, where, and what to do."""


@dataclass(frozen=True, order=True)
class Place:
    """Where a value of a config comes from.

    Attributes:
        layer: Order in which problems are listed: files first, then the command line.
        source: File, or the words of the command line.
        line: Line in a file, from 1; 0 where the file as a whole or the command line is meant.
        column: Column in a file, from 1; 0 likewise.
    """

    layer: int
    source: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return `file:line:column`, or the words of the command line."""
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        path: Keys and indices down to the value that the message is about.
        message: What is wrong, and what would be right.
        is_about_key: Whether the key is wrong, or missing, rather than its value.
        label: What a reader is shown in place of the path; empty: the path itself.
    """

    path: KeyPath
    message: str
    is_about_key: bool = False
    label: str = ""

    @property
    def dotted(self) -> str:
        """The path as an override has it; items of lists as `[0]`."""
        words = ""
        for part in self.path:
            words += f"[{part}]" if isinstance(part, int) else f".{part}" if words else part
        return words


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with a config.

    Attributes:
        place: Where it stands: `file:line:column` or the `--set` that brought it.
        path: Dotted path of the value, e.g. `optim.lr`; empty where the file as a whole is meant.
        message: What is wrong, and what to write instead where that is known.
    """

    place: Place
    path: str
    message: str

    @property
    def hint(self) -> str:
        """The part of the message that says what to write instead; empty where there is none."""
        found = _HINT.search(self.message)
        return (found["what"] or found[0]) if found else ""

    @property
    def described(self) -> dict[str, Any]:
        """The problem as plain values; what there is not is None."""
        return {
            "file": self.place.source,
            "line": self.place.line or None,
            "column": self.place.column or None,
            "path": self.path or None,
            "message": self.message,
            "hint": self.hint or None,
        }

    def __str__(self) -> str:
        """Return the line that the user reads; an override names its path already.

        Keys and values come from the file, so what would break the line is escaped.
        """
        place = str(self.place)
        is_named = place.startswith((f"--set {self.path}=", f"--{self.path} "))
        parts = (place, "" if is_named else cut(self.path, _LONGEST), cut(self.message, _LONGEST))
        line = ": ".join(part for part in parts if part)
        return one_line(line)


class ConfigError(UsageError):
    """All problems of a config at once, one per line, in the order of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        lines = [str(problem) for problem in self.problems[:_MOST]]
        if len(self.problems) > _MOST:
            lines.append(f"... and {len(self.problems) - _MOST:,} more problems")
        super().__init__("\n".join(lines))


class RuleError(ValueError):
    """All rules between several fields that a config breaks."""

    def __init__(self, broken: Sequence[Finding]) -> None:
        self.broken = tuple(broken)
        super().__init__("; ".join(f"{rule.dotted}: {rule.message}" for rule in self.broken))
