"""Errors that are the user's to mend: wrong usage, config or data. The command line prints them and exits with 2."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ConfigError", "Problem", "UsageError"]


class UsageError(Exception):
    """Something that the user can mend; the message is one line that says what, where and what to do."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a config.

    Attributes:
        place: Where it stands: `file:line:column` or the `--set` that brought it.
        path: Dotted path of the value, e.g. `optim.lr`; empty where the file as a whole is meant.
        message: What is wrong, and what to write instead where that is known.
    """

    place: str
    path: str
    message: str

    def __str__(self) -> str:
        """Return the line that the user reads."""
        return ": ".join(part for part in (self.place, self.path, self.message) if part)


class ConfigError(UsageError):
    """All problems of a config at once, one per line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
