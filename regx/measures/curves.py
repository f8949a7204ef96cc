"""Numbers from the epochs of one run: how much it overfits, how fast it converges.

A number that does not exist (a target that was never reached) is None, and never replaced by another.

Source: steps to a given accuracy are how Ioffe & Szegedy 2015 measure speed (Figure 3). The gaps, the
smoothing and the interpolation are our choice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from regx.runs.metrics import EpochMetrics

__all__ = [
    "TimeToTarget",
    "area_under_curve",
    "matched_gap",
    "overtraining_index",
    "smoothed_valid_error",
    "time_to_target",
    "time_to_train_loss",
]

Epochs = Sequence[EpochMetrics]


@dataclass(frozen=True, kw_only=True)
class TimeToTarget:
    """When a run first reached a validation error, in three units.

    Attributes:
        epochs: Completed epochs, interpolated between two evaluations.
        steps: Completed optimiser steps, likewise.
        seconds: Seconds of training, evaluation not counted, likewise.
    """

    epochs: float
    steps: float
    seconds: float


def overtraining_index(rows: Epochs) -> float | None:
    """Rise of the validation loss from its lowest value to the end: what stopping in time would have saved.

    Returns:
        Nats, at least 0; lower is better. None without epochs.
    """
    return rows[-1].valid_loss - min(row.valid_loss for row in rows) if rows else None


def matched_gap(rows: Epochs, train_loss: float) -> float | None:
    """Validation loss minus training loss at the first moment when the training loss is down to a value.

    Two runs compared at the same training loss have fitted their images equally well. At the end they may not
    have. The validation loss is used, because the test loss is measured only at the end.

    Args:
        rows: The run's epochs.
        train_loss: The training loss to compare at, in nats.

    Returns:
        Nats, interpolated between two epochs; lower is better. None when the training loss never gets there.
    """
    before: EpochMetrics | None = None
    for row in rows:
        if row.train_loss <= train_loss:
            if before is None:
                return row.valid_loss - row.train_loss
            share = (before.train_loss - train_loss) / (before.train_loss - row.train_loss)
            valid_loss = before.valid_loss + share * (row.valid_loss - before.valid_loss)
            return valid_loss - train_loss
        before = row
    return None


def smoothed_valid_error(rows: Epochs) -> list[float]:
    """Smooth the validation error: the median of each epoch and its neighbours; the ends stay."""
    errors = [row.valid_error for row in rows]
    inner = [median(errors[index - 1 : index + 2]) for index in range(1, len(errors) - 1)]
    return [*errors[:1], *inner, *errors[1:][-1:]]


def time_to_target(rows: Epochs, target_error: float) -> TimeToTarget | None:
    """Find when the smoothed validation error first falls to a target.

    Args:
        rows: The run's epochs.
        target_error: Validation error as a fraction.

    Returns:
        The moment, interpolated between two epochs; lower is better. None when it was never reached.
    """
    errors = smoothed_valid_error(rows)
    reached = next((index for index, error in enumerate(errors) if error <= target_error), None)
    if reached is None:
        return None
    row = rows[reached]
    if reached == 0:
        return TimeToTarget(epochs=row.epoch, steps=row.step, seconds=row.train_seconds)
    before = rows[reached - 1]
    share = (errors[reached - 1] - target_error) / (errors[reached - 1] - errors[reached])

    def between(value: Callable[[EpochMetrics], float]) -> float:
        return value(before) + share * (value(row) - value(before))

    return TimeToTarget(
        epochs=between(lambda row: row.epoch),
        steps=between(lambda row: row.step),
        seconds=between(lambda row: row.train_seconds),
    )


def time_to_train_loss(rows: Epochs, train_loss: float) -> float | None:
    """Find the step at which the training loss, in eval mode, is down to a value.

    Args:
        rows: The run's epochs.
        train_loss: In nats.

    Returns:
        Steps, interpolated between two epochs; None if it never gets there.
    """
    if rows and rows[0].train_loss <= train_loss:
        return float(rows[0].step)
    for before, row in pairwise(rows):
        if row.train_loss <= train_loss:
            share = (before.train_loss - train_loss) / (before.train_loss - row.train_loss)
            return before.step + share * (row.step - before.step)
    return None


def area_under_curve(rows: Epochs) -> float | None:
    """Mean validation accuracy over the steps of the run: the area under the curve by the trapezoid rule.

    Returns:
        A fraction in [0, 1]; higher is better: high early, and high for long. None with fewer than two
        epochs.
    """
    if len(rows) < 2:
        return None
    pairs = pairwise(rows)
    area = sum((b.step - a.step) * (2 - a.valid_error - b.valid_error) / 2 for a, b in pairs)
    return area / (rows[-1].step - rows[0].step)
