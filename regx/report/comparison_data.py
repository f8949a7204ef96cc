"""A comparison for machines: JSON and CSV. Fractions stay fractions; what does not exist is null or empty."""

import csv
import io
import json
from typing import Any

from regx.analysis.compare import Comparison
from regx.analysis.groups import Group
from regx.analysis.sentences import conclude, notes

__all__ = ["COLUMNS", "as_csv", "as_json"]

COLUMNS = (
    "measure", "section", "unit", "better", "group", "num_runs", "mean", "deviation", "difference", "missing",
)  # fmt: skip


def as_json(comparison: Comparison) -> str:
    """Write everything that is known about a comparison."""
    content: dict[str, Any] = {
        "groups": [_group(group) for group in comparison.groups],
        "target_error": {"value": comparison.reference.target_error, "rule": comparison.target_rule},
        "matched_train_loss": {
            "value": comparison.reference.train_loss,
            "rule": comparison.train_loss_rule,
        },
        "config_differences": {difference.path: list(difference.values) for difference in comparison.config},
        "environment_differences": {
            difference.path: list(difference.values) for difference in comparison.environment
        },
        "measures": [
            {
                "name": row.measure.name,
                "section": row.measure.section,
                "unit": row.measure.unit,
                "better": row.measure.better,
                "groups": [
                    {
                        "mean": cell.mean,
                        "deviation": cell.deviation,
                        "values": list(cell.values),
                        "missing": cell.missing,
                        "difference": difference,
                    }
                    for cell, difference in zip(row.cells, row.differences, strict=True)
                ],
            }
            for row in comparison.rows
        ],
        "sentences": conclude(comparison),
        "notes": notes(comparison),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(comparison: Comparison) -> str:
    """Write one line per measure and group, in long form."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in comparison.rows:
        measure = row.measure
        for group, cell, difference in zip(comparison.groups, row.cells, row.differences, strict=True):
            writer.writerow(
                [
                    measure.name,
                    measure.section,
                    measure.unit,
                    measure.better or "",
                    group.label,
                    len(group.runs),
                    _cell(cell.mean),
                    _cell(cell.deviation),
                    _cell(difference),
                    cell.missing or "",
                ]
            )
    return file.getvalue()


def _group(group: Group) -> dict[str, Any]:
    return {
        "label": group.label,
        "name": group.config.name,
        "config_hash": group.runs[0].record.config_hash,
        "seeds": list(group.seeds),
        "folders": [str(run.path) for run in group.runs],
        "status": [run.record.status for run in group.runs],
        "epochs_completed": [len(run.rows) for run in group.runs],
        "num_train": group.runs[0].record.num_train,
        "num_parameters": group.runs[0].record.num_parameters,
    }


def _cell(value: float | None) -> str:
    return "" if value is None else format(value, ".9g")
