"""Every measure that `compare` reports: its name, unit, direction, and when a run has none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from regx.measures.curves import (
    area_under_curve,
    error_gap,
    loss_gap,
    matched_gap,
    overtraining_index,
    time_to_target,
)
from regx.runs.metrics import EpochMetrics, best_row
from regx.runs.table import Run

__all__ = ["MEASURES", "Measure", "Reference", "Unit", "measure_run"]

Unit = Literal["nats", "fraction", "epoch", "epochs", "steps", "seconds", "images/s"]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What the runs of one comparison are measured against.

    Attributes:
        target_error: Validation error for time to target, as a fraction; None where no run finished.
        train_loss: Training loss for the matched gap, in nats; None likewise.
    """

    target_error: float | None
    train_loss: float | None


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One number of a run.

    Attributes:
        name: In CSV and JSON.
        label: In tables.
        section: Which block of the table it stands in.
        unit: Fractions are shown as per cent.
        better: Which direction is better; None where neither is.
        of: Computes it; None where the run has no such number.
        missing: Why a finished run may have none.
        at_the_end: Whether it exists for finished runs only.
        whole: For times to a target: the same time of a whole run, with which a run that never got there may
            be counted.
    """

    name: str
    label: str
    section: Literal["Overfitting", "Convergence", "Errors", "Speed"]
    unit: Unit
    better: Literal["lower", "higher"] | None
    of: Callable[[Run, Reference], float | None]
    missing: str = "not measured"
    at_the_end: bool = True
    whole: Callable[[EpochMetrics], float] | None = None

    def value(self, run: Run, reference: Reference) -> float | None:
        """Measure a run; None where the number does not exist, which `why_missing` explains."""
        if self.at_the_end and run.record.status != "done":
            return None
        return self.of(run, reference)

    def budget(self, run: Run, reference: Reference) -> float | None:
        """Return the time of the whole run, if it finished and there is a target that it may have missed."""
        if self.whole is None or run.record.status != "done" or reference.target_error is None:
            return None
        return self.whole(run.rows[-1])

    def why_missing(self, run: Run) -> str:
        """Say in a word or two why this run has no such number."""
        return self.missing if run.record.status == "done" else str(run.record.status)


def _matched_gap(run: Run, reference: Reference) -> float | None:
    return None if reference.train_loss is None else matched_gap(run.rows, reference.train_loss)


def _time(unit: Literal["epochs", "steps", "seconds"]) -> Callable[[Run, Reference], float | None]:
    def measure(run: Run, reference: Reference) -> float | None:
        if reference.target_error is None:
            return None
        reached = time_to_target(run.rows, reference.target_error)
        return None if reached is None else float(getattr(reached, unit))

    return measure


def _best_valid_error(run: Run, _: Reference) -> float | None:
    row = best_row(run.rows)
    return row.valid_error if row else None


def _best_epoch(run: Run, _: Reference) -> float | None:
    row = best_row(run.rows)
    return float(row.epoch) if row else None


def _final(field: str) -> Callable[[Run, Reference], float | None]:
    return lambda run, _: getattr(run.record.final, field, None)


MEASURES: tuple[Measure, ...] = (
    Measure(
        name="loss_gap",
        label="loss gap, test − train",
        section="Overfitting",
        unit="nats",
        better="lower",
        of=lambda run, _: loss_gap(run.record),
    ),
    Measure(
        name="error_gap",
        label="error gap, test − train",
        section="Overfitting",
        unit="fraction",
        better="lower",
        of=lambda run, _: error_gap(run.record),
    ),
    Measure(
        name="overtraining_index",
        label="overtraining index",
        section="Overfitting",
        unit="nats",
        better="lower",
        of=lambda run, _: overtraining_index(run.rows),
    ),
    Measure(
        name="matched_gap",
        label="gap at matched train loss",
        section="Overfitting",
        unit="nats",
        better="lower",
        of=_matched_gap,
        missing="not reached",
        at_the_end=False,
    ),
    Measure(
        name="epochs_to_target",
        label="epochs to target",
        section="Convergence",
        unit="epochs",
        better="lower",
        of=_time("epochs"),
        missing="not reached",
        at_the_end=False,
        whole=lambda row: row.epoch,
    ),
    Measure(
        name="steps_to_target",
        label="steps to target",
        section="Convergence",
        unit="steps",
        better="lower",
        of=_time("steps"),
        missing="not reached",
        at_the_end=False,
        whole=lambda row: row.step,
    ),
    Measure(
        name="seconds_to_target",
        label="training time to target",
        section="Convergence",
        unit="seconds",
        better="lower",
        of=_time("seconds"),
        missing="not reached",
        at_the_end=False,
        whole=lambda row: row.train_seconds,
    ),
    Measure(
        name="valid_accuracy_area",
        label="mean valid accuracy (AUC)",
        section="Convergence",
        unit="fraction",
        better="higher",
        of=lambda run, _: area_under_curve(run.rows),
        missing="one epoch only",
    ),
    Measure(
        name="best_valid_error",
        label="best valid error",
        section="Errors",
        unit="fraction",
        better="lower",
        of=_best_valid_error,
        at_the_end=False,
    ),
    Measure(
        name="best_epoch",
        label="best epoch",
        section="Errors",
        unit="epoch",
        better=None,
        of=_best_epoch,
        at_the_end=False,
    ),
    Measure(
        name="final_valid_error",
        label="final valid error",
        section="Errors",
        unit="fraction",
        better="lower",
        of=_final("valid_error"),
    ),
    Measure(
        name="test_error",
        label="test error",
        section="Errors",
        unit="fraction",
        better="lower",
        of=_final("test_error"),
    ),
    Measure(
        name="train_error",
        label="train error",
        section="Errors",
        unit="fraction",
        better=None,
        of=_final("train_error"),
    ),
    Measure(
        name="final_valid_loss",
        label="final valid loss",
        section="Errors",
        unit="nats",
        better="lower",
        of=_final("valid_loss"),
    ),
    Measure(
        name="test_loss",
        label="test loss",
        section="Errors",
        unit="nats",
        better="lower",
        of=_final("test_loss"),
    ),
    Measure(
        name="train_loss",
        label="train loss",
        section="Errors",
        unit="nats",
        better=None,
        of=_final("train_loss"),
    ),
    Measure(
        name="images_per_second",
        label="images per second",
        section="Speed",
        unit="images/s",
        better="higher",
        of=lambda run, _: run.record.images_per_second if run.rows else None,
        at_the_end=False,
    ),
    Measure(
        name="train_seconds",
        label="training time",
        section="Speed",
        unit="seconds",
        better="lower",
        of=lambda run, _: run.rows[-1].train_seconds if run.rows else None,
    ),
)
_BY_NAME = {measure.name: measure for measure in MEASURES}


def measure_run(name: str, run: Run, reference: Reference | None = None) -> float | None:
    """Measure one run by the name of the measure.

    Args:
        name: One of the catalogue's, e.g. `final_valid_loss`.
        run: In whatever state it ended.
        reference: What it is measured against; None for the `train.target_error` of its own config.

    Returns:
        In the measure's own unit; None where the run has no such number (diverged, target not reached).

    Raises:
        KeyError: If there is no measure of this name.
    """
    if reference is None:
        reference = Reference(target_error=run.config.train.target_error, train_loss=None)
    return _BY_NAME[name].value(run, reference)
