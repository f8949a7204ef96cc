"""From measures.csv to the evidence for one claim: its comparisons, seed by seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from statistics import fmean
from typing import Any

from regx.claims.measuring import MeasureRow
from regx.claims.parts import ClaimPart, parts_of
from regx.claims.registry import Registered
from regx.claims.results import Lock, LockedPart, PartResult, SettingResult
from regx.config.sections.claim import IF_CENSORED
from regx.measures.ladder import grid_floor
from regx.stats.inference import MOST_CENSORED
from regx.stats.tests import PairedSummary, summarize
from regx.stats.verdict import Evidence, all_of, always, at_least, not_worse_than, within

__all__ = ["judge_setting"]

_RULES = {"smallest_effect": at_least, "not_worse_than": not_worse_than, "within": within}


def judge_setting(
    setting: Registered, lock: Lock, rows: Sequence[MeasureRow]
) -> tuple[Evidence, SettingResult]:
    """Judge a claim in one setting, before any correction for its family.

    Where more than a fifth of the seeds of an arm ran out of budget, a time says too little: the comparison
    that the claim has in reserve takes the place of its first part.

    Args:
        setting: The claim, or a setting that is part of it.
        lock: What was fixed on the tuning seeds.
        rows: Of measures.csv.

    Returns:
        The evidence of all its parts together, and everything that is stored of it.
    """
    own = [row for row in rows if row.claim == setting.id]
    compared = {
        item.part: _Compared(item, lock.claims[setting.id].find(item.part), lock.seeds, own)
        for item in parts_of(setting.claim)
    }
    names = [str(number) for number in range(1, len(setting.claim.parts) + 1)]
    if IF_CENSORED in compared and compared["1"].is_censored:
        names[0] = IF_CENSORED
    found = [evidence for name in names if (evidence := compared[name].evidence) is not None]
    evidence = found[0] if len(found) == 1 else all_of(found)
    result = SettingResult(
        id=setting.id,
        experiment=setting.experiment,
        holds=evidence.favours,
        p=evidence.p,
        parts=tuple(compared[name].result for name in names),
        beside=tuple(one.result for name, one in compared.items() if name.startswith("beside")),
    )
    return evidence, result


@dataclass(frozen=True)
class _Compared:
    """One comparison with its numbers.

    Attributes:
        item: What is compared.
        locked: Its arms and its amount, as they were fixed.
        seeds: To compare.
        rows: Of the claim.
    """

    item: ClaimPart
    locked: LockedPart
    seeds: Sequence[int]
    rows: Sequence[MeasureRow]

    @property
    def measure(self) -> str:
        """What is measured; two names where the sides are measured differently."""
        names = self.item.config.measure
        return names if isinstance(names, str) else ", ".join(names)

    @cached_property
    def sides(self) -> tuple[tuple[MeasureRow, ...], ...]:
        """The rows of each side, in the order of the seeds; what is not there has no value."""
        sides = []
        for arm, measure in zip(self.locked.arms, self.item.measures, strict=True):
            key = (self.item.part, measure.name, arm)
            there = {row.seed: row for row in self.rows if (row.part, row.measure, row.arm) == key}
            sides.append(
                tuple(
                    there.get(seed) or MeasureRow("", *key, seed, value=None, note="absent")
                    for seed in self.seeds
                )
            )
        return tuple(sides)

    @cached_property
    def differences(self) -> dict[int, float]:
        """The contrast of each seed that has a number on each side."""
        found = {}
        for seed, *rows in zip(self.seeds, *self.sides, strict=True):
            values = [row.value for row in rows if row.value is not None]
            difference = self.item.contrast.of(*values) if len(values) == len(rows) else None
            if difference is not None and isfinite(difference):
                found[seed] = difference
        return found

    @property
    def notes(self) -> tuple[str, ...]:
        """What is special about some numbers, arm by arm.

        A time that is only known to be longer counts as the budget. On the first side of the contrast this
        works against the claim, on the second side for it.
        """
        found: list[str] = []
        for side, (arm, rows) in enumerate(zip(self.locked.arms, self.sides, strict=True)):
            for note in dict.fromkeys(row.note for row in rows if row.note):
                seeds = sum(row.note == note for row in rows)
                flatters = "; flatters the claim" * (side == 1 and note.startswith("censored"))
                found.append(f"{arm}: {note} ({seeds} of {len(rows)} seeds{flatters})")
        return tuple(found)

    @property
    def is_censored(self) -> bool:
        """Whether more than a fifth of the seeds of an arm never reached the target."""
        shares = (sum(row.note.startswith("censored") for row in rows) / len(rows) for rows in self.sides)
        return any(share > MOST_CENSORED for share in shares)

    @property
    def problem(self) -> str:
        """Why it cannot be judged; empty where it can."""
        if self.locked.problem:
            return self.locked.problem
        if len(self.differences) < len(self.seeds):
            reasons = "; ".join(self.notes) or "a quotient of 0"
            return f"{self.measure}: not every seed has a number ({reasons})"
        if self.is_censored:
            return f"{self.measure}: more than a fifth of the seeds of an arm never reached the target"
        return ""

    @cached_property
    def evidence(self) -> Evidence | None:
        """The evidence of this comparison by itself; None where nothing has to come out of it."""
        criterion, step = self.item.criterion, self.item.config.grid_step
        if not criterion:
            return None
        if self.problem:
            return Evidence(num_seeds=len(self.seeds), problem=self.problem)
        assert self.locked.amount is not None
        values = [*self.differences.values()]
        if criterion == "always":
            return always(values, self.locked.amount)
        return _RULES[criterion](values, self.locked.amount, sd_floor=grid_floor(step) if step else None)

    @property
    def summary(self) -> PairedSummary | None:
        """The differences in numbers, also where nothing has to come out of them."""
        if self.evidence is not None:
            return self.evidence.summary
        try:
            return summarize([*self.differences.values()])
        except ValueError:  # fewer than two, or all the same
            return None

    @property
    def result(self) -> PartResult:
        """All of it, to be stored."""
        summary, evidence = self.summary, self.evidence or Evidence(num_seeds=0)
        differences = self.differences
        numbers: dict[str, Any] = {"mean": fmean(differences.values()) if differences else None}
        if summary is not None:
            numbers = {
                "mean": summary.mean,
                "low": summary.interval.low,
                "high": summary.interval.high,
                "low_90": summary.interval_90.low,
                "high_90": summary.interval_90.high,
                "sd": summary.sd,
                "d_z": summary.effect_size,
                "wins": summary.wins,
                "sign_flip_p": summary.sign_flip_p,
                "smallest_excluded": summary.smallest_excluded if self.item.criterion else None,
            }
        return PartResult(
            part=self.item.part,
            label=self.item.label,
            measure=self.measure,
            contrast=self.item.contrast.text,
            unit=self.item.unit,
            criterion=self.item.criterion,
            amount=self.locked.amount,
            num_seeds=len(differences),
            holds=evidence.favours,
            opposes=evidence.opposes,
            p=evidence.p if self.item.criterion or summary is None else summary.p,
            p_against=evidence.p_against,
            p_null=evidence.p_null,
            means=dict(self._means()),
            differences=differences,
            notes=self.notes,
            problem=evidence.problem or "",
            **numbers,
        )

    def _means(self) -> Iterator[tuple[str, float]]:
        """Take the mean of each side where every seed has a number."""
        names = self.item.config.measure
        for index, (arm, rows) in enumerate(zip(self.locked.arms, self.sides, strict=True)):
            values = [row.value for row in rows if row.value is not None and isfinite(row.value)]
            if len(values) == len(rows):
                yield arm if isinstance(names, str) else f"{names[index]} of {arm}", fmean(values)
