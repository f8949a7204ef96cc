"""Measures of one run. A new one is an entry here: tuning, claims, `regx compare` and the docs then have it.

A measure that does not exist for a run (a target that was never reached, the test error of a diverged run)
has no number. The entry says what a claim counts instead.
"""

from collections.abc import Callable
from typing import Literal

from regx.measures.curves import (
    area_under_curve,
    matched_gap,
    overtraining_index,
    time_to_target,
    time_to_train_loss,
)
from regx.measures.measure import Measure, Number, Reference, SeedRuns
from regx.runs.load import Run
from regx.runs.metrics import EpochMetrics, best_row
from regx.runs.record import Final

__all__ = ["RUN_MEASURES", "of_run"]

_Of = Callable[[SeedRuns, Reference], Number]


def of_run(value: Callable[[Run], float | None]) -> _Of:
    """Measure the only run of an arm under a seed; None where it has no such number."""
    return lambda runs, _: Number(value=value(runs.only))


def _final(value: Callable[[Final], float]) -> _Of:
    """Take what was measured after the last epoch, in eval mode."""
    return of_run(lambda run: value(run.record.final) if run.record.final else None)


def _best_valid_error(run: Run) -> float | None:
    row = best_row(run.rows)
    return row.valid_error if row else None


def _best_epoch(run: Run) -> float | None:
    row = best_row(run.rows)
    return float(row.epoch) if row else None


def _best_epoch_test(field: Literal["test_error", "test_loss"]) -> _Of:
    def of(runs: SeedRuns, _: Reference) -> Number:
        record = runs.only.record
        if record.best is None or not record.has_learned:
            return Number(value=None, note=record.ending)
        return Number(value=getattr(record.best, field))

    return of


def _matched_gap(runs: SeedRuns, reference: Reference) -> Number:
    assert reference.train_loss is not None  # `needs` says so
    return Number(value=matched_gap(runs.only.rows, reference.train_loss))


def _to_target(value: Callable[[EpochMetrics], float]) -> _Of:
    """Take epochs, steps or seconds at the moment when the target is reached."""

    def of(runs: SeedRuns, reference: Reference) -> Number:
        assert reference.target_error is not None  # `needs` says so
        moment = time_to_target(runs.only.rows, reference.target_error)
        return Number(value=moment.at(value) if moment else None)

    return of


def _to_train_loss(runs: SeedRuns, reference: Reference) -> Number:
    assert reference.train_loss is not None  # `needs` says so
    moment = time_to_train_loss(runs.only.rows, reference.train_loss)
    return Number(value=moment.at(lambda row: row.step) if moment else None)


def _examples(steps: _Of) -> _Of:
    """Turn steps into training images seen."""

    def of(runs: SeedRuns, reference: Reference) -> Number:
        found = steps(runs, reference).value
        return Number(value=None if found is None else found * runs.only.config.train.batch_size)

    return of


def _num_examples(run: Run) -> float:
    return run.config.num_steps * run.config.train.batch_size


def _train_seconds(run: Run) -> float | None:
    return run.rows[-1].train_seconds if run.rows else None


def _guessed_error(run: Run) -> float:
    return 1 - 1 / run.config.data.facts.num_classes


_ALL = (
    Measure(
        name="loss_gap",
        label="loss gap, test − train",
        verbs=("overfits less", "overfits more"),
        section="Overfitting",
        unit="nats",
        better="lower",
        meaning="Test loss minus training loss at the end, both in eval mode.",
        formula="L_test − L_train, at the end",
        of=_final(lambda final: final.test_loss - final.train_loss),
        at_the_end=True,
        reads_test=True,
    ),
    Measure(
        name="error_gap",
        label="error gap, test − train",
        section="Overfitting",
        unit="fraction",
        better="lower",
        meaning="Test error minus training error at the end.",
        formula="E_test − E_train, at the end",
        of=_final(lambda final: final.test_error - final.train_error),
        at_the_end=True,
        reads_test=True,
    ),
    Measure(
        name="overtraining_index",
        label="overtraining index",
        section="Overfitting",
        unit="nats",
        better="lower",
        meaning="Rise of the validation loss from its lowest value to the end.",
        formula="L_valid(end) − min over e of L_valid(e): what stopping in time would have saved; at least 0",
        of=of_run(lambda run: overtraining_index(run.rows)),
        at_the_end=True,
    ),
    Measure(
        name="matched_gap",
        label="gap at matched train loss",
        section="Overfitting",
        unit="nats",
        better="lower",
        meaning="Validation loss minus training loss when the training loss is down to `train_loss`.",
        formula="L_valid − L_train at the first moment at which L_train falls to a loss that all runs reach",
        of=_matched_gap,
        needs="train_loss",
        missing="not reached",
    ),
    Measure(
        name="epochs_to_target",
        label="epochs to target",
        verbs=("converges faster", "converges slower"),
        section="Convergence",
        unit="epochs",
        better="lower",
        meaning="Epochs until the smoothed validation error is down to the target.",
        formula="first moment at which the smoothed E_valid falls to the target",
        of=_to_target(lambda row: row.epoch),
        needs="target",
        missing="not reached",
        budget=lambda run: run.config.train.epochs,
        tune_rank=5,
    ),
    Measure(
        name="steps_to_target",
        label="steps to target",
        section="Convergence",
        unit="steps",
        better="lower",
        meaning="Steps until the smoothed validation error is down to the target.",
        formula="the same moment",
        of=_to_target(lambda row: row.step),
        needs="target",
        missing="not reached",
        budget=lambda run: run.config.num_steps,
        tune_rank=6,
    ),
    Measure(
        name="seconds_to_target",
        label="training time to target",
        section="Convergence",
        unit="seconds",
        better="lower",
        meaning="Training time until the smoothed validation error is down to the target.",
        formula="the same moment, in `train_seconds`: training only",
        of=_to_target(lambda row: row.train_seconds),
        needs="target",
        missing="not reached",
        budget=_train_seconds,
    ),
    Measure(
        name="valid_accuracy_area",
        label="mean valid accuracy (AUC)",
        verbs=("converges slower", "converges faster"),
        section="Convergence",
        unit="fraction",
        better="higher",
        meaning="Mean validation accuracy over the steps of the run.",
        formula=(
            "area under 1 − E_valid over the steps from the first evaluation to the last (trapezoids), "
            "divided by those steps"
        ),
        of=of_run(lambda run: area_under_curve(run.rows)),
        at_the_end=True,
        missing="one epoch only",
        chance=lambda run: 1 / run.config.data.facts.num_classes,
        tune_rank=4,
    ),
    Measure(
        name="best_valid_error",
        label="best valid error",
        section="Errors",
        unit="fraction",
        better="lower",
        meaning="Lowest validation error of all epochs.",
        formula="min over e of E_valid(e)",
        of=of_run(_best_valid_error),
        tune_rank=3,
    ),
    Measure(
        name="best_epoch",
        label="best epoch",
        section="Errors",
        unit="epoch",
        better=None,
        meaning="Epoch with the lowest validation error.",
        formula="the earliest e with that error",
        of=of_run(_best_epoch),
    ),
    Measure(
        name="final_valid_error",
        label="final valid error",
        section="Errors",
        unit="fraction",
        better="lower",
        meaning="Validation error at the end.",
        formula="E_valid at the end",
        of=_final(lambda final: final.valid_error),
        at_the_end=True,
        chance=_guessed_error,
        tune_rank=2,
    ),
    Measure(
        name="test_error",
        label="test error",
        section="Errors",
        unit="fraction",
        better="lower",
        meaning="Test error at the end.",
        formula="E_test at the end",
        of=_final(lambda final: final.test_error),
        at_the_end=True,
        chance=_guessed_error,
        reads_test=True,
    ),
    Measure(
        name="train_error",
        label="train error",
        section="Errors",
        unit="fraction",
        better=None,
        meaning="Training error at the end, in eval mode.",
        formula="E_train at the end",
        of=_final(lambda final: final.train_error),
        at_the_end=True,
        chance=_guessed_error,
    ),
    Measure(
        name="final_valid_loss",
        label="final valid loss",
        section="Errors",
        unit="nats",
        better="lower",
        meaning="Validation loss at the end.",
        formula="L_valid at the end",
        of=_final(lambda final: final.valid_loss),
        at_the_end=True,
        tune_rank=1,
    ),
    Measure(
        name="test_loss",
        label="test loss",
        section="Errors",
        unit="nats",
        better="lower",
        meaning="Test loss at the end.",
        formula="L_test at the end",
        of=_final(lambda final: final.test_loss),
        at_the_end=True,
        reads_test=True,
    ),
    Measure(
        name="train_loss",
        label="train loss",
        section="Errors",
        unit="nats",
        better=None,
        meaning="Training loss at the end, in eval mode.",
        formula="L_train at the end",
        of=_final(lambda final: final.train_loss),
        at_the_end=True,
    ),
    Measure(
        name="images_per_second",
        label="images per second",
        section="Speed",
        unit="images/s",
        better="higher",
        meaning="Training throughput.",
        formula="images trained on over `train_seconds`",
        of=of_run(lambda run: run.record.images_per_second if run.rows else None),
    ),
    Measure(
        name="train_seconds",
        label="training time",
        section="Speed",
        unit="seconds",
        better="lower",
        meaning="Training time of the whole run.",
        formula="`train_seconds` of the last row",
        of=of_run(_train_seconds),
        at_the_end=True,
    ),
    Measure(
        name="best_epoch_test_error",
        unit="fraction",
        better="lower",
        meaning="Test error with the weights of the epoch that has the lowest validation error.",
        of=_best_epoch_test("test_error"),
        missing="not measured by that version of regx",
        chance=_guessed_error,
        reads_test=True,
    ),
    Measure(
        name="best_epoch_test_loss",
        unit="nats",
        better="lower",
        meaning="Test loss with the weights of the epoch that has the lowest validation error.",
        of=_best_epoch_test("test_loss"),
        missing="not measured by that version of regx",
        reads_test=True,
    ),
    Measure(
        name="final_valid_accuracy",
        unit="fraction",
        better="higher",
        meaning="Validation accuracy at the end.",
        of=_final(lambda final: 1 - final.valid_error),
        at_the_end=True,
        chance=lambda run: 1 - _guessed_error(run),
    ),
    Measure(
        name="steps_to_train_loss",
        unit="steps",
        better="lower",
        meaning="Steps until the training loss, in eval mode, is down to `train_loss`.",
        of=_to_train_loss,
        needs="train_loss",
        missing="not reached",
        budget=lambda run: run.config.num_steps,
    ),
    Measure(
        name="examples_to_train_loss",
        unit="images",
        better="lower",
        meaning="Training images seen until the training loss is down to `train_loss`, repeats counted.",
        of=_examples(_to_train_loss),
        needs="train_loss",
        missing="not reached",
        budget=_num_examples,
    ),
    Measure(
        name="examples_to_target",
        unit="images",
        better="lower",
        meaning="Training images seen until the target, repeats counted.",
        of=_examples(_to_target(lambda row: row.step)),
        needs="target",
        missing="not reached",
        budget=_num_examples,
    ),
    Measure(
        name="diverged",
        unit="",
        better="lower",
        meaning="1 if the run diverged or hardly learned, else 0.",
        of=of_run(lambda run: float(not run.record.has_learned)),
    ),
)
RUN_MEASURES = {measure.name: measure for measure in _ALL}
