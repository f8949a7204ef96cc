"""What the figure of a claim shows, gathered from the files of its results and the folders of its runs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from regx.analysis.catalogue import Reference
from regx.claims.comparison import Comparison, comparisons_of
from regx.claims.measures import find_measure
from regx.claims.measuring import arms_of, locked_part
from regx.claims.registry import Registered, Registry
from regx.claims.results import ClaimResult, Lock, MeasureRow, PartResult, ResultsFolder, read_measures
from regx.claims.run_measures import succeeded
from regx.claims.seed_runs import CellRun
from regx.claims.sweep_runs import SweepRuns
from regx.config import Tier
from regx.config.errors import UsageError
from regx.runs.sweep import SweepFolder, SweepRecord
from regx.runs.table import Run

__all__ = ["Curves", "Ladder", "PartEvidence", "Side", "backgrounds", "gather"]

# What is shown over the axis of a grid where the measure is made of several numbers of each run.
_BEHIND_LADDERS = {"lr_star": "final_valid_loss"}


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
class Curves:
    """How the arms learned.

    Attributes:
        runs: Of each arm, one per seed.
        shows: What is shown of the validation images.
    """

    runs: Mapping[str, tuple[Run, ...]]
    shows: frozenset[Literal["error", "loss"]]

    def joined(self, other: "Curves | Ladder") -> "Curves | None":
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
    """

    axis: str
    measure: str
    unit: str
    points: Mapping[str, Mapping[float, tuple[float | None, ...]]]

    def joined(self, other: "Curves | Ladder") -> "Ladder | None":
        """Show other arms beside these; None where they need a picture of their own."""
        if not isinstance(other, Ladder) or (self.axis, self.measure) != (other.axis, other.measure):
            return None
        return replace(self, points={**self.points, **other.points})


@dataclass(frozen=True, kw_only=True)
class PartEvidence:
    """One part of a claim.

    Attributes:
        setting: Id of the claim or of one of its settings.
        heading: The setting, where there are several; measure and contrast.
        result: What came of it.
        sides: The numbers that it contrasts.
        unit: Of these numbers.
        behind: What the runs looked like; None where their folders are not there.
    """

    setting: str
    heading: str
    result: PartResult
    sides: tuple[Side, ...]
    unit: str
    behind: Curves | Ladder | None


def gather(
    registry: Registry, item: Registered, result: ClaimResult, root: Path, tier: Tier, runs_dir: Path
) -> list[PartEvidence]:
    """Gather the evidence for a claim in all its settings.

    Args:
        registry: All claims.
        item: The claim.
        result: How it was judged.
        root: Folder of the results.
        tier: Of the results.
        runs_dir: Folder of the runs' folders.

    Raises:
        UsageError: If a file of the results is damaged.
    """
    found: list[PartEvidence] = []
    by_setting = {setting.id: setting.parts for setting in result.settings} or {item.id: result.parts}
    for setting in registry.settings_of(item):
        folder = ResultsFolder.named(root, tier, setting.experiment)
        if setting.id not in by_setting or not folder.measures.is_file():
            continue
        runs = _runs(setting.experiment, tier, runs_dir)
        prefix = f"{setting.id}: " if len(by_setting) > 1 else ""
        found += _parts(
            setting,
            by_setting[setting.id],
            Lock.read(folder.lock),
            read_measures(folder.measures),
            runs,
            prefix,
        )
    return found


def backgrounds(parts: Sequence[PartEvidence]) -> list[Curves | Ladder]:
    """List what is behind the parts: arms of one setting that are shown alike share a picture."""
    found: list[tuple[str, Curves | Ladder]] = []
    for part in parts:
        if part.behind is None:
            continue
        for index, (setting, behind) in enumerate(found):
            joined = behind.joined(part.behind) if setting == part.setting else None
            if joined is not None:
                found[index] = (setting, joined)
                break
        else:
            found.append((part.setting, part.behind))
    return [behind for _, behind in found]


def _runs(experiment: str, tier: Tier, runs_dir: Path) -> SweepRuns | None:
    """Find the runs of a sweep; None where one of them is not there."""
    path = SweepFolder.named(experiment, tier, runs_dir).record
    if not path.is_file():
        return None
    runs = SweepRuns(runs_dir=runs_dir, record=SweepRecord.read(path))
    return None if runs.missing() else runs


def _parts(
    item: Registered,
    parts: Sequence[PartResult],
    lock: Lock,
    rows: Sequence[MeasureRow],
    runs: SweepRuns | None,
    prefix: str,
) -> Iterator[PartEvidence]:
    comparisons = {comparison.part: comparison for comparison in comparisons_of(item.claim)}
    for part in parts:
        comparison = comparisons[part.part]
        locked = locked_part(lock.claims[item.id], part.part)
        arms = arms_of(locked)
        reference = Reference(target_error=locked.target_error, train_loss=locked.train_loss)
        own = [row for row in rows if (row.claim, row.part) == (item.id, part.part)]
        yield PartEvidence(
            setting=item.id,
            heading=f"{prefix}{_heading(part, comparison, arms)}",
            result=part,
            sides=tuple(_sides(comparison, arms, own)),
            unit=comparison.measures[0].unit,
            behind=_behind(comparison, arms, lock.seeds, runs, reference) if runs else None,
        )


def _heading(part: PartResult, comparison: Comparison, arms: Sequence[str]) -> str:
    """Name measure and contrast; two measures of one arm stand in its place in the contrast."""
    if len(arms) != 2 or arms[0] != arms[1]:
        return f"{part.measure}, {part.contrast}"
    names = iter(measure.name for measure in comparison.measures)
    contrast = re.sub(rf"\b{re.escape(arms[0])}\b", lambda _: next(names), part.contrast)
    return f"{arms[0]}: {contrast}"


def _sides(comparison: Comparison, arms: Sequence[str], rows: Sequence[MeasureRow]) -> Iterator[Side]:
    for arm, measure in zip(arms, comparison.measures, strict=True):
        own = [row for row in rows if (row.arm, row.measure) == (arm, measure.name)]
        yield Side(
            label=arm if len(set(arms)) == len(arms) else measure.name,
            values=tuple(row.value for row in own if row.value is not None),
            num_censored=sum(row.note.startswith("censored") for row in own),
        )


def _behind(
    comparison: Comparison, arms: Sequence[str], seeds: Sequence[int], runs: SweepRuns, reference: Reference
) -> Curves | Ladder | None:
    measure = comparison.measures[0]
    by_arm = {arm: [runs.confirmed(arm, comparison, seed) for seed in seeds] for arm in dict.fromkeys(arms)}
    try:
        if measure.over != "grid":
            is_error = any(word in measure.name for word in ("error", "accuracy", "target"))
            alone = {arm: tuple(found.only.run for found in of_arm) for arm, of_arm in by_arm.items()}
            return Curves(runs=alone, shows=frozenset({"error" if is_error else "loss"}))
        inner = _inner(measure.name)
        ladders = {arm: [found.by_value() for found in of_arm] for arm, of_arm in by_arm.items()}
        return Ladder(
            axis=" or ".join(dict.fromkeys(of_arm[0].axes[0] for of_arm in by_arm.values())),
            measure=inner,
            unit=find_measure(inner).unit,
            points={arm: _points(of_arm, inner, reference) for arm, of_arm in ladders.items()},
        )
    except UsageError:  # the smoke tier may have one cell where others have a grid
        return None


def _points(
    ladders: Sequence[Mapping[float, CellRun]], inner: str, reference: Reference
) -> dict[float, tuple[float | None, ...]]:
    from regx.claims.probe_measures import PROBE_MEASURES
    from regx.claims.run_measures import RUN_MEASURES

    of = (RUN_MEASURES | PROBE_MEASURES)[inner].of
    return {
        value: tuple(
            of(ladder[value], reference).value if succeeded(ladder[value].run) else None for ladder in ladders
        )
        for value in sorted(ladders[0])
    }


def _inner(name: str) -> str:
    """Name the measure of each run that a measure over the grid is made of."""
    if "(" not in name:
        return _BEHIND_LADDERS.get(name, "final_valid_error")
    inner = name.partition("(")[2].rstrip(")").strip()
    return "final_valid_error" if inner == "diverged" else inner
