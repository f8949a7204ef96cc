"""Measures over the grid of an arm: one number from all values of one setting, for one seed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from regx.config.errors import UsageError
from regx.measures import ladder
from regx.measures.measure import Measure, Number, Reference, SeedRuns
from regx.measures.run import RUN_MEASURES

__all__ = [
    "ANY_AXIS",
    "GRID_FUNCTIONS",
    "GRID_MEASURES",
    "OTHER_AXES",
    "RATES",
    "SHOWN_GRID_MEASURES",
    "over_grid",
]

# For which grids `regx compare` shows a measure: of learning rates, of another setting, or of any.
RATES, OTHER_AXES, ANY_AXIS = "Learning rates", "Other settings", "Every setting"

_Of = Callable[[SeedRuns, Reference], Number]


def _outcomes(runs: SeedRuns) -> dict[float, bool | None]:
    return {value: run.record.has_learned for value, run in runs.by_value().items()}


def _values(name: str, runs: SeedRuns) -> dict[float, float | None]:
    counted = RUN_MEASURES[name].counted
    return {value: counted(SeedRuns.single(run), Reference()).value for value, run in runs.by_value().items()}


def _lr_max(runs: SeedRuns, reference: Reference) -> Number:
    outcomes = _outcomes(runs)
    largest = ladder.lr_max(outcomes, start=reference.first_rate)
    if largest is None:
        return Number(value=None, note="the smallest rate of the ladder fails")
    return Number(value=largest, note="the whole ladder works" if largest == max(outcomes) else "")


def _best_value(runs: SeedRuns, _: Reference) -> Number:
    return _or_diverged(ladder.lr_star(_values("final_valid_loss", runs)))


def _lr_min(runs: SeedRuns, _: Reference) -> Number:
    return _or_diverged(ladder.lr_min(_values("final_valid_accuracy", runs)))


def _stable_width(runs: SeedRuns, reference: Reference) -> Number:
    accuracies = _values("final_valid_accuracy", runs)
    return _or_diverged(ladder.stable_width(_outcomes(runs), accuracies, start=reference.first_rate))


def _lowest_valid_error(runs: SeedRuns, reference: Reference) -> Number:
    """Take the best of the runs that finished, and ignore the others."""
    number = RUN_MEASURES["final_valid_error"].number
    found = [number(SeedRuns.single(run), reference).value for run in runs.by_value().values()]
    return _or_diverged(min((value for value in found if value is not None), default=None))


def _or_diverged(value: float | None) -> Number:
    return Number(value=value, note="" if value is not None else "diverged")


def _optimum(_: SeedRuns, numbers: Mapping[float, Number]) -> Number:
    return _or_diverged(ladder.optimum({value: number.value for value, number in numbers.items()}))


def _range(_: SeedRuns, numbers: Mapping[float, Number]) -> Number:
    return _of_all(numbers, lambda values: max(values) - min(values))


def _largest(_: SeedRuns, numbers: Mapping[float, Number]) -> Number:
    return _of_all(numbers, max)


def _of_all(numbers: Mapping[float, Number], fold: Callable[[list[float]], float]) -> Number:
    found = [number.value for number in numbers.values() if number.value is not None]
    return Number(value=fold(found) if len(found) == len(numbers) else None, note=_notes(numbers))


def _smallest(_: SeedRuns, numbers: Mapping[float, Number]) -> Number:
    """Take the best cell of this seed, for example for times. It is censored only if every cell is."""
    found = [number for number in numbers.values() if number.value is not None]
    if len(found) < len(numbers):
        return Number(value=None, note=_notes(numbers))
    return min(found, key=lambda number: (number.value, number.note))


def _drop(runs: SeedRuns, numbers: Mapping[float, Number]) -> Number:
    """Return how far the worst cell is below the reference, if higher is better."""
    if set(runs.reference) != set(runs.axes):
        raise UsageError(f"{runs.arm}: drop(...) needs `reference`: a value of {', '.join(runs.axes)}")
    [value] = runs.reference.values()
    found = [number.value for number in numbers.values() if number.value is not None]
    at = numbers.get(float(value))
    if at is None or at.value is None or len(found) < len(numbers):
        return Number(value=None, note=_notes(numbers) or "no such cell")
    return Number(value=at.value - min(found), note=_notes(numbers))


def _notes(numbers: Mapping[float, Number]) -> str:
    """Describe what is special about some cells."""
    return "; ".join(f"{value:g}: {number.note}" for value, number in numbers.items() if number.note)


GRID_FUNCTIONS: dict[str, tuple[Callable[[SeedRuns, Mapping[float, Number]], Number], str]] = {
    "optimum": (
        _optimum,
        "Where a parabola through a measure of runs over one axis of the grid has its minimum.",
    ),
    "range": (_range, "Largest minus smallest value of a measure over the grid."),
    "drop": (_drop, "Fall of a measure from the cell `reference` to its smallest value over the grid."),
    "largest": (_largest, "Largest value of a measure over the grid."),
    "smallest": (
        _smallest,
        "Smallest value of a measure over the grid. For a time: that of the seed's own best cell.",
    ),
}


def over_grid(function: str, inner: Measure) -> Measure:
    """Measure each run of a grid of one axis, and make one number of them."""
    fold, meaning = GRID_FUNCTIONS[function]

    def of(runs: SeedRuns, reference: Reference) -> Number:
        counted = {
            value: inner.counted(SeedRuns.single(run), reference) for value, run in runs.by_value().items()
        }
        return fold(runs, counted)

    return Measure(
        name=f"{function}({inner.name})",
        unit=inner.unit if function != "optimum" else "",
        better=None,
        meaning=re.sub("a measure( of runs)?", f"`{inner.name}`", meaning),
        over="grid",
        of=of,
        reads_test=inner.reads_test,
        needs=inner.needs,
        each=inner.name,
    )


_EVERYWHERE = "ended early everywhere"
_LR_STAR = Measure(
    name="lr_star",
    label="LR*",
    section=RATES,
    unit="learning rate",
    better=None,
    meaning="Rate of a ladder with the lowest final validation loss.",
    over="grid",
    of=_best_value,
    missing=_EVERYWHERE,
    on_grid=True,
    each="final_valid_loss",
)
_LADDERS = (
    Measure(
        name="lr_max",
        label="LR_max",
        section=RATES,
        unit="learning rate",
        better="higher",
        meaning="Largest rate of a ladder up to which no rate from 0.01 on diverges.",
        over="grid",
        of=_lr_max,
        missing="did not learn at the smallest rate from {first_rate:g} on",
        on_grid=True,
    ),
    _LR_STAR,
    Measure(
        name="lr_min",
        unit="learning rate",
        better=None,
        meaning="Smallest rate of a ladder that reaches 90 % of the best final validation accuracy.",
        over="grid",
        of=_lr_min,
        on_grid=True,
    ),
    Measure(
        name="stable_width",
        label="stable width",
        section=RATES,
        unit="doublings",
        better="higher",
        meaning="Doublings between lr_min and lr_max.",
        over="grid",
        of=_stable_width,
        missing="did not learn at the smallest rate from {first_rate:g} on",
        on_grid=True,
    ),
)
GRID_MEASURES = {measure.name: measure for measure in _LADDERS}
# What `regx compare` shows of a grid. A claim writes the last three by functions and `lr_star`.
SHOWN_GRID_MEASURES = (
    *(measure for measure in _LADDERS if measure.section),
    replace(
        over_grid("optimum", RUN_MEASURES["final_valid_loss"]),
        name="optimum",
        label="optimum",
        section=OTHER_AXES,
        missing="ended early at some value",
    ),
    replace(_LR_STAR, name="best_value", label="best value", section=OTHER_AXES, unit=""),
    Measure(
        name="lowest_valid_error",
        label="lowest valid error",
        section=ANY_AXIS,
        unit="fraction",
        better="lower",
        meaning="Lowest validation error at the end over the grid.",
        over="grid",
        of=_lowest_valid_error,
        missing=_EVERYWHERE,
    ),
)
