"""Arms over a grid: tables, Markdown, CSV and JSON."""

import json
from collections.abc import Iterator
from typing import Any

from regx.compare.compare import Cell
from regx.compare.grid import GridComparison, GridRow, Scale
from regx.compare.grid_sentences import (
    conclude_grid,
    grid_notes,
    show_change,
    show_range,
    show_value,
    show_width,
)
from regx.compare.notes import show_seeds
from regx.compare.numbers import show_p, show_wins
from regx.compare.tables import markdown_page, markdown_table
from regx.stats.inference import Inference

__all__ = [
    "GRID_COLUMNS",
    "arm_lines",
    "as_csv",
    "as_json",
    "as_markdown",
    "captions",
    "difference_heads",
    "difference_lines",
]

GRID_COLUMNS = (
    "measure", "scale", "better", "arm", "axis", "num_seeds", "mean", "deviation", "half_width", "difference",
    "low", "high", "method", "num_pairs", "p", "p_holm", "p_sign_flip", "effect_size", "wins", "missing",
)  # fmt: skip


def arm_lines(comparison: GridComparison) -> tuple[list[str], list[list[str]]]:
    """Give heads and lines of the table with one line per arm."""
    lines = [
        [
            arm.label,
            show_seeds(tuple(arm.ladders)),
            *(_cell(row.cells[at], row.scale) for row in comparison.rows),
        ]
        for at, arm in enumerate(comparison.arms)
    ]
    return ["", "seeds", *(_label(row, "± in doublings") for row in comparison.rows)], lines


def difference_lines(comparison: GridComparison) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield each measure with what the seeds say of every later arm."""
    for row in comparison.rows:
        lines = [
            [arm.label, *_tested(one, row.scale)]
            for arm, one in zip(comparison.arms, row.inferences, strict=True)
            if one is not None
        ]
        if lines:
            yield _label(row, "doublings"), lines


def difference_heads(comparison: GridComparison) -> list[str]:
    """Name the columns of `difference_lines`."""
    p = "p (Holm)" if len(comparison.arms) > 2 else "p"
    return [f"minus {comparison.arms[0].label}", "difference", "95 % interval", p, "d_z", "wins"]


def captions(comparison: GridComparison) -> list[str]:
    """Say what the numbers mean."""
    values = ", ".join(f"{value:g}" for value in comparison.arms[0].values)
    lines = [f"Over {comparison.axis} = {values}, each measure seed by seed; ± half the 95 % t-interval."]
    if any(row.scale == "log2" for row in comparison.rows):
        lines.append(
            "Learning rates are counted in doublings (log2): geometric means, differences in doublings. "
            "LR_max: largest rate up to which every run learned. LR*: lowest validation loss. Stable width: "
            "doublings from the smallest rate that reaches 90 % of the best accuracy to LR_max."
        )
    elif any(row.measure.name == "optimum" for row in comparison.rows):
        lines.append(
            "Optimum: minimum of a parabola through the validation losses. Best value: the one with the "
            "lowest validation loss."
        )
    return lines


def as_markdown(comparison: GridComparison) -> str:
    """Write sentences, notes, tables, and what they rest on."""
    parts = [f"# {' vs '.join(arm.label for arm in comparison.arms)} over {comparison.axis}"]
    parts += [*conclude_grid(comparison), *grid_notes(comparison)]
    parts.append(markdown_table(*arm_lines(comparison)))
    for title, lines in difference_lines(comparison):
        heads = [title, *difference_heads(comparison)[1:]]
        parts.append(markdown_table(heads, lines))
    return markdown_page([*parts, *captions(comparison)])


def as_csv(comparison: GridComparison) -> str:
    """Write one line per measure and arm."""
    import pandas as pd

    lines = []
    for row in comparison.rows:
        for arm, cell, one in zip(comparison.arms, row.cells, row.inferences, strict=True):
            known: dict[str, Any] = {
                "measure": row.measure.name, "scale": row.scale, "better": row.measure.better,
                "arm": arm.label,
                "axis": comparison.axis, "num_seeds": len(cell.values), "mean": cell.mean,
                "deviation": cell.deviation, "half_width": cell.half_width, "missing": cell.missing,
            }  # fmt: skip
            if one is not None:
                known |= {name: getattr(one, name) for name in GRID_COLUMNS if hasattr(one, name)}
                known |= {"num_pairs": len(one.seeds), "missing": one.remark}
            lines.append(known)
    table = pd.DataFrame(lines, columns=GRID_COLUMNS)
    return table.to_csv(index=False, lineterminator="\n", float_format="%.9g")


def as_json(comparison: GridComparison) -> str:
    """Write everything that is known."""
    content = {
        "axis": comparison.axis,
        "arms": [
            {
                "label": arm.label,
                "sweep": str(arm.arm.sweep),
                "values": list(arm.values),
                "seeds": list(arm.ladders),
                "incomplete_seeds": list(arm.incomplete),
                "num_trials": arm.arm.num_trials,
            }
            for arm in comparison.arms
        ],
        "measures": [
            {
                "name": row.measure.name,
                "scale": row.scale,
                "better": row.measure.better,
                "arms": [
                    {"values": list(cell.values), "mean": cell.mean, "deviation": cell.deviation,
                     "half_width": cell.half_width, "missing": cell.missing,
                     "difference": None if one is None else one.difference,
                     "test": None if one is None else _test(one)}
                    for cell, one in zip(row.cells, row.inferences, strict=True)
                ],
            }
            for row in comparison.rows
        ],
        "sentences": conclude_grid(comparison),
        "notes": grid_notes(comparison),
    }  # fmt: skip
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _test(one: Inference) -> dict[str, Any]:
    names = ("method", "low", "high", "p", "p_holm", "p_sign_flip", "effect_size", "wins", "remark")
    return {"seeds": list(one.seeds), "values": list(one.values)} | {
        name: getattr(one, name) for name in names
    }


def _label(row: GridRow, of_rates: str) -> str:
    """Name a measure with the unit of its numbers; learning rates are compared in doublings."""
    unit = {"log2": of_rates, "doublings": "doublings", "fraction": "%"}.get(row.scale)
    return f"{row.measure.label} ({unit})" if unit else row.measure.label


def _cell(cell: Cell, scale: Scale) -> str:
    if cell.mean is None:
        return cell.missing or ""
    width = "" if cell.half_width is None else f" ± {show_width(cell.half_width, scale)}"
    return show_value(cell.mean, scale) + width


def _tested(one: Inference, scale: Scale) -> list[str]:
    return [
        show_change(one.difference, scale),
        show_range(one, scale),
        "" if one.p_holm is None else show_p(one.p_holm),
        "" if one.effect_size is None else f"{one.effect_size:+.2f}".replace("-", "−"),
        show_wins(one),
    ]
