"""What is wrong with a file, by the path of a value; where that stands is looked up only then."""

from collections.abc import Sequence
from dataclasses import dataclass

from regx.config.errors import Problem
from regx.config.yaml_tree import KeyPath, Node

__all__ = ["Finding", "RuleError"]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        path: KeyPath of the value that the message is about.
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

    def at(self, tree: Node) -> Problem:
        """Look up where it stands; what is missing is shown at the mapping that should have it."""
        node = tree.find(self.path)
        place = node.key_place if self.is_about_key else node.place
        return Problem(place, self.label or self.dotted, self.message)


class RuleError(ValueError):
    """Every rule between several fields that a config breaks."""

    def __init__(self, broken: Sequence[Finding]) -> None:
        self.broken = tuple(broken)
        super().__init__("; ".join(f"{rule.dotted}: {rule.message}" for rule in self.broken))
