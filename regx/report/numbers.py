"""How the cells of a table are shown."""

from regx.analysis.compare import Cell
from regx.analysis.wording import show_number, show_percent, show_signed
from regx.measures.measure import Measure

__all__ = ["show_cell", "show_difference", "show_label", "show_number", "show_percent"]

_LABEL_UNIT = {"nats": "nats", "fraction": "%", "seconds": "s"}


def show_label(measure: Measure) -> str:
    """Name a measure with the unit that its numbers are shown in."""
    unit = _LABEL_UNIT.get(measure.unit)
    return f"{measure.label} ({unit})" if unit else measure.label


def show_cell(cell: Cell, measure: Measure) -> str:
    """Show the mean and half the width of its interval over seeds, or why there is none."""
    if cell.mean is None:
        return cell.missing or ""
    text = (
        f"≥ {show_number(cell.mean, measure.unit)}"
        if cell.num_censored
        else show_number(cell.mean, measure.unit)
    )
    if cell.half_width is not None:
        text += f" ± {show_number(cell.half_width, measure.unit, like=cell.mean)}"
    return text


def show_difference(difference: float | None, measure: Measure, *, like: float) -> str:
    """Show a difference with its sign, to the places of `like`; nothing where there is none."""
    return "" if difference is None else show_signed(difference, measure.unit, like=like)
