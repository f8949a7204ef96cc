"""What a mechanical claim is, and what its check answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = ["CheckResult", "Measured", "MechanicalClaim", "Verdict"]

Verdict = Literal["supported", "contradicted"]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One thing that a check measured: a row of the table that it prints.

    Attributes:
        name: What was measured.
        value: What came out.
        criterion: What it had to be; empty for what is shown but decides nothing.
        holds: Whether it was that.
    """

    name: str
    value: float | str
    criterion: str
    holds: bool


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """The answer of a check.

    Attributes:
        verdict: On the sentence as it is written.
        reading: Where the sentence can be read in more than one way, which reading the verdict is about and
            what is true of the other; else empty.
        measured: The evidence.
    """

    verdict: Verdict
    reading: str
    measured: tuple[Measured, ...]


@dataclass(frozen=True, kw_only=True)
class MechanicalClaim:
    """A sentence that needs no statistics: it holds by construction, or it does not.

    Attributes:
        id: `M01` and on.
        says: The sentence in short.
        quote: The exact words of the tested text.
        source: The paper or page that it rests on, with the section.
        passes_if: The criterion in a line.
        notes: Where the text is loose or wrong, and traps for who uses what it describes.
        check: Measures and judges; the same answer every time, on the CPU.
    """

    id: str
    says: str
    quote: str
    source: str
    passes_if: str
    notes: tuple[str, ...]
    check: Callable[[], CheckResult]
