"""A comparison for machines: JSON and CSV. Fractions stay fractions; what does not exist is null or empty."""

import json
from typing import Any

from regx.analysis.compare import Comparison
from regx.analysis.groups import Group
from regx.analysis.inference import Inference
from regx.analysis.notes import notes
from regx.analysis.sentences import conclude

__all__ = ["COLUMNS", "as_csv", "as_json"]

COLUMNS = (
    "measure", "section", "unit", "better", "group", "num_runs", "mean", "deviation", "half_width",
    "num_censored", "difference", "low", "high", "method", "num_pairs", "p", "p_holm", "p_sign_flip",
    "effect_size", "wins", "times_as_fast", "missing",
)  # fmt: skip
_TESTED = ("p", "p_holm", "p_sign_flip", "effect_size", "wins", "times_as_fast")


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
                        "half_width": cell.half_width,
                        "values": list(cell.values),
                        "num_censored": cell.num_censored,
                        "missing": cell.missing,
                        "difference": one.difference if one else None,
                        "test": _test(one),
                    }
                    for cell, one in zip(row.cells, row.inferences, strict=True)
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
    import pandas as pd

    lines = []
    for row in comparison.rows:
        measure = row.measure
        for group, cell, one in zip(comparison.groups, row.cells, row.inferences, strict=True):
            test = _test(one) or {}
            lines.append(
                [
                    *(measure.name, measure.section, measure.unit, measure.better),
                    *(group.label, len(group.runs)),
                    *(cell.mean, cell.deviation, cell.half_width, cell.num_censored),
                    one.difference if one else None,
                    *(test.get("low"), test.get("high"), test.get("method")),
                    len(test.get("seeds", ())) or None,
                    *(test.get(key) for key in _TESTED),
                    cell.missing or test.get("remark"),
                ]
            )
    return pd.DataFrame(lines, columns=COLUMNS).to_csv(index=False, lineterminator="\n", float_format="%.9g")


def _test(one: Inference | None) -> dict[str, Any] | None:
    """Give what the seeds say of a later group; nothing where no test was made."""
    if one is None or one.method == "none":
        return None
    return {
        "method": one.method,
        "seeds": list(one.seeds),
        "values": list(one.values),
        "low": one.low,
        "high": one.high,
        "p": one.p,
        "p_holm": one.p_holm,
        "p_sign_flip": one.p_sign_flip,
        "effect_size": one.effect_size,
        "wins": one.wins,
        "times_as_fast": one.times_as_fast,
        "remark": one.remark,
    }


def _arm(group: Group) -> dict[str, Any] | None:
    """Give what the sweep declares of a group; nothing for runs that were picked by folder."""
    if group.arm is None:
        return None
    arm = group.arm
    return {
        "sweep": str(arm.sweep),
        "name": arm.name,
        "cell": dict(arm.cell),
        "settings": dict(arm.settings),
        "tuned": dict(arm.tuned),
        "num_trials": arm.num_trials,
        "num_runs": arm.num_runs,
        "absent": {str(seed): absence.state for seed, absence in arm.absent.items()},
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "label": group.label,
        "name": group.config.name,
        "config_hash": group.runs[0].record.config_hash,
        "seeds": list(group.seeds),
        "folders": [str(run.path) for run in group.runs],
        "status": [run.record.status for run in group.runs],
        "epochs_completed": [run.last_epoch for run in group.runs],
        "num_train": group.runs[0].record.num_train,
        "num_parameters": group.runs[0].record.num_parameters,
        "arm": _arm(group),
    }
