"""What a mechanical claim is, and how what was measured is held against its criteria."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Literal

from regx.claims.sentences import course_text, loose_points
from regx.reading import read_beside

__all__ = ["CheckResult", "CheckedValue", "MechanicalClaim", "Values", "all_mechanical", "holds"]

Values = dict[str, float | str]
"""What a check measured, by name, in the order in which it is shown."""


@dataclass(frozen=True, kw_only=True)
class CheckedValue:
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

    verdict: Literal["supported", "contradicted"]
    reading: str
    measured: tuple[CheckedValue, ...]


@dataclass(frozen=True, kw_only=True)
class MechanicalClaim:
    """A sentence that needs no statistics: it holds by construction, or it does not.

    Attributes:
        id: `M01` and on.
        says: The sentence in short.
        quote: The exact words of the tested text.
        source: The paper or page that it rests on, with the section.
        passes_if: All criteria together, in a line.
        notes: Where the text is loose or wrong, and traps for who uses what it describes.
        measured_by: The function that measures, as `module.function` of this package.
        criteria: What each measured value has to be, by its name; `*` in a name stands for anything.
        reading: How the sentence was read, said where it holds.
        literal: Words of the sentence that `criteria` take literally; empty where there is one reading.
        meaning: What the sentence should mean in their place, as the end of a sentence.
        criteria_of_meaning: What the values have to be for that.
    """

    id: str
    says: str
    quote: str
    source: str
    passes_if: str
    notes: tuple[str, ...]
    measured_by: str
    criteria: Mapping[str, str]
    reading: str = ""
    literal: str = ""
    meaning: str = ""
    criteria_of_meaning: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> CheckResult:
        """Measure and judge: the same answer every time, on the CPU."""
        module, function = self.measured_by.split(".")
        values: Values = getattr(importlib.import_module(f"{__package__}.{module}"), function)()
        return self.judge(values)

    def judge(self, values: Values) -> CheckResult:
        """Hold values against the criteria; where words can be taken literally, the letter decides."""
        rows, by_letter, by_meaning = [], True, True
        for name, measured in values.items():
            value = measured if isinstance(measured, str) else float(measured)
            letter, meant = _find(self.criteria, name), _find(self.criteria_of_meaning, name)
            criterion = letter if letter is not None else meant
            if criterion is None:
                raise KeyError(f"{self.id} has no criterion for {name!r}")
            row = CheckedValue(name=name, value=value, criterion=criterion, holds=holds(value, criterion))
            by_letter &= row.holds or letter is None
            by_meaning &= row.holds or meant is None
            rows.append(row)
        reading = self.reading if by_letter else ""
        if self.literal and by_letter:
            reading = f"the literal '{self.literal}' is true"
        elif self.literal:
            meaning = self.meaning if by_meaning else f"nor does this hold: {self.meaning}"
            reading = f"the literal '{self.literal}' is false; {meaning}"
        verdict: Literal["supported", "contradicted"] = "supported" if by_letter else "contradicted"
        return CheckResult(verdict=verdict, reading=reading, measured=tuple(rows))


def _find(criteria: Mapping[str, str], name: str) -> str | None:
    """Find the criterion of a value: the first whose name fits."""
    return next((criterion for key, criterion in criteria.items() if fnmatchcase(name, key)), None)


def holds(value: float | str, criterion: str) -> bool:
    """Whether a value meets a criterion of claims.yaml; NaN meets none, and every value an empty one.

    Raises:
        ValueError: If the criterion is written in no way that is known.
    """
    if isinstance(value, str):
        return criterion in ("", f"exactly {value}")
    match criterion.split():
        case []:
            return True
        case ["exactly", expected]:
            return value == float(expected)
        case ["at", "most", bound]:
            return value <= float(bound)
        case ["more", "than", bound]:
            return value > float(bound)
        case [expected, "±", tolerance]:
            return abs(value - float(expected)) <= float(tolerance)
    raise ValueError(f"no criterion: {criterion!r}")


@cache
def all_mechanical() -> tuple[MechanicalClaim, ...]:
    """Return every mechanical claim, ordered by id."""
    content = read_beside(__file__, "claims.yaml")
    return tuple(_read(claim, content[claim]) for claim in sorted(content))


def _read(claim: str, content: dict[str, Any]) -> MechanicalClaim:
    """Make a claim of its entry, with the words of the tested text and where they are loose."""
    sentences = {sentence.id: sentence.text for sentence in course_text().sentences}
    quote = " ".join(sentences[name] for name in content.pop("quotes"))
    notes = (*loose_points(claim), *content.pop("notes", ()))
    return MechanicalClaim(id=claim, quote=quote, notes=notes, **content)
