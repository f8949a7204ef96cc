"""Two or more groups, measure by measure, each against the first.

A group is runs of one config under different seeds, or an arm of a sweep over the values of one axis. Both
are measured seed by seed; they differ in the measures, and in what these refer to.
"""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from regx.compare.groups import Group
from regx.measures.curves import smoothed_valid_error
from regx.measures.grid import ANY_AXIS, OTHER_AXES, RATES, SHOWN_GRID_MEASURES
from regx.measures.ladder import LADDER_START, MIN_PARABOLA, grid_floor
from regx.measures.measure import Measure, Reference
from regx.measures.registry import shown_measures
from regx.numbers import show_fact
from regx.runs.load import Run
from regx.runs.record import Environment
from regx.stats.inference import MOST_CENSORED, Inference, correct, infer

__all__ = [
    "Cell",
    "Comparison",
    "Row",
    "Varied",
    "compare",
    "measure_group",
    "treatments",
    "varied_settings",
]

# What the conclusion and the differences figure are about.
_HEADLINES = ("loss_gap", "test_error", "epochs_to_target")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One measure of one group.

    Attributes:
        by_seed: Value of each seed, ascending; None where a seed has no such number.
        mean: Over the seeds; None as soon as one seed has no number: the mean of the rest would be biased.
        missing: Why there is no mean, e.g. `not reached` or `2 of 3 not reached`.
        censored: Seeds that never reached the target and count with their whole training: at most a fifth
            of them, else there is no mean. The mean is then a lower bound.
    """

    by_seed: Mapping[int, float | None]
    mean: float | None = None
    missing: str | None = None
    censored: frozenset[int] = frozenset()

    @property
    def values(self) -> tuple[float | None, ...]:
        """One per seed, in their order."""
        return tuple(self.by_seed.values())

    @cached_property
    def known(self) -> dict[int, float]:
        """The values by seed; none of them where there is no mean."""
        if self.mean is None:
            return {}
        return {seed: value for seed, value in self.by_seed.items() if value is not None}

    @cached_property
    def deviation(self) -> float | None:
        """Sample standard deviation over the seeds; None without a mean, or for fewer than two."""
        return statistics.stdev(self.known.values()) if len(self.known) > 1 else None

    @cached_property
    def half_width(self) -> float | None:
        """Half the width of the 95 % t-interval of the mean; None likewise."""
        if len(self.known) < 2:
            return None
        from regx.stats.tests import mean_interval

        return mean_interval(list(self.known.values())).half_width

    @property
    def num_censored(self) -> int:
        """Number of runs whose time is a lower bound."""
        return len(self.censored)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measure of all groups.

    Attributes:
        measure: Which.
        cells: One per group; learning rates as log2.
        inferences: Each group against the first; None for the first and where a mean is missing.
    """

    measure: Measure
    cells: tuple[Cell, ...]
    inferences: tuple[Inference | None, ...]

    @property
    def unit(self) -> str:
        """Of the numbers in the cells: learning rates and their ratios count in doublings."""
        return _unit(self.measure)

    @property
    def best(self) -> int | None:
        """Index of the group with the better mean.

        None for a tie, where fewer than two have one, and where it is the mean of times that are only known
        to be longer.
        """
        means = [cell.mean for cell in self.cells]
        present = [mean for mean in means if mean is not None]
        if self.measure.better is None or len(present) < 2:
            return None
        best = min(present) if self.measure.better == "lower" else max(present)
        index = means.index(best)
        return index if present.count(best) == 1 and not self.cells[index].censored else None

    def like(self, index: int) -> float:
        """Return the number that sets the decimal places of a difference: the larger of the two means."""
        return max(abs(self.cells[at].mean or 0.0) for at in (0, index))


@dataclass(frozen=True)
class Varied:
    """A setting, or a fact of what the runs ran on, that is not the same in all groups.

    Attributes:
        path: Dotted path in the config, or field of the environment.
        values: One per group, as plain YAML values; None is "not set".
    """

    path: str
    values: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All that `compare` knows about its groups.

    Attributes:
        groups: In the order given; the first is what the others are compared with.
        rows: One per measure, in the order of the registry.
        reference: Target error and matched training loss; of learning rates the first that has to work.
        target_rule: How the target was chosen.
        train_loss_rule: How the matched training loss was chosen.
        config: What differs in the configs; nothing where an axis varies.
        environment: What differs in what they ran on; likewise.
        num_left_out: Groups that were compared and are not among `groups`; see `head`.
    """

    groups: tuple[Group, ...]
    rows: tuple[Row, ...]
    reference: Reference
    target_rule: str = ""
    train_loss_rule: str = ""
    config: tuple[Varied, ...] = ()
    environment: tuple[Varied, ...] = ()
    num_left_out: int = 0

    @property
    def axis(self) -> str:
        """Dotted path of the setting that varies under each seed; empty where none does."""
        return self.groups[0].axis

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
        return tuple(
            at for at, column in enumerate(columns) if any(one and one.method != "none" for one in column)
        )

    def row(self, name: str) -> Row:
        """Return the row of a measure."""
        return next(row for row in self.rows if row.measure.name == name)

    def headlines(self) -> list[Row]:
        """Return what matters most: overfitting, test error, time to target; over an axis everything.

        Where some group has no time to target, the area under the curve, which every finished run has, comes
        along.
        """
        if self.axis:
            return list(self.rows)
        rows = [self.row(name) for name in _HEADLINES]
        if any(cell.mean is None for cell in rows[-1].cells):
            rows.append(self.row("valid_accuracy_area"))
        return rows


def compare(groups: Sequence[Group], *, target_error: float | None = None) -> Comparison:
    """Measure every group seed by seed, and set the others against the first.

    Args:
        groups: Two or more; one is enough over an axis.
        target_error: Validation error for time to target, as a fraction; None to choose it by rule.

    Returns:
        Means, spread over seeds, and for each later group whether its difference is more than chance.
    """
    if groups[0].axis:
        reference = Reference(first_rate=_first_rate(groups))
        rows = tuple(_row(measure, groups, reference) for measure in _axis_measures(groups))
        return Comparison(groups=tuple(groups), rows=rows, reference=reference)
    finished = [run for group in groups for run in group.runs if run.record.status == "done" and run.rows]
    target, target_rule = _target(groups, finished, target_error)
    train_loss, train_loss_rule = _train_loss(finished)
    reference = Reference(target_error=target, train_loss=train_loss)
    return Comparison(
        groups=tuple(groups),
        rows=tuple(_row(measure, groups, reference) for measure in shown_measures()),
        reference=reference,
        target_rule=target_rule,
        train_loss_rule=train_loss_rule,
        config=tuple(varied_settings(groups)),
        environment=tuple(_varied_environment(groups)),
    )


def _row(measure: Measure, groups: Sequence[Group], reference: Reference) -> Row:
    cells = [measure_group(measure, group, reference) for group in groups]
    floor = _spread_of_rounding(measure, groups)
    inferences = [_infer(measure, cells[0], cell, floor) for cell in cells[1:]]
    return Row(measure=measure, cells=tuple(cells), inferences=(None, *correct(inferences)))


def measure_group(measure: Measure, group: Group, reference: Reference) -> Cell:
    """Measure a group seed by seed, and take the mean."""
    numbers = {seed: measure.number(runs, reference) for seed, runs in group.by_seed.items()}
    values = {seed: number.value for seed, number in numbers.items()}
    if _unit(measure) == "log2":
        values = {seed: None if value is None else math.log2(value) for seed, value in values.items()}
    late = [seed for seed, value in values.items() if value is None]
    budgets = {seed: _budget(measure, group.by_seed[seed].only, reference) for seed in late if measure.budget}
    if budgets and None not in budgets.values() and len(late) <= MOST_CENSORED * len(values):
        values |= budgets
    present = [value for value in values.values() if value is not None]
    if len(present) == len(values):
        return Cell(by_seed=values, mean=statistics.fmean(present), censored=frozenset(late))
    if group.axis:  # why, the notes say
        return Cell(by_seed=values, missing=f"{len(late)} of {len(values)} none")
    reason, count = Counter(numbers[seed].note for seed in late).most_common(1)[0]
    return Cell(
        by_seed=values, missing=reason if count == len(values) else f"{count} of {len(values)} {reason}"
    )


def _budget(measure: Measure, run: Run, reference: Reference) -> float | None:
    """Return the time of the whole run, if it finished and there is something that it may have missed."""
    if measure.budget is None or run.record.status != "done" or not reference.has(measure.needs):
        return None
    return measure.budget(run)


def _infer(measure: Measure, first: Cell, other: Cell, floor: float | None) -> Inference | None:
    """Set one group against the first, and of times say how they compare as a ratio."""
    if first.mean is None or other.mean is None:
        return None
    one = infer(first.known, other.known, measure.better, sd_floor=floor)
    if measure.budget is None:
        return one
    late, other_late = (
        len(cell.censored.intersection(one.seeds or cell.censored)) for cell in (first, other)
    )
    times = [[cell.known[seed] for seed in one.seeds or cell.known] for cell in (first, other)]
    mean, other_mean = (statistics.geometric_mean(some) if min(some) > 0 else 0.0 for some in times)
    ratio = mean / other_mean if mean and other_mean else None
    return replace(one, censored=(late, other_late), times_as_fast=ratio)


SLACK = 1.05  # on the target: at the very bottom of a curve the moment of crossing is noise


def _target(
    groups: Sequence[Group], finished: Sequence[Run], given: float | None
) -> tuple[float | None, str]:
    """Choose the target error, and say how it was chosen.

    It is, in this order: the given one; the `train.target_error` that all configs declare; else 1.05 times
    the lowest smoothed validation error that every finished run reaches, rounded up to two digits, so that
    the choice rests on all runs alike and every one of them reaches it.
    """
    if given is not None:
        return given, "given by --target-error"
    declared = {group.config.train.target_error for group in groups}
    if len(declared) == 1 and (only := declared.pop()) is not None:
        return only, "declared as train.target_error in every config"
    if not finished:
        return None, "no run finished"
    tightest = max(min(smoothed_valid_error(run.rows)) for run in finished)
    lowest = f"{100 * tightest:.3g} %"
    rule = f"5 % above {lowest}, the lowest smoothed error that every finished run reaches, rounded up"
    return _round_up(tightest * SLACK), rule


def _round_up(value: float) -> float:
    """Round up to two significant digits."""
    if value <= 0:
        return 0.0
    places = 1 - math.floor(math.log10(value))
    scale = 10.0**places
    return min(1.0, round(math.ceil(value * scale - 1e-9) / scale, places))


def _train_loss(finished: Sequence[Run]) -> tuple[float | None, str]:
    """Choose the training loss to compare at: the largest of the finished runs' lowest training losses."""
    if not finished:
        return None, "no run finished"
    train_loss = max(min(row.train_loss for row in run.rows) for run in finished)
    return train_loss, "the lowest training loss that every finished run reaches"


def _first_rate(groups: Sequence[Group]) -> float:
    """Choose the rate from which on every arm should learn."""
    reached = min(group.values[-1] for group in groups) >= LADDER_START
    return LADDER_START if reached else min(group.values[0] for group in groups)


def _axis_measures(groups: Sequence[Group]) -> list[Measure]:
    """Choose the measures for an axis: ladders of learning rates have measures of their own."""
    has_rates = groups[0].axis == "optim.lr" and min(group.values[0] for group in groups) > 0
    sections = (RATES if has_rates else OTHER_AXES, ANY_AXIS)
    fewest = min(len(group.values) for group in groups)
    return [
        replace(measure, missing=measure.missing.format(first_rate=_first_rate(groups)))
        for measure in SHOWN_GRID_MEASURES
        if measure.section in sections and (measure.name != "optimum" or fewest >= MIN_PARABOLA)
    ]


def _spread_of_rounding(measure: Measure, groups: Sequence[Group]) -> float | None:
    """Return the smallest spread to believe in of a measure that is one of the values that were tried.

    All seeds may agree because there are so few values. The step is the smallest between neighbours in any
    arm, in the unit of the cells: doublings for learning rates, else that of the axis.
    """
    if not measure.on_grid:
        return None
    in_doublings = _unit(measure) in ("log2", "doublings")
    ladders = [[math.log2(value) if in_doublings else value for value in group.values] for group in groups]
    steps = [high - low for ladder in ladders for low, high in pairwise(ladder)]
    return grid_floor(min(steps)) if steps else None


def _unit(measure: Measure) -> str:
    return "log2" if measure.unit == "learning rate" else measure.unit


# Settings that move no weight: they choose where a run is measured or what it runs on.
NOT_A_TREATMENT = ("train.target_error", "train.threads", "device")
# What may change results or times; the rest of the environment (commit, python, platform) is on record only.
_WATCHED = ("device", "device_name", "threads", "regx", "torch", "numpy", "git_commit")


def varied_settings(groups: Sequence[Group]) -> list[Varied]:
    """Compare resolved configs, name and seed aside.

    A section that is of another kind in one group (`batch_norm: false`, a decay of another kind) is one
    difference and not one per key: it was one decision.
    """
    configs = [group.config.model_dump(mode="json", exclude={"name", "seed"}) for group in groups]
    return _walk("", configs)


def treatments(varied: Sequence[Varied]) -> list[str]:
    """Return the paths of the settings that can change the result of training."""
    return [one.path for one in varied if one.path not in NOT_A_TREATMENT]


def _varied_environment(groups: Sequence[Group]) -> list[Varied]:
    """Compare what the runs ran on: versions, device, threads, and the content of equally named data."""
    fields = [field for field in Environment.model_fields if field in _WATCHED]
    if len({group.config.data.name for group in groups}) == 1:
        fields.append("data_sha256")
    found = []
    for field in fields:
        values = tuple(
            " and ".join(sorted({show_fact(getattr(run.record.environment, field)) for run in group.runs}))
            for group in groups
        )
        if len(set(values)) > 1 or " and " in values[0]:
            found.append(Varied(field, values))
    return found


def _walk(path: str, values: Sequence[Any]) -> list[Varied]:
    if all(value == values[0] for value in values):
        return []
    keys = [tuple(value) if isinstance(value, Mapping) else None for value in values]
    if keys[0] is None or any(other != keys[0] for other in keys):
        return [Varied(path, tuple(values))]
    return [
        one
        for key in keys[0]
        for one in _walk(f"{path}.{key}" if path else key, [value[key] for value in values])
    ]
