"""How numbers are shown to people: fractions as per cent, units once, minus signs that are minus signs."""

import math

from regx.analysis.catalogue import Measure, Unit
from regx.analysis.compare import Cell

__all__ = ["show_cell", "show_difference", "show_label", "show_number", "show_percent"]

_SHOWN_UNIT: dict[Unit, str] = {"nats": "nats", "fraction": "%", "seconds": "s"}


def show_label(measure: Measure) -> str:
    """Name a measure with the unit that its numbers are shown in."""
    unit = _SHOWN_UNIT.get(measure.unit)
    return f"{measure.label} ({unit})" if unit else measure.label


def show_cell(cell: Cell, measure: Measure) -> str:
    """Show mean and standard deviation over seeds, or why there is none."""
    if cell.mean is None:
        return cell.missing or ""
    text = show_number(cell.mean, measure.unit)
    if cell.deviation is not None:
        text += f" ± {show_number(cell.deviation, measure.unit, like=cell.mean)}"
    return text


def show_difference(difference: float | None, measure: Measure, *, like: float) -> str:
    """Show a difference of means with its sign, to the places of `like`; nothing where there is none."""
    if difference is None:
        return ""
    text = show_number(difference, measure.unit, like=like)
    return text if text.startswith("−") else f"+{text}"


def show_number(value: float, unit: Unit, *, like: float | None = None) -> str:
    """Show one number without its unit.

    Args:
        value: The number; a fraction becomes per cent.
        unit: Sets the places.
        like: Show as many places as this number gets, so that a column or a ± lines up.
    """
    places = _places(abs(value if like is None else like), unit)
    scaled = 100 * value if unit == "fraction" else value
    return f"{scaled:,.{places}f}".replace("-", "−")


def show_percent(fraction: float) -> str:
    """Show a fraction as per cent with the digits that it has."""
    return f"{100 * fraction:.4g} %"


def _places(size: float, unit: Unit) -> int:
    """Choose the decimal places of a number of this size."""
    if unit == "seconds":
        return 0 if size >= 100 else 1 if size >= 10 else 2
    if unit == "epoch":
        return 0 if size == int(size) else 1
    if unit != "nats":
        return {"steps": 0, "images/s": 0, "epochs": 1, "fraction": 2}[unit]
    if size == 0 or size >= 10:
        return 2
    return min(6, max(3, 2 - math.floor(math.log10(size))))  # three digits that count
