"""How numbers are written for people: fractions as per cent, minus signs that are minus signs.

Every number of a table, a sentence or a figure goes through here.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from regx.stats.inference import LEVEL

if TYPE_CHECKING:
    from regx.stats.tests import Interval

__all__ = [
    "equals",
    "in_words",
    "shorten",
    "show_fact",
    "show_fixed",
    "show_number",
    "show_p",
    "show_percent",
    "show_range",
    "show_seeds",
    "show_signed",
    "show_unit",
]

_SHOWN_UNIT = {
    "nats": "nats", "fraction": "%", "seconds": "s", "epochs": "epochs", "steps": "steps",
    "doublings": "doublings",
}  # fmt: skip
_PLACES = {"steps": 0, "images": 0, "images/s": 0, "epochs": 1, "doublings": 1, "fraction": 2}


def show_fixed(value: float, places: int) -> str:
    """Write a number to decimal places; negative ones round to tens, hundreds and so on."""
    text = f"{round(value, places):,.{max(places, 0)}f}"
    is_zero = not float(text.replace(",", ""))
    return (text.lstrip("-") if is_zero else text).replace("-", "−")


def show_number(value: float, unit: str, *, like: float | None = None) -> str:
    """Write one number without its unit.

    Args:
        value: The number; a fraction becomes per cent, a logarithm of a learning rate (`log2`) the rate.
        unit: Sets the places; where there is none, three digits count.
        like: Show as many places as this number gets, so that a column or a ± lines up.
    """
    if unit in ("", "log2"):
        return f"{2.0**value if unit == 'log2' else value:.3g}".replace("-", "−")
    places = _places(abs(value if like is None else like), unit)
    return show_fixed(100 * value if unit == "fraction" else value, places)


def show_signed(value: float, unit: str, *, like: float) -> str:
    """Write a difference with its sign, to the places of `like`; of learning rates in doublings."""
    if not unit:
        return f"{value:+.3g}".replace("-", "−")
    text = show_number(value, "doublings" if unit == "log2" else unit, like=like)
    return text if text.startswith("−") else f"+{text}"


def show_range(interval: "Interval", unit: str, *, like: float) -> str:
    """Write the interval of a difference in brackets."""
    low, high = (show_signed(end, unit, like=like) for end in (interval.low, interval.high))
    return f"[{low}, {high}]"


def show_p(p: float) -> str:
    """Write a p-value: two digits at least where it is above 0.001, and on which side of 0.05 it lies."""
    if p < 0.001:
        return "<0.001"
    if p < LEVEL and f"{p:.3f}" == f"{LEVEL:.3f}":
        return f"{p:.4f}" if f"{p:.4f}" != f"{LEVEL:.4f}" else f"<{LEVEL:g}"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def equals(p: str) -> str:
    """Write what stands behind `p` in a sentence: `= 0.012`, `< 0.001`."""
    return f"< {p[1:]}" if p.startswith("<") else f"= {p}"


def show_percent(fraction: float) -> str:
    """Write a fraction as per cent with the digits that it has."""
    return f"{100 * fraction:.4g} %"


def show_unit(unit: str) -> str:
    """Name a unit as it stands behind a number; empty where the number says it all."""
    return _SHOWN_UNIT.get(unit, "")


def show_fact(value: object) -> str:
    """Write what is on record of an environment; what is not known is said to be so."""
    return "unknown" if value is None else str(value)


def show_seeds(seeds: Sequence[int]) -> str:
    """Write 0, 1, 2, 7 as `0–2, 7`."""
    parts: list[list[int]] = []
    for seed in seeds:
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ", ".join(f"{part[0]}–{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)


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
