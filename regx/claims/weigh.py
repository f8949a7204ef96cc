"""From measured numbers to evidence: every comparison of a claim by itself, then the claim as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean

from regx.analysis.censoring import MOST_CENSORED
from regx.analysis.compound import all_of
from regx.analysis.evidence import Evidence, Measured, at_least, not_worse_than, within
from regx.claims.comparison import IF_CENSORED, Comparison, comparisons_of
from regx.claims.measure_rows import MeasureRow
from regx.claims.measuring import arms_of, locked_part
from regx.claims.results import Lock, LockedPart, PartResult
from regx.config.sections.claim import ClaimConfig
from regx.measures.ladder import grid_floor

__all__ = ["Weighed", "weigh_claim"]

_RULES = {"smallest_effect": at_least, "not_worse_than": not_worse_than, "within": within}


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """A claim in one setting.

    Attributes:
        evidence: All of its parts together.
        parts: Each of them.
        beside: What decides nothing.
    """

    evidence: Evidence
    parts: tuple[PartResult, ...]
    beside: tuple[PartResult, ...]


@dataclass(frozen=True)
class _Numbers:
    """The numbers of one comparison: of each side, one per seed."""

    arms: tuple[str, ...]
    sides: tuple[tuple[MeasureRow, ...], ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Tell what is special about some of them, arm by arm.

        The budget stands for a time that is longer. On the first side that is to the claim's disadvantage.
        """
        found: list[str] = []
        for side, (arm, rows) in enumerate(zip(self.arms, self.sides, strict=True)):
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

    def differences(self, item: Comparison) -> dict[int, float | None]:
        """Contrast the sides, seed by seed."""
        found: dict[int, float | None] = {}
        for rows in zip(*self.sides, strict=True):
            values = [row.value for row in rows]
            found[rows[0].seed] = (
                None
                if None in values
                else item.contrast.of(*(value for value in values if value is not None))
            )
        return found


def weigh_claim(claim: ClaimConfig, lock: Lock, rows: Sequence[MeasureRow]) -> Weighed:
    """Weigh a claim by the numbers that were measured for it.

    Where more than a fifth of the seeds of an arm ran out of budget, a time says too little: the comparison
    that the claim has in reserve takes the place of its first part.

    Args:
        claim: As its file has it.
        lock: What was fixed on the tuning seeds.
        rows: Of measures.csv.
    """
    found: dict[str, tuple[Evidence | None, PartResult, bool]] = {}
    for item in comparisons_of(claim):
        part = locked_part(lock.claims[claim.id], item.part)
        numbers = _numbers(claim.id, item, part, lock.seeds, rows)
        evidence = _evidence(item, part, numbers)
        found[item.part] = (evidence, _result(item, part, numbers, evidence), numbers.is_censored)
    names = [str(number) for number in range(1, len(claim.parts) + 1)]
    names = [_in_reserve(found) if name == "1" else name for name in names]
    parts = [evidence for name in names if (evidence := found[name][0]) is not None]
    return Weighed(
        evidence=parts[0] if len(parts) == 1 else all_of(parts),
        parts=tuple(found[name][1] for name in names),
        beside=tuple(result for name, (_, result, _) in found.items() if name.startswith("beside")),
    )


def _in_reserve(found: Mapping[str, tuple[Evidence | None, PartResult, bool]]) -> str:
    """Say which comparison stands for the first part."""
    return IF_CENSORED if found["1"][2] and IF_CENSORED in found else "1"


def _numbers(
    claim_id: str, item: Comparison, part: LockedPart, seeds: Sequence[int], rows: Sequence[MeasureRow]
) -> _Numbers:
    """Pick the rows of a comparison, in the order of the seeds; what is not there has no value."""
    arms = arms_of(part)
    sides = []
    for arm, measure in zip(arms, item.measures, strict=True):
        key = (claim_id, item.part, measure.name, arm)
        there = {row.seed: row for row in rows if (row.claim, row.part, row.measure, row.arm) == key}
        absent = MeasureRow(
            claim=claim_id, part=item.part, measure=measure.name, arm=arm, seed=-1, value=None, note="absent"
        )
        sides.append(tuple(there.get(seed, absent) for seed in seeds))
    return _Numbers(arms, tuple(sides))


def _evidence(item: Comparison, part: LockedPart, numbers: _Numbers) -> Evidence | None:
    """Weigh one comparison; None where nothing has to come out of it."""
    if not item.criterion:
        return None
    differences = numbers.differences(item)
    values = [value for value in differences.values() if value is not None and isfinite(value)]
    problem = part.problem or _problem(item, numbers, len(values) < len(differences))
    if problem:
        return Evidence(num_seeds=len(differences), problem=problem)
    assert part.amount is not None
    if item.criterion == "always":
        return _always(values, part.amount)
    floor = grid_floor(item.config.grid_step) if item.config.grid_step else None
    return _RULES[item.criterion](values, part.amount, sd_floor=floor)


def _always(values: Sequence[float], wanted: float) -> Evidence:
    """Weigh a part that says what always is: one seed where it is not is enough against it."""
    holds = all(value == wanted for value in values)
    return Evidence(
        num_seeds=len(values),
        favours=holds,
        strong=holds,
        p=0.0 if holds else 1.0,
        opposes=not holds,
        p_against=1.0 if holds else 0.0,
    )


def _problem(item: Comparison, numbers: _Numbers, is_incomplete: bool) -> str:
    name = item.config.measure if isinstance(item.config.measure, str) else ", ".join(item.config.measure)
    if is_incomplete:
        reasons = "; ".join(numbers.notes) or "a quotient of 0"
        return f"{name}: not every seed has a number ({reasons})"
    if numbers.is_censored:
        return f"{name}: more than a fifth of the seeds of an arm never reached the target"
    return ""


def _result(item: Comparison, part: LockedPart, numbers: _Numbers, evidence: Evidence | None) -> PartResult:
    """Write a comparison down."""
    differences = {
        seed: value
        for seed, value in numbers.differences(item).items()
        if value is not None and isfinite(value)
    }
    weighed = evidence
    if weighed is None and len(differences) > 1:
        weighed = at_least([*differences.values()], 1.0)  # for the numbers alone: nothing has to come out
    measured = weighed.measured if weighed else None
    measures = [item.config.measure] if isinstance(item.config.measure, str) else [*item.config.measure]
    result = PartResult(
        part=item.part,
        label=item.label,
        measure=", ".join(measures),
        contrast=item.contrast.text,
        unit=item.unit,
        criterion=item.criterion,
        amount=part.amount,
        num_seeds=len(differences),
        holds=bool(evidence and evidence.favours),
        opposes=bool(evidence and evidence.opposes),
        p=evidence.p if evidence else measured.summary.p if measured else 1.0,
        p_against=evidence.p_against if evidence else 1.0,
        p_null=evidence.p_null if evidence else 1.0,
        means=_means(numbers, measures),
        differences=differences,
        notes=numbers.notes,
        problem=(evidence.problem or "") if evidence else "",
    )
    if measured is None:
        return result.model_copy(update={"mean": fmean(differences.values()) if differences else None})
    result = result.model_copy(update=_summary(measured))
    if evidence is None:
        return result
    return result.model_copy(update={"smallest_excluded": measured.smallest_excluded})


def _summary(measured: Measured) -> dict[str, float]:
    summary = measured.summary
    return {
        "mean": summary.mean,
        "low": summary.interval.low,
        "high": summary.interval.high,
        "low_90": measured.interval_90.low,
        "high_90": measured.interval_90.high,
        "sd": summary.sd,
        "d_z": summary.effect_size,
        "wins": summary.wins,
        "sign_flip_p": measured.sign_flip.p,
    }


def _means(numbers: _Numbers, measures: Sequence[str]) -> dict[str, float]:
    """Take the mean of each side, where every seed has a number."""
    means = {}
    for index, (arm, rows) in enumerate(zip(numbers.arms, numbers.sides, strict=True)):
        values = [row.value for row in rows if row.value is not None and isfinite(row.value)]
        if len(values) == len(rows):
            means[arm if len(measures) == 1 else f"{measures[index]} of {arm}"] = fmean(values)
    return means
