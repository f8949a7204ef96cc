"""What is behind the numbers of a claim, gathered from the folders of its runs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from regx.claims.comparison import Comparison
from regx.claims.sweep_runs import SweepRuns
from regx.config.errors import UsageError
from regx.measures.measure import Line, Measure, Number, Reference, SeedRuns
from regx.measures.registry import find_measure
from regx.runs.table import Run

__all__ = ["Background", "Curves", "Ladder", "TracePanel", "Traces", "backgrounds", "look_behind"]

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
    comparison: Comparison,
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
