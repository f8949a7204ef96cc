"""A measure: one number from the runs of one arm under one seed, with everything about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from regx.config.errors import UsageError
from regx.measures.ladder import LADDER_START
from regx.runs.load import Run

__all__ = ["Better", "CellRun", "Course", "Line", "Measure", "Need", "Number", "Reference", "SeedRuns"]

Better = Literal["lower", "higher"] | None
Need = Literal["target", "train_loss", ""]
Line = Mapping[float, float]  # what one run came to at each x


@dataclass(frozen=True, kw_only=True)
class Number:
    """The result of a measure.

    Attributes:
        value: In the measure's unit; None where there is no such number.
        note: Why there is none, or what is special about it: `censored`, `counted as chance`.
    """

    value: float | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What runs are measured against.

    Attributes:
        target_error: Validation error for times to a target, as a fraction; None where there is no target.
        train_loss: Training loss to compare at, or to reach, in nats; None without one.
        first_rate: The smallest learning rate of a ladder that has to work.
    """

    target_error: float | None = None
    train_loss: float | None = None
    first_rate: float = LADDER_START

    def has(self, need: Need) -> bool:
        """Whether it has what a measure needs."""
        wanted = {"target": self.target_error, "train_loss": self.train_loss}
        return not need or wanted[need] is not None


@dataclass(frozen=True)
class CellRun:
    """One run, in its cell of the grid.

    Attributes:
        cell: Values of the grid's axes, by dotted path.
        run: All that is written about it.
    """

    cell: Mapping[str, Any]
    run: Run


@dataclass(frozen=True, kw_only=True)
class SeedRuns:
    """The runs of one arm under one seed.

    Attributes:
        arm: Its name.
        runs: One for each cell of its grid that is looked at; a single one without a grid.
        reference: The cell that others are compared with, where there is one.
        axis: Dotted path of what the grid varies; empty to find it.
    """

    arm: str
    runs: tuple[CellRun, ...]
    reference: Mapping[str, Any]
    axis: str = ""

    @classmethod
    def single(cls, run: Run) -> "SeedRuns":
        """Take a run by itself."""
        return cls(arm="", runs=(CellRun({}, run),), reference={})

    @property
    def only(self) -> Run:
        """The run, where there is just one.

        Raises:
            UsageError: If there are several.
        """
        if len(self.runs) != 1:
            axes = ", ".join(self.axes)
            raise UsageError(
                f"{self.arm}: has {len(self.runs)} cells ({axes}); choose one with `cells`, "
                "or measure over the grid: optimum(...), range(...), drop(...)"
            )
        return self.runs[0].run

    @property
    def axes(self) -> tuple[str, ...]:
        """Axes of the grid that have more than one value here."""
        paths = dict.fromkeys(path for item in self.runs for path in item.cell)
        return tuple(path for path in paths if len({str(item.cell.get(path)) for item in self.runs}) > 1)

    def by_value(self) -> dict[float, Run]:
        """Return the runs by the value of the one axis that varies.

        Raises:
            UsageError: If there is no such axis or another one, or its values are no numbers.
        """
        axes = (self.axis,) if self.axis else self.axes
        if len(axes) != 1:
            found = ", ".join(axes) or "none"
            raise UsageError(f"{self.arm}: needs one axis of the grid that varies (found: {found})")
        [axis] = axes
        values = [item.cell[axis] for item in self.runs]
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            raise UsageError(f"{self.arm}: {axis} has values that are no numbers")
        return {float(item.cell[axis]): item.run for item in self.runs}


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a number of a probe came about, for figures: a line for each run.

    Attributes:
        title: The quantity.
        unit: Of it.
        x: What it is shown against.
        of: Its line in one run; empty where that has too few points.
    """

    title: str
    unit: str
    x: str
    of: Callable[[Run], Line]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number of the runs of one arm under one seed.

    Tuning chooses by it, claims are judged by it, and `regx compare` shows it.

    Attributes:
        name: In files, CSV and JSON, e.g. `loss_gap` or `range(final_valid_accuracy)`.
        unit: Of its numbers; fractions are shown as per cent.
        better: Which direction is better; None where neither is.
        meaning: In a sentence.
        of: Computes it from the runs as they are; see `number` and `counted`.
        over: What it takes: one run, what probes found in one run, or a grid of runs.
        needs: What it needs of the reference; a claim gives it by the key of that name.
        reads_test: Whether it looks at test images: it may then choose nothing.
        tune_rank: Its place among the measures that `tune.by` offers, from 1; 0: not one of them. Only one
            that looks at validation images, has a direction, and is the same on every machine may be.
        section: Block of the tables of `regx compare` that it stands in; empty: in none.
        label: In these tables; up to a comma, also in sentences.
        verbs: What a group does whose number is lower, and one whose number is higher: `overfits less`.
        formula: In docs/compare.md, where that says more than the meaning.
        missing: Why a finished run may have none.
        at_the_end: Whether it exists for finished runs only.
        chance: What a run that did not learn counts as in a claim: its network guesses.
        budget: Of times: that of the whole run, for one that is only known to be longer.
        on_grid: Whether it is one of the values that a grid tries, not one between them.
        each: Over a grid: name of the measure of each run that figures show.
        course: What probes found on the way to it.
    """

    name: str
    unit: str
    better: Better
    meaning: str
    of: Callable[[SeedRuns, Reference], Number]
    over: Literal["run", "probes", "grid"] = "run"
    needs: Need = ""
    reads_test: bool = False
    tune_rank: int = 0
    section: str = ""
    label: str = ""
    verbs: tuple[str, str] | None = None
    formula: str = ""
    missing: str = "not measured"
    at_the_end: bool = False
    chance: Callable[[Run], float] | None = None
    budget: Callable[[Run], float | None] | None = None
    on_grid: bool = False
    each: str = "final_valid_error"
    course: Course | None = None

    @property
    def noun(self) -> str:
        """Its name in sentences."""
        return self.label.partition(",")[0]

    def number(self, runs: SeedRuns, reference: Reference) -> Number:
        """Measure runs as they are. If there is no number, the note says why.

        Raises:
            UsageError: If the runs are not those of one cell, or of one axis of a grid, as `over` has it, or
                probes.csv is missing or damaged.
        """
        if self.over == "grid":
            return self.of(runs, reference)
        status = str(runs.only.record.status)
        if self.at_the_end and status != "done":
            return Number(value=None, note=status)
        found = self.of(runs, reference) if reference.has(self.needs) else Number(value=None)
        if found.value is not None or found.note:
            return found
        return Number(value=None, note=self.missing if status == "done" else status)

    def counted(self, runs: SeedRuns, reference: Reference) -> Number:
        """Measure runs as a claim counts them: runs that diverged or took too long are not left out.

        A run that did not learn counts like guessing. A time that was not reached counts as the length of the
        run.

        Raises:
            UsageError: As of `number`.
        """
        if self.over == "grid":
            return self.of(runs, reference)
        run = runs.only
        if self.chance is not None and not run.record.has_learned:
            return Number(value=self.chance(run), note=f"{run.record.ending}: counted as chance")
        found = self.number(runs, reference)
        if found.value is not None or self.budget is None or not reference.has(self.needs):
            return found
        longest = self.budget(run)
        note = "censored" if run.record.has_learned else f"censored: {run.record.ending}"
        return Number(value=None if longest is None else float(longest), note=note)
