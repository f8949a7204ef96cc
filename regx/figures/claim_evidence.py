"""What the figure of a claim shows, gathered from its results and from the folders of its runs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

from regx.claims.measuring import MeasureRow, SweepRuns, read_measures
from regx.claims.parts import ClaimPart, parts_of
from regx.claims.registry import Registered
from regx.claims.results import ClaimResult, LockedPart, PartResult, ResultsFolder
from regx.config import Tier
from regx.config.errors import UsageError
from regx.figures import marks, theme
from regx.figures.grid import GridLine
from regx.measures.measure import Course, Measure, Reference, SeedRuns
from regx.measures.registry import find_measure
from regx.runs.load import Run
from regx.runs.metrics import EpochMetrics
from regx.runs.sweep import SweepFolder, read_sweep

__all__ = ["GridPanel", "Panel", "PanelRow", "PartEvidence", "RunPanels", "Side", "gather"]

LOSS, ERROR, VALID_LOSS = "Training loss (nats)", "Validation error (%)", "Validation loss (nats)"
CURVES: dict[str, Callable[[EpochMetrics], float]] = {
    LOSS: lambda row: row.train_loss,
    ERROR: lambda row: 100 * row.valid_error,
    VALID_LOSS: lambda row: row.valid_loss,
}


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a contrast: a number for each seed.

    Attributes:
        label: The arm, or the measure where both sides are the same arm.
        values: In the order of the seeds, those without a number left out.
        num_censored: How many of them only say that it took longer.
    """

    label: str
    values: tuple[float, ...]
    num_censored: int


@dataclass(frozen=True, kw_only=True)
class PartEvidence:
    """One part of a claim.

    Attributes:
        result: What came of it.
        sides: The numbers that it contrasts.
        unit: Of these numbers.
    """

    result: PartResult
    sides: tuple[Side, ...]
    unit: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A quantity over the course of the runs.

    Attributes:
        title: The quantity, with the unit of what is drawn.
        x: What it is shown against.
        lines: Of each arm, one per seed.
    """

    title: str
    x: str
    lines: dict[str, tuple[marks.Points, ...]]


@dataclass(frozen=True, kw_only=True)
class GridPanel:
    """What each run of a grid came to.

    Attributes:
        title: The measure, with the unit of what is drawn.
        axis: Dotted path of what the grid varies; several where each arm varies another setting.
        lines: Of each arm.
    """

    title: str
    axis: str
    lines: dict[str, GridLine]


PanelRow = Sequence[Panel | GridPanel]  # what stands beside one another


@dataclass
class RunPanels:
    """What the runs of a claim looked like; arms of several parts that are shown alike share a panel.

    Attributes:
        courses: What probes found on the way to a measure.
        learned: The runs of each arm that have losses and errors to show.
        curves: Which of these are shown.
        grids: What the runs of grids came to.
    """

    courses: list[Panel] = field(default_factory=list)
    learned: dict[str, list[Run]] = field(default_factory=dict)
    curves: set[str] = field(default_factory=set)
    grids: dict[tuple[str, str], GridPanel] = field(default_factory=dict)

    def add_part(
        self,
        part: ClaimPart,
        locked: LockedPart,
        labels: Sequence[str],
        seeds: Sequence[int],
        runs: SweepRuns,
    ) -> None:
        """Add the runs of one part; nothing where they have not the grid that it needs.

        Args:
            part: What it compares.
            locked: What was fixed for it.
            labels: Of its sides.
            seeds: Of the runs.
            runs: Where they are.

        Raises:
            UsageError: If a file of a run is damaged.
        """
        arms, measures = locked.arms, part.measures
        by_arm = {arm: [runs.confirmed(arm, part, seed) for seed in seeds] for arm in arms}
        over_grid = measures[0].over == "grid"
        try:
            grids = {arm: [one.by_value() for one in found] for arm, found in by_arm.items() if over_grid}
            alone = {arm: [one.only for one in found] for arm, found in by_arm.items() if not over_grid}
        except UsageError:  # the smoke tier may have one cell where others have a grid
            return
        if over_grid:
            reference = Reference(target_error=locked.target_error, train_loss=locked.train_loss)
            axes = dict.fromkeys(found[0].axes[0] for found in by_arm.values())
            self._add_grid(measures[0], " or ".join(axes), grids, reference)
            return
        for label, arm, measure in zip(labels, arms, measures, strict=True):
            if measure.course is not None:
                self.add_course(measure.course, label, alone[arm])
        is_error = any(word in measures[0].name for word in ("error", "accuracy", "target"))
        self.curves |= {LOSS, ERROR if is_error else VALID_LOSS}
        self.learned |= alone

    def add_course(self, course: Course, label: str, runs: Sequence[Run]) -> None:
        """Add what probes found, as far as all runs of one side that have learned have a value."""
        found = [line for run in runs if run.record.has_learned and (line := course.of(run))]
        if not found:
            return
        factor, unit = theme.scaled(course.unit)
        shared = [x for x in sorted(found[0]) if all(x in line for line in found)]
        lines = tuple([(x, factor * line[x]) for x in shared] for line in found)
        title = theme.with_unit(course.title, unit)
        for panel in self.courses:
            if panel.title == title and panel.lines.get(label, lines) == lines:
                panel.lines[label] = lines
                return
        self.courses.append(Panel(title=title, x=course.x, lines={label: lines}))

    def _add_grid(
        self, measure: Measure, axis: str, by_arm: Mapping[str, list[dict[float, Run]]], reference: Reference
    ) -> None:
        """Add what each run of a grid came to: the measure that one over the grid is made of."""
        each = find_measure("final_valid_error" if measure.each == "diverged" else measure.each)
        factor, unit = theme.scaled(each.unit)
        title = f"{theme.with_unit(each.name, unit)}, each run of the grid"
        lines = {arm: _grid_line(each, seeds, reference, factor) for arm, seeds in by_arm.items()}
        panel = self.grids.setdefault((title, axis), GridPanel(title=title, axis=axis, lines={}))
        panel.lines.update(lines)

    def rows(self) -> list[PanelRow]:
        """List what stands beside one another: two courses, up to three curves, or one grid."""
        courses: list[PanelRow] = [self.courses[at : at + 2] for at in range(0, len(self.courses), 2)]
        begun = {arm: [run.rows for run in runs if run.rows] for arm, runs in self.learned.items()}
        arms = {arm: seeds for arm, seeds in begun.items() if seeds}
        curves = [_curve_panel(title, arms) for title in CURVES if title in self.curves and arms]
        return [*courses, *([curves] if curves else []), *([grid] for grid in self.grids.values())]


def gather(
    setting: Registered, judged: ClaimResult, root: Path, tier: Tier, runs_dir: Path
) -> tuple[list[PartEvidence], list[PanelRow]]:
    """Gather the evidence for a claim in one setting.

    Args:
        setting: The claim, or another setting of it.
        judged: What came of the claim.
        root: Folder of the results.
        tier: Of the results.
        runs_dir: Folder of the runs' folders.

    Returns:
        What there is for each part, nothing without a result, and what the runs looked like, nothing without
        their folders.

    Raises:
        UsageError: If a file of the results or of a run is damaged.
    """
    folder = ResultsFolder.named(root, tier, setting.experiment)
    results = judged.parts_in(setting.id)
    if not results or not folder.measures.is_file():
        return [], []
    lock, rows = folder.read_lock(), read_measures(folder.measures)
    runs = _find_runs(setting.experiment, tier, runs_dir)
    by_name = {part.part: part for part in parts_of(setting.claim)}
    evidence, panels = [], RunPanels()
    for result in results:
        part, locked = by_name[result.part], lock.claims[setting.id].find(result.part)
        own = [row for row in rows if (row.claim, row.part) == (setting.id, result.part)]
        sides = tuple(_sides(part, locked.arms, own))
        evidence.append(PartEvidence(result=result, sides=sides, unit=part.measures[0].unit))
        if runs is not None:
            panels.add_part(part, locked, [side.label for side in sides], lock.seeds, runs)
    return evidence, panels.rows()


def _find_runs(experiment: str, tier: Tier, runs_dir: Path) -> SweepRuns | None:
    """Find the runs of a sweep; None where one of them is not there."""
    folder = SweepFolder.named(experiment, tier, runs_dir)
    if not folder.record.is_file():
        return None
    runs = SweepRuns(runs_dir=runs_dir, record=read_sweep(folder.path))
    return None if runs.missing() else runs


def _sides(part: ClaimPart, arms: Sequence[str], rows: Sequence[MeasureRow]) -> Iterator[Side]:
    for arm, measure in zip(arms, part.measures, strict=True):
        own = [row for row in rows if (row.arm, row.measure) == (arm, measure.name)]
        yield Side(
            label=arm if len(set(arms)) == len(arms) else measure.name,
            values=tuple(row.value for row in own if row.value is not None and isfinite(row.value)),
            num_censored=sum(row.note.startswith("censored") for row in own),
        )


def _curve_panel(title: str, arms: Mapping[str, Sequence[Sequence[EpochMetrics]]]) -> Panel:
    value = CURVES[title]
    panel = Panel(title=title, x=theme.EPOCHS, lines={})
    for arm, seeds in arms.items():
        panel.lines[arm] = tuple([(row.epoch, value(row)) for row in rows] for rows in seeds)
    return panel


def _grid_line(
    measure: Measure, seeds: Sequence[Mapping[float, Run]], reference: Reference, factor: float
) -> GridLine:
    """Measure every run of an arm; there is no number for one that diverged."""
    numbers: dict[float, list[float | None]] = {}
    num_censored = {}
    for value in sorted(seeds[0]):
        # Probes may have seen all that matters of a run that diverged; its errors are those of guessing.
        found = [
            measure.counted(SeedRuns.single(by_value[value]), reference)
            for by_value in seeds
            if measure.over == "probes" or by_value[value].record.has_learned
        ]
        missing = [None] * (len(seeds) - len(found))
        numbers[value] = [*(None if one.value is None else factor * one.value for one in found), *missing]
        num_censored[value] = sum(one.note.startswith("censored") for one in found)
    return GridLine(numbers=numbers, num_censored=num_censored)
