"""Measures over the grid of an arm: what a ladder of one setting says of one seed.

`regx.measures.ladder` brings numpy, and is imported where something is computed: checking a name needs none.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from regx.config.errors import UsageError
from regx.measures.measure import Better, ClaimMeasure, Number, RunMeasure, SeedRuns
from regx.measures.run import Reference
from regx.measures.run_measures import RUN_MEASURES, succeeded

__all__ = ["GRID_FUNCTIONS", "GRID_MEASURES", "over_grid"]

_NONE = Reference(target_error=None, train_loss=None)


def _outcomes(runs: SeedRuns) -> dict[float, bool | None]:
    return {value: succeeded(item.run) for value, item in runs.by_value().items()}


def _values(name: str, runs: SeedRuns) -> dict[float, float | None]:
    measure = RUN_MEASURES[name]
    return {value: measure.of(item, _NONE).value for value, item in runs.by_value().items()}


def _lr_max(runs: SeedRuns, _: Reference) -> Number:
    from regx.measures import ladder

    outcomes = _outcomes(runs)
    largest = ladder.lr_max(outcomes)
    if largest is None:
        return Number(value=None, note="the smallest rate of the ladder fails")
    return Number(value=largest, note="the whole ladder works" if largest == max(outcomes) else "")


def _lr_star(runs: SeedRuns, _: Reference) -> Number:
    from regx.measures import ladder

    return _or_diverged(ladder.lr_star(_values("final_valid_loss", runs)))


def _lr_min(runs: SeedRuns, _: Reference) -> Number:
    from regx.measures import ladder

    return _or_diverged(ladder.lr_min(_values("final_valid_accuracy", runs)))


def _stable_width(runs: SeedRuns, _: Reference) -> Number:
    from regx.measures import ladder

    return _or_diverged(ladder.stable_width(_outcomes(runs), _values("final_valid_accuracy", runs)))


def _or_diverged(value: float | None) -> Number:
    return Number(value=value, note="" if value is not None else "diverged")


def _ladder(
    name: str, unit: str, better: Better, of: Callable[[SeedRuns, Reference], Number]
) -> ClaimMeasure:
    return ClaimMeasure(name=name, unit=unit, better=better, over="grid", of=of)


_LADDERS = (
    _ladder("lr_max", "learning rate", "higher", _lr_max),
    _ladder("lr_star", "learning rate", None, _lr_star),
    _ladder("lr_min", "learning rate", None, _lr_min),
    _ladder("stable_width", "doublings", "higher", _stable_width),
)
GRID_MEASURES = {measure.name: measure for measure in _LADDERS}


def _optimum(_: SeedRuns, numbers: Mapping[float, Number]) -> Number:
    from regx.measures import ladder

    return _or_diverged(ladder.optimum({value: number.value for value, number in numbers.items()}))


def _range(_: SeedRuns, numbers: Mapping[float, Number]) -> Number:
    found = [number.value for number in numbers.values() if number.value is not None]
    if len(found) < len(numbers):
        return Number(value=None, note=_notes(numbers))
    return Number(value=max(found) - min(found), note=_notes(numbers))


def _largest(_: SeedRuns, numbers: Mapping[float, Number]) -> Number:
    found = [number.value for number in numbers.values() if number.value is not None]
    if len(found) < len(numbers):
        return Number(value=None, note=_notes(numbers))
    return Number(value=max(found), note=_notes(numbers))


def _smallest(_: SeedRuns, numbers: Mapping[float, Number]) -> Number:
    """Take the best cell of this seed, for times say; it is censored only where every cell is."""
    found = [number for number in numbers.values() if number.value is not None]
    if len(found) < len(numbers):
        return Number(value=None, note=_notes(numbers))
    return min(found, key=lambda number: (number.value, number.note))


def _drop(runs: SeedRuns, numbers: Mapping[float, Number]) -> Number:
    """Say how far the worst cell lies below the reference, where higher is better."""
    if set(runs.reference) != set(runs.axes):
        raise UsageError(f"{runs.arm}: drop(...) needs `reference`: a value of {', '.join(runs.axes)}")
    [value] = runs.reference.values()
    found = [number.value for number in numbers.values() if number.value is not None]
    at = numbers.get(float(value))
    if at is None or at.value is None or len(found) < len(numbers):
        return Number(value=None, note=_notes(numbers) or "no such cell")
    return Number(value=at.value - min(found), note=_notes(numbers))


def _notes(numbers: Mapping[float, Number]) -> str:
    """Tell what is special about some cells."""
    return "; ".join(f"{value:g}: {number.note}" for value, number in numbers.items() if number.note)


GRID_FUNCTIONS: dict[str, Callable[[SeedRuns, Mapping[float, Number]], Number]] = {
    "optimum": _optimum,
    "range": _range,
    "drop": _drop,
    "largest": _largest,
    "smallest": _smallest,
}


def over_grid(function: str, inner: RunMeasure) -> ClaimMeasure:
    """Measure each run of a grid of one axis, and make one number of them."""
    measure = ClaimMeasure(
        name=f"{function}({inner.name})",
        unit=inner.unit if function != "optimum" else "",
        better=None,
        over="grid",
        of=partial(_each, function, inner),
    )
    is_time = inner.is_time and function == "smallest"
    return replace(measure, reads_test=inner.reads_test, needs=inner.needs, is_time=is_time)


def _each(function: str, inner: RunMeasure, runs: SeedRuns, reference: Reference) -> Number:
    found = {value: inner.of(item, reference) for value, item in runs.by_value().items()}
    return GRID_FUNCTIONS[function](runs, found)
