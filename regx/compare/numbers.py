"""How numbers are written for people: fractions as per cent, minus signs that are minus signs."""

import math
from collections.abc import Sequence

from regx.stats.inference import LEVEL, Inference

__all__ = [
    "in_words",
    "shorten",
    "show_fact",
    "show_interval",
    "show_number",
    "show_p",
    "show_percent",
    "show_signed",
    "show_unit",
    "show_wins",
]

_SHOWN_UNIT = {
    "nats": "nats", "fraction": "%", "seconds": "s", "epochs": "epochs", "steps": "steps"
}  # fmt: skip
_PLACES = {"steps": 0, "images": 0, "images/s": 0, "epochs": 1, "fraction": 2}


def show_number(value: float, unit: str, *, like: float | None = None) -> str:
    """Show one number without its unit.

    Args:
        value: The number; a fraction becomes per cent.
        unit: Sets the places.
        like: Show as many places as this number gets, so that a column or a ± lines up.
    """
    places = _places(abs(value if like is None else like), unit)
    scaled = 100 * value if unit == "fraction" else value
    text = f"{scaled:,.{places}f}"
    return (text[1:] if text.startswith("-") and not float(text.replace(",", "")) else text).replace("-", "−")


def show_signed(value: float, unit: str, *, like: float) -> str:
    """Show a difference with its sign, to the places of `like`."""
    text = show_number(value, unit, like=like)
    return text if text.startswith("−") else f"+{text}"


def show_interval(one: Inference, unit: str, *, like: float) -> str:
    """Show the 95 % interval of a difference in brackets, or in a word why there is none."""
    if one.low is None or one.high is None:
        return one.remark
    return f"[{show_signed(one.low, unit, like=like)}, {show_signed(one.high, unit, like=like)}]"


def show_p(p: float) -> str:
    """Show a p-value: two digits at least where it is above 0.001, and on which side of 0.05 it lies."""
    if p < 0.001:
        return "<0.001"
    if p < LEVEL and f"{p:.3f}" == f"{LEVEL:.3f}":
        return f"{p:.4f}" if f"{p:.4f}" != f"{LEVEL:.4f}" else f"<{LEVEL:g}"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def show_wins(one: Inference) -> str:
    """Show in how many pairs the later group is better: `9/10`; a tie counts half."""
    return "" if one.wins is None else f"{one.wins * one.num_values:g}/{one.num_values}"


def show_fact(value: object) -> str:
    """Write what is on record of an environment; what is not known is said to be so."""
    return "unknown" if value is None else str(value)


def show_unit(unit: str) -> str:
    """Name a unit as it stands behind a number; empty where the number says it all."""
    return _SHOWN_UNIT.get(unit, "")


def show_percent(fraction: float) -> str:
    """Show a fraction as per cent with the digits that it has."""
    return f"{100 * fraction:.4g} %"


def in_words(items: Sequence[str], *, most: int = 4) -> str:
    """Join names as in a sentence: `a, b and c`; beyond `most`, `a, b and 5 more`."""
    if len(items) > most:
        items = [*items[: most - 1], f"{len(items) - most + 1} more"]
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def shorten(text: str, max_letters: int) -> str:
    """Cut a long text in its middle, so that both ends (a name's family and its variant) stay."""
    if len(text) <= max_letters:
        return text
    half = (max_letters - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def _places(size: float, unit: str) -> int:
    """Choose the decimal places of a number of this size."""
    if unit == "seconds":
        return 0 if size >= 100 else 1 if size >= 10 else 2
    if unit == "epoch":
        return 0 if size == int(size) else 1
    if unit in _PLACES:
        return _PLACES[unit]
    if size == 0 or size >= 10:
        return 2
    return min(6, max(3, 2 - math.floor(math.log10(size))))  # three digits that count
