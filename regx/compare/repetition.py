"""Does a run, trained again from its record, give what it gave before?"""

import math
from dataclasses import dataclass
from typing import Literal

from regx.data.spec import DatasetFacts
from regx.numbers import show_fact
from regx.runs.folder import RunFolder
from regx.runs.load import Run
from regx.runs.metrics import COLUMNS, TIME_COLUMNS
from regx.runs.probes import ProbeValue
from regx.runs.record import RunRecord

__all__ = ["Repetition", "compare_repetition"]

TOLERANCE_IN_STANDARD_ERRORS = 4.0
NO_EXCUSE = {"code", "git_commit", "git_dirty", "data_sha256"}


@dataclass(frozen=True, kw_only=True)
class Repetition:
    """What a second training of the same run showed.

    Attributes:
        verdict: `identical`: every number has the same digits, also those that probes found.
            `within_tolerance`: another environment, and final errors as close as two samples of one network's
            errors would be. `different`: neither.
        changes: What is not as it was, e.g. `torch: 2.14.0 -> 2.15.0`; first of all, that the recorded run is
            mixed: one program began it and another ended it.
        first_difference: The first number that differs, with both values; None when identical.
    """

    verdict: Literal["identical", "within_tolerance", "different"]
    changes: tuple[str, ...]
    first_difference: str | None


def compare_repetition(recorded: Run, repeated: Run) -> Repetition:
    """Compare a recorded run with its repetition, time columns aside.

    Args:
        recorded: The run as it stands in its folder.
        repeated: The run trained again.

    Returns:
        The verdict with its reasons. In the same environment nothing but identity will do, and other data is
        another run.
    """
    old, new = recorded.record, repeated.record
    mixed = [f"mixed, one program began it and another ended it: {change}" for change in old.mixture]
    changes = (*mixed, *_environment_changes(old, new))
    difference = _metrics_difference(recorded, repeated) or _probes_difference(recorded, repeated)
    if difference is None:
        return Repetition(verdict="identical", changes=changes, first_difference=None)
    close = _may_move_digits(old, new) and _within_tolerance(old, new, recorded.config.data.facts)
    verdict: Literal["within_tolerance", "different"] = "within_tolerance" if close else "different"
    return Repetition(verdict=verdict, changes=changes, first_difference=difference)


def _may_move_digits(old: RunRecord, new: RunRecord) -> bool:
    """Whether another machine, version or number of threads excuses other digits; other code does not."""
    now = new.environment.model_dump(exclude=NO_EXCUSE)
    before = [process.environment for process in old.processes] or [old.environment]
    return old.environment.data_sha256 == new.environment.data_sha256 and any(
        environment.model_dump(exclude=NO_EXCUSE) != now for environment in before
    )


def _environment_changes(old: RunRecord, new: RunRecord) -> list[str]:
    before, after = old.environment.model_dump(), new.environment.model_dump()
    return [
        f"{name}: {show_fact(before[name])} -> {show_fact(after[name])}"
        for name in before
        if before[name] != after[name]
    ]


def _metrics_difference(recorded: Run, repeated: Run) -> str | None:
    for old, new in zip(recorded.rows, repeated.rows, strict=False):
        for column in COLUMNS:
            before, after = old.cell(column), new.cell(column)
            if column not in TIME_COLUMNS and before != after:
                return f"epoch {old.epoch}, {column}: {before} -> {after}"
    if len(recorded.rows) != len(repeated.rows):
        return f"completed epochs: {len(recorded.rows)} -> {len(repeated.rows)}"
    if recorded.record.status != repeated.record.status:
        return f"status: {recorded.record.status} -> {repeated.record.status}"
    if recorded.record.final != repeated.record.final:
        return f"final metrics: {recorded.record.final or 'none'} -> {repeated.record.final or 'none'}"
    return None


def _probes_difference(recorded: Run, repeated: Run) -> str | None:
    before, after = (
        run.probed if RunFolder(run.path).probes.exists() else () for run in (recorded, repeated)
    )
    for old, new in zip(before, after, strict=False):
        if old[:3] != new[:3]:
            return f"probes.csv: {_place(old)} -> {_place(new)}"
        if str(old.value) != str(new.value):  # as text, in which NaN equals NaN
            return f"probes.csv: {_place(old)}: {old.value:.9g} -> {new.value:.9g}"
    if len(before) != len(after):
        return f"rows of probes.csv: {len(before)} -> {len(after)}"
    return None


def _place(value: ProbeValue) -> str:
    return f"step {value.step}, {value.layer}, {value.quantity}"


def _within_tolerance(old: RunRecord, new: RunRecord, facts: DatasetFacts) -> bool:
    """Compare final errors to the binomial standard errors of their differences."""
    if old.final is None or new.final is None:
        return old.status == new.status
    pairs = (
        (old.final.valid_error, new.final.valid_error, facts.num_valid),
        (old.final.test_error, new.final.test_error, facts.num_test),
    )
    return all(_are_close(*pair) for pair in pairs)


def _are_close(old: float, new: float, num_images: int) -> bool:
    error = (old + new) / 2
    standard_error = math.sqrt(2 * max(error * (1 - error), 1 / num_images) / num_images)
    return abs(old - new) <= TOLERANCE_IN_STANDARD_ERRORS * standard_error
