"""What the figure of a claim shows, gathered from its results and from the folders of its runs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Literal

from regx.claims.facts import part_facts
from regx.claims.measuring import MeasureRow, SweepRuns, read_measures
from regx.claims.parts import ClaimPart, parts_of
from regx.claims.registry import Registered
from regx.claims.results import ClaimResult, Lock, PartResult, ResultsFolder
from regx.config import Tier
from regx.config.errors import UsageError
from regx.measures.measure import Line, Measure, Number, Reference, SeedRuns
from regx.measures.registry import find_measure
from regx.runs.sweep import SweepFolder, read_sweep
from regx.runs.table import Run

__all__ = [
    "Background",
    "Curves",
    "Ladder",
    "PartEvidence",
    "Side",
    "TracePanel",
    "Traces",
    "backgrounds",
    "gather",
    "look_behind",
]

MOST_PANELS = 2  # of traces, beside one another


@dataclass(frozen=True, kw_only=True)
class Curves:
    """How the arms learned.

    Attributes:
        runs: Of each arm, one per seed.
        shows: What is shown of the validation images.
    """

    runs: Mapping[str, tuple[Run, ...]]
    shows: frozenset[Literal["error", "loss"]]

    @property
    def labels(self) -> Iterable[str]:
        """Name what is shown."""
        return self.runs

    def joined(self, other: "Background") -> "Curves | None":
        """Show other arms beside these; None where they need a picture of their own."""
        if not isinstance(other, Curves):
            return None
        return Curves(runs={**self.runs, **other.runs}, shows=self.shows | other.shows)


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """What the runs of a grid came to.

    Attributes:
        axis: Dotted path of what the grid varies; several where each arm varies another setting.
        measure: Of each run.
        unit: Of the measure.
        points: Of each arm, by value of the axis, one number per seed; None where a run diverged.
        num_censored: Of each arm, by value of the axis, how many of them only say that it took longer.
    """

    axis: str
    measure: str
    unit: str
    points: Mapping[str, Mapping[float, tuple[float | None, ...]]]
    num_censored: Mapping[str, Mapping[float, int]]

    @property
    def labels(self) -> Iterable[str]:
        """Name what is shown."""
        return self.points

    @property
    def has_diverged(self) -> bool:
        """Whether a run has no number."""
        return any(None in found for by in self.points.values() for found in by.values())

    @property
    def has_censored(self) -> bool:
        """Whether a number only says that it took longer."""
        return any(count for by in self.num_censored.values() for count in by.values())

    def joined(self, other: "Background") -> "Ladder | None":
        """Show other arms beside these; None where they need a picture of their own."""
        if not isinstance(other, Ladder) or (self.axis, self.measure) != (other.axis, other.measure):
            return None
        return replace(
            self,
            points={**self.points, **other.points},
            num_censored={**self.num_censored, **other.num_censored},
        )


@dataclass(frozen=True, kw_only=True)
class TracePanel:
    """A quantity of probes over the course of the runs.

    Attributes:
        unit: Of the quantity.
        x: What it is shown against.
        lines: Of each side, one per seed.
    """

    unit: str
    x: str
    lines: Mapping[str, tuple[Line, ...]]


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What probes found over the course of the runs: up to two quantities.

    Attributes:
        panels: By quantity.
    """

    panels: Mapping[str, TracePanel]

    @property
    def labels(self) -> Iterable[str]:
        """Name what is shown."""
        return dict.fromkeys(label for panel in self.panels.values() for label in panel.lines)

    def joined(self, other: "Background") -> "Traces | None":
        """Show other arms or another quantity beside these; None where they need a picture of their own."""
        if not isinstance(other, Traces) or len(self.panels.keys() | other.panels.keys()) > MOST_PANELS:
            return None
        panels = dict(self.panels)
        for name, panel in other.panels.items():
            lines = {**panels[name].lines, **panel.lines} if name in panels else panel.lines
            if name in panels and any(lines[label] != line for label, line in panels[name].lines.items()):
                return None  # lines of two arms, each named by the same measure
            panels[name] = replace(panel, lines=lines)
        return Traces(panels=panels)


Background = Curves | Ladder | Traces


def backgrounds(parts: Iterable[Iterable[Background]]) -> list[Background]:
    """List what is behind the parts of a claim: arms that are shown alike share a picture."""
    found: list[Background] = []
    for behind in chain.from_iterable(parts):
        for index, earlier in enumerate(found):
            joined = earlier.joined(behind)
            if joined is not None:
                found[index] = joined
                break
        else:
            found.append(behind)
    return sorted(found, key=lambda one: not isinstance(one, Traces))


def look_behind(
    comparison: ClaimPart,
    arms: Sequence[str],
    labels: Sequence[str],
    seeds: Sequence[int],
    runs: SweepRuns,
    reference: Reference,
) -> Iterator[Background]:
    """Yield what the runs of one part looked like; nothing where they have not the grid that it needs.

    Args:
        comparison: The part.
        arms: That it compares.
        labels: Of its sides.
        seeds: Of the runs.
        runs: Where they are.
        reference: What measures may need.

    Raises:
        UsageError: If a file of a run is damaged.
    """
    by_arm = {arm: [runs.confirmed(arm, comparison, seed) for seed in seeds] for arm in dict.fromkeys(arms)}
    try:
        if comparison.measures[0].over == "grid":
            ladders = {arm: [found.by_value() for found in of_arm] for arm, of_arm in by_arm.items()}
        else:
            alone = {arm: [found.only for found in of_arm] for arm, of_arm in by_arm.items()}
    except UsageError:  # the smoke tier may have one cell where others have a grid
        return
    if comparison.measures[0].over == "grid":
        axes = dict.fromkeys(of_arm[0].axes[0] for of_arm in by_arm.values())
        yield _ladder(comparison.measures[0], " or ".join(axes), ladders, reference)
        return
    for label, arm, measure in zip(labels, arms, comparison.measures, strict=True):
        yield from _traces(label, measure, alone[arm])
    is_error = any(word in comparison.measures[0].name for word in ("error", "accuracy", "target"))
    yield Curves(
        runs={arm: tuple(found) for arm, found in alone.items()},
        shows=frozenset({"error" if is_error else "loss"}),
    )


def _traces(label: str, measure: Measure, runs: Sequence[Run]) -> Iterator[Traces]:
    """Yield the lines behind a measure of probes, if it has any."""
    course = measure.course
    if course is None:
        return
    lines = tuple(line for run in runs if run.record.has_learned and (line := course.of(run)))
    if lines:
        panel = TracePanel(unit=course.unit, x=course.x, lines={label: lines})
        yield Traces(panels={course.title: panel})


def _ladder(
    measure: Measure,
    axis: str,
    by_arm: Mapping[str, Sequence[Mapping[float, Run]]],
    reference: Reference,
) -> Ladder:
    each = "final_valid_error" if measure.each == "diverged" else measure.each
    inner = find_measure(each)
    numbers = {arm: _numbers(ladders, inner, reference) for arm, ladders in by_arm.items()}
    return Ladder(
        axis=axis,
        measure=inner.name,
        unit=inner.unit,
        points={
            arm: {at: tuple(one.value if one else None for one in found) for at, found in by_value.items()}
            for arm, by_value in numbers.items()
        },
        num_censored={
            arm: {
                at: sum(one is not None and one.note.startswith("censored") for one in found)
                for at, found in by_value.items()
            }
            for arm, by_value in numbers.items()
        },
    )


def _numbers(
    ladders: Sequence[Mapping[float, Run]], inner: Measure, reference: Reference
) -> dict[float, list[Number | None]]:
    def number(run: Run) -> Number | None:
        """Probes may have seen all that matters of a run that diverged; its errors are those of guessing."""
        if inner.over != "probes" and not run.record.has_learned:
            return None
        return inner.counted(SeedRuns.single(run), reference)

    return {value: [number(ladder[value]) for ladder in ladders] for value in sorted(ladders[0])}


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
        heading: Measure and contrast.
        result: What came of it.
        sides: The numbers that it contrasts.
        unit: Of these numbers.
        behind: What the runs looked like; nothing where their folders are not there.
    """

    heading: str
    result: PartResult
    sides: tuple[Side, ...]
    unit: str
    behind: tuple[Background, ...]


def gather(
    setting: Registered, result: ClaimResult, root: Path, tier: Tier, runs_dir: Path
) -> list[PartEvidence]:
    """Gather the evidence for a claim in one setting.

    Args:
        setting: The claim, or another setting of it.
        result: How the claim was judged.
        root: Folder of the results.
        tier: Of the results.
        runs_dir: Folder of the runs' folders.

    Returns:
        Nothing, where the setting has no result.

    Raises:
        UsageError: If a file of the results is damaged.
    """
    folder = ResultsFolder.named(root, tier, setting.experiment)
    parts = result.parts_in(setting.id)
    if not parts or not folder.measures.is_file():
        return []
    runs = _runs(setting.experiment, tier, runs_dir)
    return list(_parts(setting, parts, folder.read_lock(), read_measures(folder.measures), runs))


def _runs(experiment: str, tier: Tier, runs_dir: Path) -> SweepRuns | None:
    """Find the runs of a sweep; None where one of them is not there."""
    folder = SweepFolder.named(experiment, tier, runs_dir)
    if not folder.record.is_file():
        return None
    runs = SweepRuns(runs_dir=runs_dir, record=read_sweep(folder.path))
    return None if runs.missing() else runs


def _parts(
    item: Registered,
    parts: Sequence[PartResult],
    lock: Lock,
    rows: Sequence[MeasureRow],
    runs: SweepRuns | None,
) -> Iterator[PartEvidence]:
    comparisons = {comparison.part: comparison for comparison in parts_of(item.claim)}
    for part in parts:
        comparison = comparisons[part.part]
        locked = lock.claims[item.id].find(part.part)
        arms = locked.arms
        reference = Reference(target_error=locked.target_error, train_loss=locked.train_loss)
        own = [row for row in rows if (row.claim, row.part) == (item.id, part.part)]
        sides = tuple(_sides(comparison, arms, own))
        labels = [side.label for side in sides]
        yield PartEvidence(
            heading=part_facts(part).heading,
            result=part,
            sides=sides,
            unit=comparison.measures[0].unit,
            behind=tuple(look_behind(comparison, arms, labels, lock.seeds, runs, reference)) if runs else (),
        )


def _sides(comparison: ClaimPart, arms: Sequence[str], rows: Sequence[MeasureRow]) -> Iterator[Side]:
    for arm, measure in zip(arms, comparison.measures, strict=True):
        own = [row for row in rows if (row.arm, row.measure) == (arm, measure.name)]
        yield Side(
            label=arm if len(set(arms)) == len(arms) else measure.name,
            values=tuple(row.value for row in own if row.value is not None and isfinite(row.value)),
            num_censored=sum(row.note.startswith("censored") for row in own),
        )
