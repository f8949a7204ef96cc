"""How the numbers of a comparison are written: its unit, and the digits that its interval supports."""

from dataclasses import dataclass, replace
from math import ceil, exp, floor, isclose, log, log10
from typing import TYPE_CHECKING, Literal

from regx.numbers import show_fixed

if TYPE_CHECKING:
    from regx.claims.results import PartResult

__all__ = [
    "Quantity",
    "quantity_of",
    "show_mean",
]

_FEW_DIGITS = 3
_UNITS = {"fraction": "pp", "learning rate": "", "ln": ""}


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """How the numbers of one comparison are written.

    Attributes:
        form: `value` of one arm, `difference` of two, their quotient as `percent` or as `times`.
        unit: Written after a number.
        factor: What a value or difference is multiplied by to be shown: 100 for fractions.
        base: What a logarithm is a power of.
        places: Decimal places of an effect; negative ones round to tens, hundreds and so on.
    """

    form: Literal["value", "difference", "percent", "times"]
    unit: str
    factor: float = 1.0
    base: float = 1.0
    places: int = 0

    def shown(self, value: float) -> float:
        """Turn a number of the comparison into the one that is shown."""
        if self.form == "times":
            return float(self.base**value)
        if self.form == "percent":
            return 100 * (float(self.base**value) - 1)
        return self.factor * value

    def effect(self, mean: float, low: float | None, high: float | None) -> str:
        """Write an effect with its interval: `+0.071 [0.065, 0.078] nats`, `× 14.4 [13.9, 14.9]`."""
        sign = "× " if self.form == "times" else "+" if self.shown(mean) > 0 and self.form != "value" else ""
        text = sign + show_fixed(self.shown(mean), self.places)
        if low is not None and high is not None:
            text += " [" + ", ".join(show_fixed(self.shown(end), self.places) for end in (low, high)) + "]"
        return f"{text} {self.unit}".strip()

    def size(self, amount: float, *, digits: int = _FEW_DIGITS, up: bool = False) -> str:
        """Write how large an effect is, without its direction: `0.03 nats`, `5 %`, `× 2`.

        Args:
            amount: In the unit of the comparison, >= 0.
            digits: Significant digits, at most.
            up: Whether to round up, for a bound that must not be said too small.
        """
        shown = self.shown(amount)
        places = _places_of(shown, digits)
        if up:
            shown = ceil(shown * 10**places - 1e-9) / 10**places
        text = _without_zeros(show_fixed(shown, places))
        if self.form == "times":
            return f"× {text}"
        return f"{text} {self.unit.removesuffix('s') if text == '1' else self.unit}".strip()


def quantity_of(part: "PartResult") -> Quantity:
    """Say how the numbers of a comparison are written."""
    mean = part.mean or 0.0
    if part.unit in ("ln", "log2"):
        base = 2.0 if part.unit == "log2" else exp(1)
        size = max(abs(mean), abs(part.amount or 0.0)) * log(base)
        as_times = part.unit == "log2" or size >= log(2) - 1e-9
        quantity = Quantity(form="times" if as_times else "percent", unit="" if as_times else "%", base=base)
    else:
        form: Literal["value", "difference"] = "value" if part.contrast.isidentifier() else "difference"
        unit = _UNITS.get(part.unit, part.unit)
        if form == "value" and part.unit == "fraction" and not _is_span(part.measure):
            unit = "%"
        quantity = Quantity(form=form, unit=unit, factor=100.0 if part.unit == "fraction" else 1.0)
    places = _places_of(quantity.shown(mean), _FEW_DIGITS)
    if part.low is not None and part.high is not None:
        half = (quantity.shown(part.high) - quantity.shown(part.low)) / 2
        places = min(_places_of(half / 2, 1) if half > 0 else places, 6)
    return replace(quantity, places=places)


def show_mean(value: float, unit: str, measure: str) -> str:
    """Write what an arm came to in the unit of its measure.

    Args:
        value: A mean over the seeds.
        unit: Of the measure.
        measure: Its name: the `range` or `drop` of a share over a grid is in percentage points.
    """
    if unit == "fraction":
        value, unit = 100 * value, "pp" if _is_span(measure) else "%"
    text = show_fixed(value, _places_of(value, _FEW_DIGITS))
    return f"{text} {_UNITS.get(unit, unit)}".strip()


def _is_span(measure: str) -> bool:
    """Whether a measure is itself a difference, of cells of a grid: of shares it is in percentage points."""
    return measure.startswith(("drop(", "range("))


def _places_of(value: float, digits: int) -> int:
    """Return the decimal places with which a number has so many significant digits."""
    if value == 0 or isclose(value, 0, abs_tol=1e-12):
        return 0
    return min(6, digits - 1 - floor(log10(abs(value))))


def _without_zeros(text: str) -> str:
    """Cut the zeros at the end of a decimal number, which say nothing."""
    return text.rstrip("0").rstrip(".") if "." in text else text
