"""What a rule that joins several fields says when it is broken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["BrokenRule", "RuleError"]


@dataclass(frozen=True)
class BrokenRule:
    """One rule that a config breaks.

    Attributes:
        path: Dotted path of the value that the message is about.
        message: What is wrong and what would be right.
        reads: Dotted paths of the other values that the rule has looked at: where one of them is itself
            wrong, what the rule says means nothing.
    """

    path: str
    message: str
    reads: tuple[str, ...] = ()

    def reads_any(self, paths: Iterable[str]) -> bool:
        """Whether the rule looked at one of `paths`, at a part of it or at what encloses it."""
        return any(
            read == path or read.startswith(f"{path}.") or path.startswith(f"{read}.")
            for read in (self.path, *self.reads)
            for path in paths
        )


class RuleError(ValueError):
    """Every rule that a config breaks."""

    def __init__(self, broken: Sequence[BrokenRule]) -> None:
        self.broken = tuple(broken)
        super().__init__("; ".join(f"{rule.path}: {rule.message}" for rule in self.broken))
