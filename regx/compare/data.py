"""A comparison for machines: CSV and JSON. Fractions stay fractions; what does not exist is empty or null."""

import json
from collections.abc import Sequence
from typing import Any

from regx.compare.compare import Comparison, Row
from regx.compare.groups import Group
from regx.compare.notes import notes
from regx.compare.words import conclude

__all__ = ["COLUMNS", "GRID_COLUMNS", "as_csv", "as_json"]

COLUMNS = (
    "measure", "section", "unit", "better", "group", "num_runs", "mean", "deviation", "half_width",
    "num_censored", "difference", "low", "high", "method", "num_pairs", "p", "p_holm", "p_sign_flip",
    "effect_size", "wins", "times_as_fast", "missing",
)  # fmt: skip
GRID_COLUMNS = (
    "measure", "scale", "better", "arm", "axis", "num_seeds", "mean", "deviation", "half_width", "difference",
    "low", "high", "method", "num_pairs", "p", "p_holm", "p_sign_flip", "effect_size", "wins", "missing",
)  # fmt: skip
_TEST = (
    "method", "seeds", "values", "low", "high", "p", "p_holm", "p_sign_flip", "effect_size", "wins",
    "times_as_fast", "remark",
)  # fmt: skip
_GRID_TEST = (
    "seeds", "values", "method", "low", "high", "p", "p_holm", "p_sign_flip", "effect_size", "wins", "remark",
)  # fmt: skip
_CELL = ("mean", "deviation", "half_width", "values", "num_censored", "missing")
_GRID_CELL = ("values", "mean", "deviation", "half_width", "missing")


def as_csv(comparison: Comparison) -> str:
    """Write one line per measure and group, in long form."""
    import pandas as pd

    lines = []
    for row in comparison.rows:
        for group, cell, one in zip(comparison.groups, row.cells, row.inferences, strict=True):
            test = _fields(one, _TEST) if one and one.method != "none" else {}
            facts = _measure(row) | _fields(cell, _CELL) | test
            facts |= {
                "group": group.label, "arm": group.label, "axis": comparison.axis,
                "num_runs": len(group.runs), "num_seeds": len(group.seeds),
                "difference": one.difference if one else None,
                "num_pairs": len(test.get("seeds", ())) or None,
                "missing": cell.missing or test.get("remark"),
            }  # fmt: skip
            lines.append(facts)
    table = pd.DataFrame(lines, columns=GRID_COLUMNS if comparison.axis else COLUMNS)
    return table.to_csv(index=False, lineterminator="\n", float_format="%.9g")


def as_json(comparison: Comparison) -> str:
    """Write everything that is known about a comparison."""
    content: dict[str, Any]
    if comparison.axis:
        content = {"axis": comparison.axis, "arms": [_json_arm(group) for group in comparison.groups]}
    else:
        content = {
            "groups": [_json_group(group) for group in comparison.groups],
            "target_error": {"value": comparison.reference.target_error, "rule": comparison.target_rule},
            "matched_train_loss": {
                "value": comparison.reference.train_loss,
                "rule": comparison.train_loss_rule,
            },
            "config_differences": {entry.path: list(entry.values) for entry in comparison.config},
            "environment_differences": {entry.path: list(entry.values) for entry in comparison.environment},
        }
    content |= {
        "measures": [_json_row(row, has_axis=bool(comparison.axis)) for row in comparison.rows],
        "sentences": conclude(comparison),
        "notes": notes(comparison),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _json_row(row: Row, *, has_axis: bool) -> dict[str, Any]:
    """Give a measure with its numbers and tests."""
    known = ("name", "scale", "better") if has_axis else ("name", "section", "unit", "better")
    measure = {"name": row.measure.name, **_measure(row)}
    cells = [
        {
            **_fields(cell, _GRID_CELL if has_axis else _CELL),
            "difference": one.difference if one else None,
            "test": _fields(one, _GRID_TEST if has_axis else _TEST) if one and one.method != "none" else None,
        }
        for cell, one in zip(row.cells, row.inferences, strict=True)
    ]
    return {key: measure[key] for key in known} | {"arms" if has_axis else "groups": cells}


def _measure(row: Row) -> dict[str, Any]:
    """Say what a row measures; over an axis also how its numbers count."""
    scale = row.unit if row.unit in ("log2", "doublings", "fraction") else "value"
    return {"measure": row.measure.name, "scale": scale} | _fields(row.measure, ("section", "unit", "better"))


def _fields(item: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(item, name) for name in names}


def _json_arm(group: Group) -> dict[str, Any]:
    """Give an arm over an axis."""
    return {
        "label": group.label,
        "sweep": str(group.arm.sweep) if group.arm else None,
        "values": group.values,
        "seeds": group.seeds,
        "incomplete_seeds": group.incomplete,
        "num_trials": group.arm.num_trials if group.arm else None,
    }


def _json_group(group: Group) -> dict[str, Any]:
    """Give the runs of a group, and what the sweep declares of them."""
    first, arm = group.runs[0].record, group.arm
    declared = ("name", "cell", "settings", "tuned", "num_trials", "num_runs")
    return {
        "label": group.label,
        "name": group.config.name,
        "config_hash": first.config_hash,
        "seeds": group.seeds,
        "folders": [str(run.path) for run in group.runs],
        "status": [run.record.status for run in group.runs],
        "epochs_completed": [run.last_epoch for run in group.runs],
        "num_train": first.num_train,
        "num_parameters": first.num_parameters,
        "arm": {"sweep": str(arm.sweep), **_fields(arm, declared), "absent": arm.absent} if arm else None,
    }
