"""Criteria that word themselves, so that the printed criterion is the one that was applied."""

from collections.abc import Sequence

from regx.claims.mechanical.check import CheckResult, Measured

__all__ = ["at_most", "conclude", "conclude_literally", "equal", "more_than", "noted", "within"]


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
