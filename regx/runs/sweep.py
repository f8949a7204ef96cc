"""sweep.json: which runs answer an experiment, arm by arm, and how the arms were tuned.

How far each run has come stands in its own folder and nowhere else.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from regx.config.errors import UsageError
from regx.reading import explain
from regx.runs.record import Frozen, RecordFile

__all__ = [
    "SWEEP_NAME",
    "ArmRecord",
    "Stage",
    "SweepFolder",
    "SweepRecord",
    "SweepRun",
    "Tuned",
    "is_sweep_folder",
    "read_sweep",
]

SWEEP_NAME = "sweep.json"
Stage = Literal["tune", "confirm"]  # a trial of the tuning, or a run to compare


class Tuned(Frozen):
    """The values that tuning chose for an arm, or for one cell of its grid."""

    cell: dict[str, Any] = Field(description="The cell of the grid; empty where the arm was tuned once.")
    settings: dict[str, Any] = Field(description="The chosen values, by dotted path.")
    score: float | None = Field(
        description="Mean over the tuning seeds; null where none of its points has one."
    )
    at_edge: tuple[str, ...] = Field(description="Axes on whose edge the choice still lies.")


class ArmRecord(Frozen):
    """One arm."""

    name: str
    settings: dict[str, Any] = Field(description="What the experiment sets for this arm, by dotted path.")
    num_trials: int = Field(default=0, description="Points tried while tuning it, each on all tuning seeds.")
    tuned: tuple[Tuned, ...] = ()


class SweepRun(Frozen):
    """One run of a sweep."""

    stage: Stage
    arm: str
    cell: dict[str, Any] = Field(description="Its cell of the grid, by dotted path; empty without a grid.")
    tuned: dict[str, Any] = Field(description="The values that were tuned, or are on trial.")
    seed: int
    folder: str = Field(description="Name of the run's folder, which stands beside the sweep's.")


class SweepRecord(RecordFile):
    """The content of sweep.json."""

    indent = 1
    name: str
    question: str
    tier: str
    digest: str = Field(description="sha256 of the resolved experiment.")
    regx: str
    seeds: tuple[int, ...]
    tune_by: str | None = Field(default=None, description="Measure that chose the tuned values.")
    arms: tuple[ArmRecord, ...]
    runs: tuple[SweepRun, ...] = Field(description="Tuning runs first; those to compare have stage confirm.")

    def arm(self, name: str) -> ArmRecord:
        """Return one arm.

        Raises:
            KeyError: If there is none of this name.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise KeyError(name)


@dataclass(frozen=True)
class SweepFolder:
    """`runs/<experiment>/`: the files of a sweep; its runs lie beside it, so that sweeps can share them."""

    path: Path

    @classmethod
    def named(cls, name: str, tier: str, runs_dir: Path) -> "SweepFolder":
        """Name the folder of an experiment at a tier; the tier that the file describes needs no suffix."""
        return cls(runs_dir / (name if tier == "cpu" else f"{name}-{tier}"))

    @property
    def record(self) -> Path:
        """Arms, tuned values, runs."""
        return self.path / SWEEP_NAME

    @property
    def earlier_records(self) -> list[Path]:
        """The records of earlier versions of the experiment, which a sweep put aside."""
        return sorted(self.path.glob("sweep-*.json"))

    @property
    def table(self) -> Path:
        """One row per run, with its final metrics."""
        return self.path / "runs.csv"

    @property
    def runs_dir(self) -> Path:
        """Where the runs lie."""
        return self.path.parent


def is_sweep_folder(path: Path) -> bool:
    """Whether `path` is the folder of a sweep."""
    return (path / SWEEP_NAME).exists()


def read_sweep(path: Path) -> SweepRecord:
    """Read the record of a sweep.

    Raises:
        UsageError: If it is damaged, of another format or of another sweep, or cannot be read.
    """
    folder = SweepFolder(path)
    try:
        record = SweepRecord.read(folder.record)
    except ValueError as error:
        raise UsageError(f"{error}; `regx sweep` of its experiment writes it again") from None
    except OSError as error:
        raise UsageError(explain(error)) from None
    own = SweepFolder.named(record.name, record.tier, path.parent).path.name
    if path.absolute().name != own:
        raise UsageError(
            f"{folder.record}: is of the sweep {own}; `regx sweep` of the right one writes it again"
        )
    return record
