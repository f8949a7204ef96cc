"""A claim in words: its effects and its row in the table."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, exp, floor, isclose, log, log10
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regx.claims.results import PartResult
    from regx.claims.standing import Standing
    from regx.config.sections.claim import PublishedConfig

__all__ = [
    "HEADS",
    "Quantity",
    "cells_of",
    "count_verdicts",
    "deciding_part",
    "effect_of",
    "is_span",
    "quantity_of",
    "row_of",
    "scaled",
    "scaled_value",
    "show_effect",
    "show_fixed",
    "show_mean",
    "show_measured",
    "show_p",
    "show_published",
    "show_value",
    "show_wanted",
]

_NOUNS = {"fraction": "percentage points", "learning rate": "", "ln": ""}
_FEW_DIGITS = 3


@dataclass(frozen=True)
class Quantity:
    """How the numbers of one comparison are said.

    Attributes:
        form: `value` of one arm, `difference` of two, their quotient as `percent` or as `times`.
        unit: Said after a number.
        factor: What a difference is multiplied by to be shown.
        base: What a logarithm is a power of.
        places: Decimal places; negative ones round to tens, hundreds and so on.
    """

    form: str
    unit: str
    factor: float
    base: float
    places: int

    def shown(self, value: float) -> float:
        """Turn a number of the comparison into the one that is shown."""
        if self.form == "times":
            return float(self.base**value)
        if self.form == "percent":
            return 100 * (float(self.base**value) - 1)
        return self.factor * value

    def number(self, value: float) -> str:
        """Write a number without its direction or unit."""
        shown = self.shown(value)
        return show_fixed(shown if self.form in ("value", "times") else abs(shown), self.places)

    def say(self, value: float) -> str:
        """Write a number with its direction and unit."""
        if self.form == "times":
            return f"{self.number(value)} times as much"
        if self.form == "value":
            return f"{self.number(value)} {self.unit}".strip()
        if not float(self.number(value).replace(",", "")):
            return "no difference"
        return f"{self.number(value)} {self.unit}".strip() + (" more" if value >= 0 else " less")

    def interval(self, low: float, high: float, *, directed: bool = False) -> str:
        """Write an interval: `0.065 to 0.078`; with directions where they differ, or if `directed`."""
        first, last = self.number(low), self.number(high)
        if self.form in ("value", "times"):
            return f"{first} to {last}"
        if low < 0 < high:
            percent = " %" if self.form == "percent" else ""
            return f"{first}{percent} less to {last}{percent} more"
        ends, way = (f"{first} to {last}", "more") if low >= 0 else (f"{last} to {first}", "less")
        return f"{ends} {way}" if directed else ends

    def size(self, amount: float, *, digits: int = _FEW_DIGITS, up: bool = False) -> str:
        """Write how large an effect is, its direction left out: `0.03 nats`, `5 %`, `2 times as much`.

        Args:
            amount: In the unit of the comparison, >= 0.
            digits: That count, at most.
            up: Whether to round up, for a bound that must not be said too small.
        """
        shown = self.shown(amount)
        places = _places_of(shown, digits)
        if up:
            shown = ceil(shown * 10**places - 1e-9) / 10**places
        text = _bare(shown, places)
        if self.form == "times":
            return f"{text} times as much"
        return f"{text} {self.unit.removesuffix('s') if text == '1' else self.unit}".strip()

    def brief(self, mean: float, low: float | None, high: float | None) -> str:
        """Write an effect for the cell of a table: `+0.071 [0.065, 0.078] nats`, `× 14.4 [13.9, 14.9]`."""
        unit = {"percentage points": "pp"}.get(self.unit, self.unit)
        sign = "× " if self.form == "times" else "+" if self.shown(mean) > 0 and self.form != "value" else ""
        text = sign + show_fixed(self.shown(mean), self.places)
        if low is not None and high is not None:
            ends = (show_fixed(self.shown(end), self.places) for end in (low, high))
            text += f" [{', '.join(ends)}]"
        return f"{text} {unit}".strip()


def quantity_of(part: "PartResult") -> Quantity:
    """Say how the numbers of a comparison are written."""
    mean = part.mean or 0.0
    if part.unit in ("ln", "log2"):
        base = 2.0 if part.unit == "log2" else exp(1)
        size = max(abs(mean), abs(part.amount or 0.0)) * log(base)
        as_times = part.unit == "log2" or size >= log(2) - 1e-9
        form, unit, factor = ("times", "", 1.0) if as_times else ("percent", "%", 1.0)
    else:
        base = 1.0
        form = "value" if part.contrast.isidentifier() else "difference"
        factor = 100.0 if part.unit == "fraction" else 1.0
        unit = _NOUNS.get(part.unit, part.unit)
        if form == "value" and part.unit == "fraction" and not is_span(part.measure):
            unit = "%"
    quantity = Quantity(form, unit, factor, base, 0)
    if part.low is None or part.high is None:
        return Quantity(form, unit, factor, base, _places_of(quantity.shown(mean), _FEW_DIGITS))
    half = (quantity.shown(part.high) - quantity.shown(part.low)) / 2
    places = _places_of(half / 2, 1) if half > 0 else _places_of(quantity.shown(mean), _FEW_DIGITS)
    return Quantity(form, unit, factor, base, min(places, 6))


def is_span(measure: str) -> bool:
    """Whether a measure is itself a difference, of cells of a grid: of shares it is in percentage points."""
    return measure.startswith(("drop(", "range("))


def effect_of(part: "PartResult") -> str:
    """Write an effect with its interval for the cell of a table, or why there is none."""
    if part.mean is None:
        return part.problem or "no number"
    return quantity_of(part).brief(part.mean, part.low, part.high)


def show_mean(value: float, unit: str, places: int | None = None) -> str:
    """Write what an arm came to, with the unit of its measure.

    Args:
        value: A mean over the seeds.
        unit: Of the measure.
        places: Decimal places; None for three digits that count.
    """
    if unit == "fraction":
        value, unit = 100 * value, "%"
    unit = {"learning rate": "", "ln": "(natural logarithm)"}.get(unit, unit)
    text = _bare(value, _places_of(value, _FEW_DIGITS)) if places is None else show_fixed(value, places)
    return f"{text} {unit}".strip()


def show_fixed(value: float, places: int) -> str:
    """Write a number to decimal places; negative ones round to tens and so on."""
    text = f"{round(value, places):,.{max(places, 0)}f}"
    is_zero = not float(text.replace(",", ""))
    return (text.lstrip("-") if is_zero else text).replace("-", "−")


def _places_of(value: float, digits: int) -> int:
    """Return the decimal places with which a number has so many digits that count."""
    if value == 0 or isclose(value, 0, abs_tol=1e-12):
        return 0
    return min(6, digits - 1 - floor(log10(abs(value))))


def _bare(value: float, places: int) -> str:
    """Write a number without zeros at its end that say nothing."""
    text = show_fixed(value, places)
    return text.rstrip("0").rstrip(".") if "." in text else text


_WANTED = {
    "smallest_effect": "at least {}",
    "not_worse_than": "not below −{}",
    "within": "within ±{}",
    "always": "always {}",
}
_VERIFIED = {"read": "read there", "secondary": "from a secondary text", "memory": "from memory"}


def scaled(unit: str) -> tuple[float, str]:
    """Return the factor and the unit that differences are shown with: fractions as percentage points."""
    return (100.0, "pp") if unit == "fraction" else (1.0, unit)


def scaled_value(unit: str) -> tuple[float, str]:
    """Return the factor and the unit that the numbers themselves are shown with: fractions as per cent."""
    return (100.0, "%") if unit == "fraction" else (1.0, unit)


def show_effect(part: "PartResult") -> str:
    """Write an effect with its interval: `+0.213 [0.190, 0.236] nats`."""
    if part.mean is None:
        return part.problem or "–"
    factor, unit = scaled(part.unit)
    text = show_value(factor * part.mean, sign=part.mean != 0)
    if part.low is not None and part.high is not None:
        text += f" [{show_value(factor * part.low)}, {show_value(factor * part.high)}]"
    return f"{text} {unit}".strip()


def show_wanted(part: "PartResult") -> str:
    """Write what had to come out: `at least 0.05`; nothing where nothing had to."""
    if not part.criterion or part.amount is None:
        return ""
    return _WANTED[part.criterion].format(show_value(scaled(part.unit)[0] * part.amount))


def show_value(value: float, *, sign: bool = False) -> str:
    """Write a number with three digits that count."""
    text = f"{value:+.3g}" if sign else f"{value:.3g}"
    return text.replace("-", "−")


def show_p(p: float) -> str:
    """Write a p-value."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def show_published(published: "PublishedConfig") -> str:
    """Write what a source reports, where it stands there, and how well that is known."""
    return f"{published.figures} ({published.where}; {_VERIFIED[published.verified]})"


def show_measured(value: float | str) -> str:
    """Write what the check of a mechanical claim measured."""
    return value if isinstance(value, str) else f"{value:.6g}"


HEADS = ("claim", "sentence", "verdict", "effect [95 % interval]", "n", "tier", "when", "commit")


def deciding_part(standing: "Standing") -> "PartResult | None":
    """Return the comparison that a verdict rests on, the first where all parts do.

    Of a claim that holds in one of several settings it is one of the setting where it holds best; of one that
    fails, a part that does, and of one that is contradicted, the one by which it is.
    """
    result = standing.result
    if result is None or not result.parts or standing.is_stale:
        return None
    if result.verdict not in ("contradicted", "inconclusive"):
        holding = [setting for setting in result.settings if setting.holds]
        return min(holding, key=lambda setting: setting.p).parts[0] if holding else result.parts[0]
    failing = [part for part in result.parts if not part.holds] or list(result.parts)
    if result.kind == "null":
        return min(failing, key=lambda part: part.p_null)
    against = [part for part in failing if part.opposes]
    return min(against, key=lambda part: part.p_against) if against else failing[0]


def row_of(standing: "Standing") -> dict[str, Any]:
    """Return one claim as plain values, for the table and for JSON."""
    result = standing.result
    part = deciding_part(standing)
    source = result or standing.checked
    return {
        "id": standing.id,
        "says": standing.says,
        "verdict": standing.verdict,
        "label": standing.label,
        "part": part.part if part else "",
        "effect": part.mean if part else None,
        "low": part.low if part else None,
        "high": part.high if part else None,
        "unit": part.unit if part else "",
        "num_seeds": result.num_seeds if result else None,
        "tier": standing.tier,
        "when": source.when if source else "",
        "commit": source.commit if source else "",
    }


def cells_of(standing: "Standing") -> tuple[str, ...]:
    """Return the same as text, a cell for each of HEADS."""
    row = row_of(standing)
    part = deciding_part(standing)
    return (
        row["id"],
        row["says"],
        row["label"],
        _effect(part) if part and part.mean is not None and standing.verdict != "invalid" else "",
        str(row["num_seeds"]) if row["num_seeds"] else "",
        row["tier"],
        row["when"],
        row["commit"],
    )


def _effect(part: "PartResult") -> str:
    return (f"part {part.part}: " if part.part.isdigit() and part.part != "1" else "") + effect_of(part)


def count_verdicts(standings: "Iterable[Standing]") -> str:
    """Count the verdicts: `3 supported, 1 inconclusive`."""
    counts = Counter(standing.verdict for standing in standings)
    return ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
