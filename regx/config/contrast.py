"""What a claim compares, e.g. `ln(none / dropout)`, and how much of it would matter, e.g. `10% of none`."""

import math
import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["Amount", "Contrast", "parse_amount", "parse_contrast"]

Form = Literal["value", "difference", "ln", "log2"]

_ARM = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
_SIDE = rf"best\(\s*{_ARM}(?:\s*,\s*{_ARM})+\s*\)|{_ARM}"
_FORMS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("ln", re.compile(rf"ln\(\s*({_SIDE})\s*/\s*({_SIDE})\s*\)")),
    ("log2", re.compile(rf"log2\(\s*({_SIDE})\s*/\s*({_SIDE})\s*\)")),
    ("difference", re.compile(rf"({_SIDE})\s+-\s+({_SIDE})")),
    ("value", re.compile(rf"({_SIDE})")),
)
_NUMBER = r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+"
_LOGARITHM = re.compile(rf"(ln|log2)\s+({_NUMBER})")
_SHARE = re.compile(rf"({_NUMBER})\s*%\s+of\s+({_ARM})")


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """One number per seed, from the numbers of one arm or two; positive favours the claim.

    Attributes:
        text: As the file has it.
        form: `value` of one arm, `difference` of two, or `ln` or `log2` of the quotient of two.
        first: Names of the first arm; several where the best of them is meant.
        second: The same of the second arm; None for the value of one arm.
    """

    text: str
    form: Form
    first: tuple[str, ...]
    second: tuple[str, ...] | None = None

    @property
    def sides(self) -> tuple[tuple[str, ...], ...]:
        """The one side, or both."""
        return (self.first,) if self.second is None else (self.first, self.second)

    @property
    def arms(self) -> tuple[str, ...]:
        """Every arm that is named, each once."""
        return tuple(dict.fromkeys(arm for side in self.sides for arm in side))

    def of(self, first: float, second: float | None = None) -> float | None:
        """Contrast the numbers of one seed; None where a quotient has no logarithm."""
        if self.form == "value" or second is None:
            return first
        if self.form == "difference":
            return first - second
        if not (first > 0 and second > 0):
            return None
        return math.log(first / second) if self.form == "ln" else math.log2(first / second)


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How much would matter.

    Attributes:
        value: The number itself, in the unit of the contrast, or the share of an arm's mean.
        share_of: Arm whose mean on the tuning seeds it is a share of; None for a plain number.
    """

    value: float
    share_of: str | None = None


def parse_contrast(text: str) -> Contrast:
    """Read a contrast.

    Raises:
        ValueError: If it has none of the forms.
    """
    for form, pattern in _FORMS:
        if found := pattern.fullmatch(text.strip()):
            first, *second = map(_arms, found.groups())
            return Contrast(text=text, form=form, first=first, second=second[0] if second else None)
    raise ValueError(
        "must be `A`, `A - B` (with spaces around the minus), `ln(A / B)` or `log2(A / B)`, "
        "where A and B are arms or `best(arm, arm)`"
    )


def parse_amount(amount: float | str) -> Amount:
    """Read an amount: a number, `ln 1.05`, `log2 5`, or `10% of ARM`.

    Raises:
        ValueError: If it has none of the forms, or is not > 0.
    """
    parsed = _parse_words(amount.strip()) if isinstance(amount, str) else Amount(value=float(amount))
    if parsed is None:
        raise ValueError("must be a number, `ln X`, `log2 X` or `P% of ARM`")
    if not 0 < parsed.value < math.inf:
        raise ValueError("must be > 0")
    return parsed


def _parse_words(text: str) -> Amount | None:
    if found := _LOGARITHM.fullmatch(text):
        number = float(found[2])
        log = math.log if found[1] == "ln" else math.log2
        return Amount(value=log(number) if number > 0 else 0.0)
    if found := _SHARE.fullmatch(text):
        return Amount(value=float(found[1]) / 100, share_of=found[2])
    return None


def _arms(side: str) -> tuple[str, ...]:
    inside = re.fullmatch(r"best\((.*)\)", side)
    return tuple(arm.strip() for arm in inside[1].split(",")) if inside else (side,)
