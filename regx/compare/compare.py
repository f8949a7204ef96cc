"""Two or more groups of runs, measure by measure, each against the first."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from regx.compare.differences import Difference, config_differences, environment_differences
from regx.compare.reference import choose_reference
from regx.compare.select import Group
from regx.measures.measure import Measure, Reference, SeedRuns
from regx.measures.registry import shown_measures
from regx.runs.table import Run
from regx.stats.censoring import censored_times, times_as_fast
from regx.stats.inference import Inference, correct, half_width, infer

__all__ = ["Cell", "Comparison", "Row", "compare", "measure_group"]

# What the conclusion and the differences figure are about.
_HEADLINES = ("loss_gap", "test_error", "epochs_to_target")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One measure of one group.

    Attributes:
        values: One per run, in the order of the group's seeds; None where a run has no such number.
        mean: Over the seeds; None as soon as one run has no number: the mean of the rest would be biased.
        missing: Why there is no mean, e.g. `not reached` or `2 of 3 not reached`.
        censored: Seeds that never reached the target and count with their whole training: at most a fifth
            of them, else there is no mean. The mean is then a lower bound.
    """

    values: tuple[float | None, ...]
    mean: float | None = None
    missing: str | None = None
    censored: frozenset[int] = frozenset()

    @cached_property
    def deviation(self) -> float | None:
        """Sample standard deviation over the seeds; None without a mean, or for fewer than two."""
        return statistics.stdev(self._present) if len(self._present) > 1 else None

    @cached_property
    def half_width(self) -> float | None:
        """Half the width of the 95 % t-interval of the mean; None likewise."""
        return half_width(self._present)

    @property
    def _present(self) -> list[float]:
        return [] if self.mean is None else [value for value in self.values if value is not None]

    @property
    def num_censored(self) -> int:
        """Number of runs whose time is a lower bound."""
        return len(self.censored)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measure of all groups.

    Attributes:
        measure: Which.
        cells: One per group.
        inferences: Each group against the first; None for the first and where a mean is missing.
        best: Index of the group with the better mean; None for a tie, where fewer than two have one, and
            where it is the mean of times that are only known to be longer.
    """

    measure: Measure
    cells: tuple[Cell, ...]
    inferences: tuple[Inference | None, ...]
    best: int | None

    @cached_property
    def differences(self) -> tuple[float | None, ...]:
        """Each group minus the first; over the seeds that both have, where they share any."""
        return tuple(one.difference if one else None for one in self.inferences)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All that `compare` knows about its groups.

    Attributes:
        groups: In the order given; the first is what the others are compared with.
        reference: Target error and matched training loss.
        target_rule: How the target was chosen.
        train_loss_rule: How the matched training loss was chosen.
        config: What differs in the configs.
        environment: What differs in what they ran on.
        rows: One per measure, in the order of the registry.
        num_left_out: Groups that were compared and are not among `groups`; see `head`.
    """

    groups: tuple[Group, ...]
    reference: Reference
    target_rule: str
    train_loss_rule: str
    config: tuple[Difference, ...]
    environment: tuple[Difference, ...]
    rows: tuple[Row, ...]
    num_left_out: int = 0

    def head(self, num_groups: int) -> "Comparison":
        """Leave out the groups after the first so many."""
        if num_groups >= len(self.groups):
            return self
        return replace(
            self,
            groups=self.groups[:num_groups],
            rows=tuple(
                replace(row, cells=row.cells[:num_groups], inferences=row.inferences[:num_groups])
                for row in self.rows
            ),
            num_left_out=len(self.groups) - num_groups,
        )

    @cached_property
    def tested(self) -> tuple[int, ...]:
        """The later groups that can be tested against the first, by index: both have seeds."""
        columns = zip(*(row.inferences for row in self.rows), strict=True)
        return tuple(at for at, column in enumerate(columns) if at and any(map(_is_test, column)))

    def row(self, name: str) -> Row:
        """Return the row of a measure."""
        return next(row for row in self.rows if row.measure.name == name)

    def headlines(self) -> list[Row]:
        """Return what matters most: overfitting, test error, time to target.

        Where some group has no time to target, the area under the curve, which every finished run has, comes
        along.
        """
        rows = [self.row(name) for name in _HEADLINES]
        if any(cell.mean is None for cell in rows[-1].cells):
            rows.append(self.row("valid_accuracy_area"))
        return rows


def compare(groups: Sequence[Group], *, target_error: float | None = None) -> Comparison:
    """Measure every group and set the others against the first.

    Args:
        groups: Two or more.
        target_error: Validation error for time to target, as a fraction; None to choose it by rule.

    Returns:
        Means, spread over seeds, and for each later group whether its difference is more than chance.
    """
    reference, target_rule, train_loss_rule = choose_reference(groups, target_error)
    return Comparison(
        groups=tuple(groups),
        reference=reference,
        target_rule=target_rule,
        train_loss_rule=train_loss_rule,
        config=tuple(config_differences(groups)),
        environment=tuple(environment_differences(groups)),
        rows=tuple(_row(measure, groups, reference) for measure in shown_measures()),
    )


def _row(measure: Measure, groups: Sequence[Group], reference: Reference) -> Row:
    cells = tuple(measure_group(measure, group, reference) for group in groups)
    by_seed = [_by_seed(group, cell) for group, cell in zip(groups, cells, strict=True)]
    inferences = [
        _infer(measure, (cells[0], cell), by_seed[0], values) if by_seed[0] and values else None
        for cell, values in zip(cells[1:], by_seed[1:], strict=True)
    ]
    return Row(
        measure=measure,
        cells=cells,
        inferences=(None, *correct(inferences)),
        best=_best(measure, cells),
    )


def _is_test(one: Inference | None) -> bool:
    return one is not None and one.method != "none"


def _infer(
    measure: Measure, cells: tuple[Cell, Cell], first: Mapping[int, float], other: Mapping[int, float]
) -> Inference:
    """Set one group against the first, and of times say how they compare as a ratio."""
    one = infer(first, other, measure.better)
    if measure.budget is None:
        return one
    used = [[values[seed] for seed in one.seeds or values] for values in (first, other)]
    late, late_other = (len(cell.censored.intersection(one.seeds or cell.censored)) for cell in cells)
    return replace(
        one,
        censored=(late, late_other),
        times_as_fast=times_as_fast(*used) if min(map(min, used)) > 0 else None,
    )


def measure_group(measure: Measure, group: Group, reference: Reference) -> Cell:
    """Measure every run of a group, and their mean."""
    numbers = [measure.number(SeedRuns.single(run), reference) for run in group.runs]
    values = [number.value for number in numbers]
    late: frozenset[int] = frozenset()
    if measure.budget is not None:
        filled = censored_times(values, [_budget(measure, run, reference) for run in group.runs])
        if filled:
            values = list(filled.times)
            late = frozenset(
                seed for seed, ran_out in zip(group.seeds, filled.censored, strict=True) if ran_out
            )
    present = [value for value in values if value is not None]
    if len(present) < len(values):
        notes = [number.note for number in numbers if number.value is None]
        reason, count = Counter(notes).most_common(1)[0]
        text = reason if count == len(values) else f"{count} of {len(values)} {reason}"
        return Cell(values=tuple(values), missing=text)
    return Cell(values=tuple(values), mean=statistics.fmean(present), censored=late)


def _budget(measure: Measure, run: Run, reference: Reference) -> float | None:
    """Return the time of the whole run, if it finished and there is something that it may have missed."""
    if measure.budget is None or run.record.status != "done" or not reference.has(measure.needs):
        return None
    return measure.budget(run)


def _by_seed(group: Group, cell: Cell) -> dict[int, float]:
    """Give the value of each seed; nothing where one is missing: the rest would be biased."""
    if cell.mean is None:
        return {}
    return {seed: value for seed, value in zip(group.seeds, cell.values, strict=True) if value is not None}


def _best(measure: Measure, cells: Sequence[Cell]) -> int | None:
    means = [cell.mean for cell in cells]
    present = [mean for mean in means if mean is not None]
    if measure.better is None or len(present) < 2:
        return None
    best = min(present) if measure.better == "lower" else max(present)
    index = means.index(best)
    return index if present.count(best) == 1 and not cells[index].censored else None
