"""What the figure of a claim shows, gathered from the files of its results and the folders of its runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from regx.analysis.arms import read_sweep
from regx.claims.comparison import Comparison, comparisons_of
from regx.claims.measure_rows import MeasureRow, read_measures
from regx.claims.measuring import arms_of, locked_part
from regx.claims.registry import Registered
from regx.claims.results import ClaimResult, Lock, PartResult, ResultsFolder
from regx.claims.sweep_runs import SweepRuns
from regx.config import Tier
from regx.measures.measure import Reference
from regx.report.claim_behind import Background, look_behind
from regx.report.claim_prose import heading_of
from regx.runs.sweep import SweepFolder

__all__ = ["PartEvidence", "Side", "gather"]


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
    comparisons = {comparison.part: comparison for comparison in comparisons_of(item.claim)}
    for part in parts:
        comparison = comparisons[part.part]
        locked = locked_part(lock.claims[item.id], part.part)
        arms = arms_of(locked)
        reference = Reference(target_error=locked.target_error, train_loss=locked.train_loss)
        own = [row for row in rows if (row.claim, row.part) == (item.id, part.part)]
        sides = tuple(_sides(comparison, arms, own))
        labels = [side.label for side in sides]
        yield PartEvidence(
            heading=heading_of(part),
            result=part,
            sides=sides,
            unit=comparison.measures[0].unit,
            behind=tuple(look_behind(comparison, arms, labels, lock.seeds, runs, reference)) if runs else (),
        )


def _sides(comparison: Comparison, arms: Sequence[str], rows: Sequence[MeasureRow]) -> Iterator[Side]:
    for arm, measure in zip(arms, comparison.measures, strict=True):
        own = [row for row in rows if (row.arm, row.measure) == (arm, measure.name)]
        yield Side(
            label=arm if len(set(arms)) == len(arms) else measure.name,
            values=tuple(row.value for row in own if row.value is not None and isfinite(row.value)),
            num_censored=sum(row.note.startswith("censored") for row in own),
        )
