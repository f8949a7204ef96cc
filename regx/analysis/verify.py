"""Does a run, trained again from its record, give what it gave before?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from regx.config import DatasetFacts
from regx.runs.metrics import COLUMNS, TIME_COLUMNS, EpochMetrics
from regx.runs.record import RunRecord

__all__ = ["Verification", "verify"]

TOLERANCE_IN_STANDARD_ERRORS = 4.0
NO_EXCUSE = {"git_commit", "git_dirty", "data_sha256"}


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a second training of the same run showed.

    Attributes:
        verdict: `identical`: every metric has the same digits. `within_tolerance`: another environment, and
        final
            errors as close as two samples of one network's errors would be. `different`: neither.
        changes: What is not as it was, e.g. `torch: 2.14.0 -> 2.15.0`.
        first_difference: The first metric that differs, with both values; None when identical.
    """

    verdict: Literal["identical", "within_tolerance", "different"]
    changes: tuple[str, ...]
    first_difference: str | None


def verify(
    recorded: tuple[RunRecord, Sequence[EpochMetrics]],
    repeated: tuple[RunRecord, Sequence[EpochMetrics]],
    *,
    facts: DatasetFacts,
) -> Verification:
    """Compare a recorded run with its repetition, time columns aside.

    Args:
        recorded: Record and epochs of the run as it stands in its folder.
        repeated: The same of the run trained again.
        facts: Sizes of the validation and test sets; they set the tolerance where the environment is another.

    Returns:
        The verdict with its reasons. In the same environment nothing but identity will do, and other data is
        another run.
    """
    changes = tuple(_environment_changes(recorded[0], repeated[0]))
    difference = _first_difference(recorded, repeated)
    if difference is None:
        return Verification(verdict="identical", changes=changes, first_difference=None)
    close = _may_move_digits(recorded[0], repeated[0]) and _within_tolerance(recorded[0], repeated[0], facts)
    verdict: Literal["within_tolerance", "different"] = "within_tolerance" if close else "different"
    return Verification(verdict=verdict, changes=changes, first_difference=difference)


def _may_move_digits(old: RunRecord, new: RunRecord) -> bool:
    """Whether another machine, version or number of threads excuses other digits; a commit does not."""
    before = old.environment.model_dump(exclude=NO_EXCUSE)
    return old.environment.data_sha256 == new.environment.data_sha256 and (
        before != new.environment.model_dump(exclude=NO_EXCUSE)
    )


def _environment_changes(old: RunRecord, new: RunRecord) -> list[str]:
    before, after = old.environment.model_dump(), new.environment.model_dump()
    return [f"{name}: {before[name]} -> {after[name]}" for name in before if before[name] != after[name]]


def _first_difference(
    recorded: tuple[RunRecord, Sequence[EpochMetrics]], repeated: tuple[RunRecord, Sequence[EpochMetrics]]
) -> str | None:
    old_record, old_rows = recorded
    new_record, new_rows = repeated
    for old, new in zip(old_rows, new_rows, strict=False):
        for column in COLUMNS:
            before, after = old.cell(column), new.cell(column)
            if column not in TIME_COLUMNS and before != after:
                return f"epoch {old.epoch}, {column}: {before} -> {after}"
    if len(old_rows) != len(new_rows):
        return f"completed epochs: {len(old_rows)} -> {len(new_rows)}"
    if old_record.status != new_record.status:
        return f"status: {old_record.status} -> {new_record.status}"
    if old_record.final != new_record.final:
        return f"final metrics: {old_record.final} -> {new_record.final}"
    return None


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
