"""What a measure of a claim looks at: the runs of one arm under one seed, and the number that it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from regx.analysis.catalogue import Reference
from regx.config.errors import UsageError
from regx.config.os_errors import explain
from regx.runs.folder import RunFolder
from regx.runs.probes import ProbeValue, read_values
from regx.runs.table import Run

__all__ = ["Better", "CellRun", "ClaimMeasure", "Number", "RunMeasure", "SeedRuns"]

Better = Literal["lower", "higher"] | None


@dataclass(frozen=True, kw_only=True)
class Number:
    """What a measure answers.

    Attributes:
        value: In the measure's unit; None where there is no such number.
        note: Why there is none, or what is special about it: `censored`, `counted as chance`.
    """

    value: float | None
    note: str = ""


@dataclass(frozen=True)
class CellRun:
    """One run, in its cell of the grid.

    Attributes:
        cell: Values of the grid's axes, by dotted path.
        run: All that is written about it.
    """

    cell: Mapping[str, Any]
    run: Run

    @cached_property
    def probed(self) -> tuple[ProbeValue, ...]:
        """What its probes found.

        Raises:
            UsageError: If probes.csv is missing or damaged.
        """
        path = RunFolder(self.run.path).probes
        try:
            return tuple(read_values(path))
        except FileNotFoundError:
            raise UsageError(
                f"{path}: no such file; the measure needs a probe: name it in `probes`"
            ) from None
        except (OSError, ValueError) as error:
            raise UsageError(explain(error)) from None


@dataclass(frozen=True, kw_only=True)
class SeedRuns:
    """The runs of one arm under one seed.

    Attributes:
        arm: Its name.
        runs: One for each cell of its grid that is looked at; a single one without a grid.
        reference: The cell that others are compared with, where there is one.
    """

    arm: str
    runs: tuple[CellRun, ...]
    reference: Mapping[str, Any]

    @property
    def only(self) -> CellRun:
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
        return self.runs[0]

    @property
    def axes(self) -> tuple[str, ...]:
        """Axes of the grid that have more than one value here."""
        paths = dict.fromkeys(path for item in self.runs for path in item.cell)
        return tuple(path for path in paths if len({str(item.cell.get(path)) for item in self.runs}) > 1)

    def by_value(self) -> dict[float, CellRun]:
        """Return the runs by the value of the one axis that varies.

        Raises:
            UsageError: If there is no such axis or another one, or its values are no numbers.
        """
        if len(self.axes) != 1:
            found = ", ".join(self.axes) or "none"
            raise UsageError(f"{self.arm}: needs one axis of the grid that varies (found: {found})")
        [axis] = self.axes
        values = [item.cell[axis] for item in self.runs]
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            raise UsageError(f"{self.arm}: {axis} has values that are no numbers")
        return {float(item.cell[axis]): item for item in self.runs}


@dataclass(frozen=True, kw_only=True)
class RunMeasure:
    """A number of one run.

    Attributes:
        name: As claims have it.
        unit: Of its numbers; fractions are shown as per cent.
        better: Which direction is better; None where neither is.
        meaning: In a sentence.
        of: Computes it.
        reads_test: Whether it looks at test images: it may then choose nothing.
        needs: Key of the claim that it needs: `target`, `train_loss`, or nothing.
        is_time: Whether it may be censored: the budget then stands for it.
    """

    name: str
    unit: str
    better: Better
    meaning: str
    of: Callable[[CellRun, Reference], Number]
    reads_test: bool = False
    needs: Literal["target", "train_loss", ""] = ""
    is_time: bool = False


@dataclass(frozen=True, kw_only=True)
class ClaimMeasure:
    """A number of one arm under one seed: what a claim is judged by.

    Attributes:
        name: As the claim has it, e.g. `loss_gap` or `range(final_valid_accuracy)`.
        unit: Of its numbers.
        better: Which direction is better; None where neither is.
        over: What it takes: one run, a grid of runs, or what probes found in a run.
        of: Computes it.
        reads_test: As of a run's measure.
        needs: Likewise.
        is_time: Likewise.
    """

    name: str
    unit: str
    better: Better
    over: Literal["run", "grid", "probes"]
    of: Callable[[SeedRuns, Reference], Number]
    reads_test: bool = False
    needs: Literal["target", "train_loss", ""] = ""
    is_time: bool = False

    @classmethod
    def of_run(cls, measure: RunMeasure, over: Literal["run", "probes"] = "run") -> "ClaimMeasure":
        """Measure the only run of an arm under a seed."""
        return cls(
            name=measure.name,
            unit=measure.unit,
            better=measure.better,
            over=over,
            of=lambda runs, reference: measure.of(runs.only, reference),
            reads_test=measure.reads_test,
            needs=measure.needs,
            is_time=measure.is_time,
        )
