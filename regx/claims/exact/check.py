"""What a mechanical claim is, what its check answers, and criteria that word themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "CheckResult",
    "Measured",
    "MechanicalClaim",
    "Verdict",
    "at_most",
    "conclude",
    "conclude_literally",
    "equal",
    "more_than",
    "noted",
    "within",
]

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


def equal(name: str, value: float | str, expected: float | str) -> Measured:
    """Ask for exactly this value."""
    shown = f"{expected:g}" if isinstance(expected, float) else str(expected)
    return Measured(name=name, value=value, criterion=f"exactly {shown}", holds=value == expected)


def at_most(name: str, value: float, bound: float) -> Measured:
    """Ask for no more than a bound; NaN is more than any."""
    return Measured(name=name, value=value, criterion=f"at most {bound:.8g}", holds=value <= bound)


def more_than(name: str, value: float, bound: float) -> Measured:
    """Ask for strictly more than a bound."""
    return Measured(name=name, value=value, criterion=f"more than {bound:.8g}", holds=value > bound)


def within(name: str, value: float, expected: float, tolerance: float) -> Measured:
    """Ask for a value up to a tolerance either way."""
    criterion = f"{expected:g} ± {tolerance:.2g}"
    return Measured(name=name, value=value, criterion=criterion, holds=abs(value - expected) <= tolerance)


def noted(name: str, value: float | str) -> Measured:
    """Show a value that decides nothing."""
    return Measured(name=name, value=value, criterion="", holds=True)


def conclude(measured: Sequence[Measured], *, reading: str = "") -> CheckResult:
    """Support a sentence when all that was measured holds."""
    holds = all(row.holds for row in measured)
    return CheckResult(
        verdict="supported" if holds else "contradicted",
        reading=reading if holds else "",
        measured=tuple(measured),
    )


def conclude_literally(
    *, words: str, literal: Sequence[Measured], sensible: Sequence[Measured], meaning: str
) -> CheckResult:
    """Judge a sentence by its letter, and say beside it whether what it should mean is true.

    Args:
        words: The words of the sentence that must be taken literally.
        literal: What was measured of the letter; alone decides the verdict.
        sensible: What was measured of the sensible reading; a row may serve both.
        meaning: The sensible reading, as the end of a sentence.
    """
    measured = (*literal, *(row for row in sensible if row not in literal))
    if all(row.holds for row in literal):
        return CheckResult(verdict="supported", reading=f"the literal '{words}' is true", measured=measured)
    sense = meaning if all(row.holds for row in sensible) else f"nor does this hold: {meaning}"
    return CheckResult(
        verdict="contradicted", reading=f"the literal '{words}' is false; {sense}", measured=measured
    )
