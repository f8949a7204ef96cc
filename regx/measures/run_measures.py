"""Measures of one run that claims may use: those of `regx compare`, and a few more."""

from collections.abc import Callable
from itertools import pairwise

from regx.measures.measure import CellRun, Number, RunMeasure
from regx.measures.run import MEASURES, Measure, Reference
from regx.runs.table import Run

__all__ = ["RUN_MEASURES", "succeeded", "time_to_train_loss"]

_READS_TEST = frozenset({"loss_gap", "error_gap", "test_error", "test_loss"})
_MEANINGS = {
    "loss_gap": "Test loss minus training loss at the end, both in eval mode.",
    "error_gap": "Test error minus training error at the end.",
    "overtraining_index": "Rise of the validation loss from its lowest value to the end.",
    "matched_gap": "Validation loss minus training loss when the training loss is down to `train_loss`.",
    "epochs_to_target": "Epochs until the smoothed validation error is down to the target.",
    "steps_to_target": "Steps until the smoothed validation error is down to the target.",
    "seconds_to_target": "Training time until the smoothed validation error is down to the target.",
    "valid_accuracy_area": "Mean validation accuracy over the steps of the run.",
    "best_valid_error": "Lowest validation error of all epochs.",
    "best_epoch": "Epoch with the lowest validation error.",
    "final_valid_error": "Validation error at the end.",
    "test_error": "Test error at the end.",
    "train_error": "Training error at the end, in eval mode.",
    "final_valid_loss": "Validation loss at the end.",
    "test_loss": "Test loss at the end.",
    "train_loss": "Training loss at the end, in eval mode.",
    "images_per_second": "Training throughput.",
    "train_seconds": "Training time of the whole run.",
}
# A network that diverged or hardly learned classifies by chance: it has this error all the same.
_CHANCE_ERRORS = frozenset({"final_valid_error", "test_error", "train_error"})


def succeeded(run: Run) -> bool:
    """Whether a run learned something: it neither diverged nor stayed where it began."""
    return run.record.has_learned


def time_to_train_loss(run: Run, train_loss: float) -> float | None:
    """Find the step at which the training loss, in eval mode, is down to a value.

    Args:
        run: Its epochs.
        train_loss: In nats.

    Returns:
        Steps, interpolated between two epochs; None where it never got there.
    """
    rows = run.rows
    if rows and rows[0].train_loss <= train_loss:
        return float(rows[0].step)
    for before, row in pairwise(rows):
        if row.train_loss <= train_loss:
            share = (before.train_loss - train_loss) / (before.train_loss - row.train_loss)
            return before.step + share * (row.step - before.step)
    return None


def _from_compare(measure: Measure) -> RunMeasure:
    """Take over a measure of `regx compare`."""
    is_time = measure.whole is not None
    return RunMeasure(
        name=measure.name,
        unit=measure.unit,
        better=measure.better,
        meaning=_MEANINGS[measure.name],
        of=_compared(measure),
        reads_test=measure.name in _READS_TEST,
        needs="target" if is_time else "train_loss" if measure.name == "matched_gap" else "",
        is_time=is_time,
    )


def _compared(measure: Measure) -> Callable[[CellRun, Reference], Number]:
    def of(item: CellRun, reference: Reference) -> Number:
        run = item.run
        if measure.name in _CHANCE_ERRORS and not succeeded(run):
            return _chance(run)
        value = measure.value(run, reference)
        if value is not None:
            return Number(value=value)
        if measure.whole is not None and reference.target_error is not None:
            return _censored(run, measure.name)
        return Number(value=None, note=measure.why_missing(run))

    return of


def _chance(run: Run) -> Number:
    num_classes = run.config.data.facts.num_classes
    return Number(value=1 - 1 / num_classes, note=f"{run.record.ending}: counted as chance")


def _censored(run: Run, name: str) -> Number:
    """Let the budget stand for a time that is only known to be longer."""
    note = "censored" if succeeded(run) else f"censored: {run.record.ending}"
    if name.startswith("epochs"):
        return Number(value=float(run.config.train.epochs), note=note)
    if name.startswith("seconds"):
        return Number(value=run.rows[-1].train_seconds if run.rows else None, note=note)
    return Number(value=float(run.config.num_steps), note=note)


def _best_epoch_test(field: str) -> Callable[[CellRun, Reference], Number]:
    def of(item: CellRun, _: Reference) -> Number:
        run = item.run
        if run.record.best is None or not succeeded(run):
            is_error = field == "test_error"
            return _chance(run) if is_error else Number(value=None, note=run.record.ending)
        value = getattr(run.record.best, field)
        return Number(value=value, note="" if value is not None else "not measured by that version of regx")

    return of


def _accuracy(item: CellRun, reference: Reference) -> Number:
    error = RUN_MEASURES["final_valid_error"].of(item, reference)
    return Number(value=None if error.value is None else 1 - error.value, note=error.note)


def _area(item: CellRun, _: Reference) -> Number:
    """Count a run that diverged as one that was at chance all the time."""
    run = item.run
    if not succeeded(run):
        return Number(
            value=1 / run.config.data.facts.num_classes, note=f"{run.record.ending}: counted as chance"
        )
    area = next(measure for measure in MEASURES if measure.name == "valid_accuracy_area")
    return Number(value=area.of(run, Reference(target_error=None, train_loss=None)))


def _steps_to_train_loss(item: CellRun, reference: Reference) -> Number:
    assert reference.train_loss is not None  # `needs` says so
    steps = time_to_train_loss(item.run, reference.train_loss)
    return _censored(item.run, "steps") if steps is None else Number(value=steps)


def _examples(steps: Callable[[CellRun, Reference], Number]) -> Callable[[CellRun, Reference], Number]:
    """Turn steps into training images seen."""

    def of(item: CellRun, reference: Reference) -> Number:
        found = steps(item, reference)
        size = item.run.config.train.batch_size
        return Number(value=None if found.value is None else found.value * size, note=found.note)

    return of


def _diverged(item: CellRun, _: Reference) -> Number:
    return Number(value=float(not succeeded(item.run)))


_OF_COMPARE = {measure.name: _from_compare(measure) for measure in MEASURES}
_OWN = (
    RunMeasure(
        name="best_epoch_test_error",
        unit="fraction",
        better="lower",
        meaning="Test error with the weights of the epoch that has the lowest validation error.",
        of=_best_epoch_test("test_error"),
        reads_test=True,
    ),
    RunMeasure(
        name="best_epoch_test_loss",
        unit="nats",
        better="lower",
        meaning="Test loss with the weights of the epoch that has the lowest validation error.",
        of=_best_epoch_test("test_loss"),
        reads_test=True,
    ),
    RunMeasure(
        name="final_valid_accuracy",
        unit="fraction",
        better="higher",
        meaning="Validation accuracy at the end.",
        of=_accuracy,
    ),
    RunMeasure(
        name="valid_accuracy_area",
        unit="fraction",
        better="higher",
        meaning=_MEANINGS["valid_accuracy_area"],
        of=_area,
    ),
    RunMeasure(
        name="steps_to_train_loss",
        unit="steps",
        better="lower",
        meaning="Steps until the training loss, in eval mode, is down to `train_loss`.",
        of=_steps_to_train_loss,
        needs="train_loss",
        is_time=True,
    ),
    RunMeasure(
        name="examples_to_train_loss",
        unit="images",
        better="lower",
        meaning="Training images seen until the training loss is down to `train_loss`, repeats counted.",
        of=_examples(_steps_to_train_loss),
        needs="train_loss",
        is_time=True,
    ),
    RunMeasure(
        name="examples_to_target",
        unit="images",
        better="lower",
        meaning="Training images seen until the target, repeats counted.",
        of=_examples(_OF_COMPARE["steps_to_target"].of),
        needs="target",
        is_time=True,
    ),
    RunMeasure(
        name="diverged",
        unit="",
        better="lower",
        meaning="1 where the run diverged or hardly learned, else 0.",
        of=_diverged,
    ),
)
RUN_MEASURES = _OF_COMPARE | {measure.name: measure for measure in _OWN}
