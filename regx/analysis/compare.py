"""Two or more groups of runs, measure by measure, each against the first."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from regx.analysis.catalogue import MEASURES, Measure, Reference
from regx.analysis.censoring import MOST_CENSORED
from regx.analysis.differences import Difference, config_differences, environment_differences
from regx.analysis.groups import Group
from regx.analysis.inference import Inference, correct, half_width, infer
from regx.analysis.reference import choose_reference

__all__ = ["Cell", "Comparison", "Row", "compare"]

# What the conclusion and the differences figure are about.
_HEADLINES = ("loss_gap", "test_error", "epochs_to_target")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One measure of one group.

    Attributes:
        values: One per run, in the order of the group's seeds; None where a run has no such number.
        mean: Over the seeds; None as soon as one run has no number: the mean of the rest would be biased.
        deviation: Sample standard deviation over the seeds; None for fewer than two.
        half_width: Half the width of the 95 % t-interval of the mean; None for fewer than two.
        missing: Why there is no mean, e.g. `not reached` or `2 of 3 not reached`.
        num_censored: Runs that never reached the target and count with their whole training: at most a
            fifth of them, else there is no mean. The mean is then a lower bound.
    """

    values: tuple[float | None, ...]
    mean: float | None = None
    deviation: float | None = None
    half_width: float | None = None
    missing: str | None = None
    num_censored: int = 0


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measure of all groups.

    Attributes:
        measure: Which.
        cells: One per group.
        inferences: Each group against the first; None for the first and where a mean is missing.
        best: Index of the group with the better mean; None for a tie, or where fewer than two have one.
    """

    measure: Measure
    cells: tuple[Cell, ...]
    inferences: tuple[Inference | None, ...]
    best: int | None

    @property
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
        rows: One per measure, in the order of the catalogue.
    """

    groups: tuple[Group, ...]
    reference: Reference
    target_rule: str
    train_loss_rule: str
    config: tuple[Difference, ...]
    environment: tuple[Difference, ...]
    rows: tuple[Row, ...]

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
        rows=tuple(_row(measure, groups, reference) for measure in MEASURES),
    )


def _row(measure: Measure, groups: Sequence[Group], reference: Reference) -> Row:
    cells = tuple(_cell(measure, group, reference) for group in groups)
    by_seed = [_by_seed(group, cell) for group, cell in zip(groups, cells, strict=True)]
    first, *others = by_seed
    inferences = [infer(first, other, measure.better) if first and other else None for other in others]
    return Row(
        measure=measure,
        cells=cells,
        inferences=(None, *correct(inferences)),
        best=_best(measure, [cell.mean for cell in cells]),
    )


def _cell(measure: Measure, group: Group, reference: Reference) -> Cell:
    values = [measure.value(run, reference) for run in group.runs]
    budgets = [measure.budget(run, reference) for run in group.runs]
    missing = [index for index, value in enumerate(values) if value is None]
    if missing and len(missing) <= MOST_CENSORED * len(values):
        values = [budget if value is None else value for value, budget in zip(values, budgets, strict=True)]
    present = [value for value in values if value is not None]
    if len(present) < len(values):
        why = Counter(measure.why_missing(group.runs[index]) for index in missing)
        reason, count = why.most_common(1)[0]
        text = reason if count == len(values) else f"{count} of {len(values)} {reason}"
        return Cell(values=tuple(measure.value(run, reference) for run in group.runs), missing=text)
    return Cell(
        values=tuple(values),
        mean=statistics.fmean(present),
        deviation=statistics.stdev(present) if len(present) > 1 else None,
        half_width=half_width(present),
        num_censored=len(missing),
    )


def _by_seed(group: Group, cell: Cell) -> dict[int, float]:
    """Give the value of each seed; nothing where one is missing: the rest would be biased."""
    if cell.mean is None:
        return {}
    return {seed: value for seed, value in zip(group.seeds, cell.values, strict=True) if value is not None}


def _best(measure: Measure, means: Sequence[float | None]) -> int | None:
    present = [mean for mean in means if mean is not None]
    if measure.better is None or len(present) < 2:
        return None
    best = min(present) if measure.better == "lower" else max(present)
    return means.index(best) if present.count(best) == 1 else None
