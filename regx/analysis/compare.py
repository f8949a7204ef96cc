"""Two or more groups of runs, measure by measure, each against the first."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from regx.analysis.catalogue import MEASURES, Measure, Reference
from regx.analysis.differences import Difference, config_differences, environment_differences
from regx.analysis.groups import Group
from regx.analysis.reference import choose_reference

__all__ = ["Cell", "Comparison", "Row", "compare"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One measure of one group.

    Attributes:
        values: One per run, in the order of the group's seeds; None where a run has no such number.
        mean: Over the seeds; None as soon as one run has no number: the mean of the rest would be biased.
        deviation: Sample standard deviation over the seeds; None for fewer than two.
        missing: Why there is no mean, e.g. `not reached` or `2 of 3 not reached`.
    """

    values: tuple[float | None, ...]
    mean: float | None
    deviation: float | None
    missing: str | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measure of all groups.

    Attributes:
        measure: Which.
        cells: One per group.
        differences: Each group's mean minus the first one's; None for the first and where a mean is missing.
        best: Index of the group with the better mean; None for a tie, or where fewer than two have one.
    """

    measure: Measure
    cells: tuple[Cell, ...]
    differences: tuple[float | None, ...]
    best: int | None


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


def compare(groups: Sequence[Group], *, target_error: float | None = None) -> Comparison:
    """Measure every group and set the others against the first.

    Args:
        groups: Two or more.
        target_error: Validation error for time to target, as a fraction; None to choose it by rule.

    Returns:
        Means and spread over seeds. Whether a difference is more than chance is not judged here.
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
    means = [cell.mean for cell in cells]
    first = means[0]
    differences = [None if mean is None or first is None else mean - first for mean in means[1:]]
    return Row(measure=measure, cells=cells, differences=(None, *differences), best=_best(measure, means))


def _cell(measure: Measure, group: Group, reference: Reference) -> Cell:
    values = tuple(measure.value(run, reference) for run in group.runs)
    present = [value for value in values if value is not None]
    if len(present) == len(values):
        deviation = statistics.stdev(present) if len(present) > 1 else None
        return Cell(values=values, mean=statistics.fmean(present), deviation=deviation, missing=None)
    reasons = [
        measure.why_missing(run) for run, value in zip(group.runs, values, strict=True) if value is None
    ]
    reason, count = Counter(reasons).most_common(1)[0]
    missing = reason if count == len(values) else f"{count} of {len(values)} {reason}"
    return Cell(values=values, mean=None, deviation=None, missing=missing)


def _best(measure: Measure, means: Sequence[float | None]) -> int | None:
    present = [mean for mean in means if mean is not None]
    if measure.better is None or len(present) < 2:
        return None
    best = min(present) if measure.better == "lower" else max(present)
    return means.index(best) if present.count(best) == 1 else None
