"""Where runs are compared: the target error and the training loss, chosen by rule when not given."""

import math
from collections.abc import Sequence

from regx.compare.select import Group
from regx.measures.curves import smoothed_valid_error
from regx.measures.measure import Reference
from regx.runs.table import Run

__all__ = ["choose_reference"]

SLACK = 1.05  # on the target: at the very bottom of a curve the moment of crossing is noise


def choose_reference(groups: Sequence[Group], target_error: float | None) -> tuple[Reference, str, str]:
    """Choose the target error and the training loss that all groups are compared at.

    The target is, in this order: the given one; the `train.target_error` that all configs declare; else 1.05
    times the lowest smoothed validation error that every finished run reaches, rounded up to two digits, so
    that the choice rests on all runs alike and every one of them reaches it.

    The training loss is the largest of the finished runs' lowest training losses: the lowest that all reach.

    Args:
        groups: What is compared.
        target_error: As a fraction; None to choose it here.

    Returns:
        The reference, and for each of the two a sentence's part that says how it was chosen.
    """
    finished = [run for group in groups for run in group.runs if run.record.status == "done" and run.rows]
    target, target_rule = _target(groups, finished, target_error)
    if not finished:
        return Reference(target_error=target), target_rule, "no run finished"
    train_loss = max(min(row.train_loss for row in run.rows) for run in finished)
    rule = "the lowest training loss that every finished run reaches"
    return Reference(target_error=target, train_loss=train_loss), target_rule, rule


def _target(
    groups: Sequence[Group], finished: Sequence[Run], given: float | None
) -> tuple[float | None, str]:
    if given is not None:
        return given, "given by --target-error"
    declared = {group.config.train.target_error for group in groups}
    if len(declared) == 1 and (only := declared.pop()) is not None:
        return only, "declared as train.target_error in every config"
    if not finished:
        return None, "no run finished"
    tightest = max(min(smoothed_valid_error(run.rows)) for run in finished)
    lowest = f"{100 * tightest:.3g} %"
    rule = f"5 % above {lowest}, the lowest smoothed error that every finished run reaches, rounded up"
    return _round_up(tightest * SLACK), rule


def _round_up(value: float) -> float:
    """Round up to two significant digits."""
    if value <= 0:
        return 0.0
    places = 1 - math.floor(math.log10(value))
    scale = 10.0**places
    return min(1.0, round(math.ceil(value * scale - 1e-9) / scale, places))
