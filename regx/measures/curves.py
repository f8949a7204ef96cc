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
    "Moment",
    "area_under_curve",
    "matched_gap",
    "overtraining_index",
    "smoothed_valid_error",
    "time_to_target",
    "time_to_train_loss",
]

Epochs = Sequence[EpochMetrics]


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When a curve first came down to a value: between two evaluations, or at the first.

    Attributes:
        before: The last evaluation above the value; the first of all where that is not above it.
        after: The first evaluation that is not above it.
        share: How much of the way from one to the other had been made, by the height of the curve.
    """

    before: EpochMetrics
    after: EpochMetrics
    share: float

    def at(self, value: Callable[[EpochMetrics], float]) -> float:
        """Interpolate another number of the two evaluations."""
        return value(self.before) + self.share * (value(self.after) - value(self.before))


def _moment(rows: Epochs, curve: Sequence[float], wanted: float) -> Moment | None:
    """Find when a curve, which has a number for each epoch, is first down to a value; None if it never is."""
    reached = next((index for index, value in enumerate(curve) if value <= wanted), None)
    if reached is None:
        return None
    if reached == 0:
        return Moment(before=rows[0], after=rows[0], share=0.0)
    share = (curve[reached - 1] - wanted) / (curve[reached - 1] - curve[reached])
    return Moment(before=rows[reached - 1], after=rows[reached], share=share)


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
    moment = time_to_train_loss(rows, train_loss)
    if moment is None:
        return None
    return moment.at(lambda row: row.valid_loss) - min(train_loss, rows[0].train_loss)


def smoothed_valid_error(rows: Epochs) -> list[float]:
    """Smooth the validation error: the median of each epoch and its neighbours; the ends stay."""
    errors = [row.valid_error for row in rows]
    inner = [median(errors[index - 1 : index + 2]) for index in range(1, len(errors) - 1)]
    return [*errors[:1], *inner, *errors[1:][-1:]]


def time_to_target(rows: Epochs, target_error: float) -> Moment | None:
    """Find when the smoothed validation error first falls to a target.

    Args:
        rows: The run's epochs.
        target_error: Validation error as a fraction.

    Returns:
        The moment; earlier is better. None when it was never reached.
    """
    return _moment(rows, smoothed_valid_error(rows), target_error)


def time_to_train_loss(rows: Epochs, train_loss: float) -> Moment | None:
    """Find when the training loss, in eval mode, is first down to a value.

    Args:
        rows: The run's epochs.
        train_loss: In nats.

    Returns:
        The moment; None if it never gets there.
    """
    return _moment(rows, [row.train_loss for row in rows], train_loss)


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
