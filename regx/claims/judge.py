"""Verdicts from what was measured: every claim of a tier, family by family, from the files in results/."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from statistics import fmean

from regx.claims.comparison import IF_CENSORED, Comparison, comparisons_of
from regx.claims.lock import rule_digest
from regx.claims.measuring import MeasureRow, arms_of, locked_part, read_measures
from regx.claims.registry import Registered, Registry, file_digest
from regx.claims.results import (
    ClaimResult,
    Gates,
    Lock,
    LockedPart,
    PartResult,
    ResultsFolder,
    SettingResult,
    VerdictFile,
)
from regx.config import Experiment, Tier, load_experiment
from regx.config.sections.claim import ClaimConfig
from regx.measures.ladder import grid_floor
from regx.stats.censoring import MOST_CENSORED
from regx.stats.power import seeds_to_settle
from regx.stats.verdict import (
    Decision,
    Evidence,
    Measured,
    all_of,
    any_of,
    at_least,
    decide,
    decide_family,
    not_worse_than,
    within,
)

__all__ = ["RunFacts", "Weighed", "judge_tier", "weigh_claim"]

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
        found[item.part] = (evidence, _comparison_result(item, part, numbers, evidence), numbers.is_censored)
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


def _comparison_result(
    item: Comparison, part: LockedPart, numbers: _Numbers, evidence: Evidence | None
) -> PartResult:
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
    return result.model_copy(update={"smallest_excluded": measured.summary.smallest_excluded})


def _summary(measured: Measured) -> dict[str, float]:
    summary = measured.summary
    return {
        "mean": summary.mean,
        "low": summary.interval.low,
        "high": summary.interval.high,
        "low_90": summary.interval_90.low,
        "high_90": summary.interval_90.high,
        "sd": summary.sd,
        "d_z": summary.effect_size,
        "wins": summary.wins,
        "sign_flip_p": summary.sign_flip.p,
    }


def _means(numbers: _Numbers, measures: Sequence[str]) -> dict[str, float]:
    """Take the mean of each side, where every seed has a number."""
    means = {}
    for index, (arm, rows) in enumerate(zip(numbers.arms, numbers.sides, strict=True)):
        values = [row.value for row in rows if row.value is not None and isfinite(row.value)]
        if len(values) == len(rows):
            means[arm if len(measures) == 1 else f"{measures[index]} of {arm}"] = fmean(values)
    return means


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What verdicts say of the runs behind them.

    Attributes:
        num_runs: Runs, tuning included.
        seconds: Their time, one after another.
        commit: Of the code that trained them.
    """

    num_runs: int
    seconds: float
    commit: str


@dataclass(frozen=True, kw_only=True)
class _Measured:
    """An experiment with what was measured for it."""

    experiment: Experiment
    folder: ResultsFolder
    lock: Lock
    rows: Sequence[MeasureRow]
    facts: RunFacts


@dataclass(frozen=True, kw_only=True)
class _Case:
    """A claim as far as it can be judged.

    Attributes:
        item: The claim.
        settings: Each setting that was weighed.
        verdict_before: A verdict that is no matter of evidence: `stale`, `not run`.
        reasons: Why.
    """

    item: Registered
    settings: Mapping[str, Weighed]
    verdict_before: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def evidence(self) -> Evidence:
        """All settings together."""
        weighed = [setting.evidence for setting in self.settings.values()]
        return weighed[0] if len(weighed) == 1 else any_of(weighed)


def judge_tier(
    registry: Registry, root: Path, tier: Tier, facts: Mapping[str, RunFacts] | None = None
) -> dict[str, ClaimResult]:
    """Judge every claim that was measured at a tier, and write the verdicts of each experiment.

    All of them are judged at once, because the p-values of a family are corrected together. A verdict that
    comes out as it stood before keeps its date.

    Args:
        registry: All claims; those without results count as tests too.
        root: Folder of the results.
        tier: Of the results.
        facts: Of experiments whose runs are new, by name; of the others what was written before stays.

    Raises:
        UsageError: If a file of the results is damaged.
    """
    measured = {item.experiment.name: item for item in _read(registry, root, tier, facts or {})}
    cases = [_case(registry, item, measured) for item in registry.empirical if item.experiment in measured]
    decisions = _decide(registry, cases, root, tier)
    results: dict[str, ClaimResult] = {}
    for name, experiment in measured.items():
        own = [case for case in cases if case.item.experiment == name]
        claims = {case.item.id: _result(registry, case, decisions, experiment) for case in own}
        results |= _write(experiment, claims)
    return results


def _read(registry: Registry, root: Path, tier: Tier, facts: Mapping[str, RunFacts]) -> Iterator[_Measured]:
    """Read what was measured, experiment by experiment."""
    for name, path in {item.experiment: item.path for item in registry.registered}.items():
        folder = ResultsFolder.named(root, tier, name)
        if not folder.measures.is_file() or not folder.lock.is_file():
            continue
        yield _Measured(
            experiment=load_experiment(path, tier),
            folder=folder,
            lock=folder.read_lock(),
            rows=read_measures(folder.measures),
            facts=facts[name] if name in facts else _facts_before(folder),
        )


def _facts_before(folder: ResultsFolder) -> RunFacts:
    before = folder.read_verdicts()
    if before is None:
        return RunFacts(num_runs=0, seconds=0.0, commit="unknown")
    commits = [claim.commit for claim in before.claims.values()]
    return RunFacts(
        num_runs=before.num_runs, seconds=before.run_seconds, commit=commits[0] if commits else "unknown"
    )


def _case(registry: Registry, item: Registered, measured: Mapping[str, _Measured]) -> _Case:
    """Weigh a claim in all its settings, or say why it cannot be judged."""
    settings: dict[str, Weighed] = {}
    for setting in registry.settings_of(item):
        found = measured.get(setting.experiment)
        if found is None or setting.id not in found.lock.claims:
            return _Case(
                item=item, settings={}, verdict_before="not run", reasons=(f"{setting.id} was not run",)
            )
        if found.lock.claims[setting.id].rule != rule_digest(found.experiment, setting.claim):
            reason = f"the rule of {setting.id} is another one than when its tuning ended"
            return _Case(item=item, settings={}, verdict_before="stale", reasons=(reason,))
        settings[setting.id] = weigh_claim(setting.claim, found.lock, found.rows)
    return _Case(item=item, settings=settings)


def _decide(registry: Registry, cases: Sequence[_Case], root: Path, tier: Tier) -> dict[str, Decision]:
    """Decide, family by family; at the smoke tier whatever the number of seeds there is no verdict."""
    gates = root / tier / "gates.json"
    failed = Gates.read(gates).failed if gates.is_file() else ()
    decisions: dict[str, Decision] = {}
    for family, size in registry.family_sizes.items():
        weighed = {
            case.item.id: case.evidence
            for case in cases
            if case.item.claim.family == family and not case.verdict_before
        }
        decisions |= decide_family(
            weighed, family_size=size, failed_gates=dict.fromkeys(weighed, failed) if failed else None
        )
    if tier == "smoke":
        return {
            name: decide(found.evidence, failed_gates=failed)
            if failed
            else Decision(verdict="smoke", p=1.0, evidence=found.evidence)
            for name, found in decisions.items()
        }
    return decisions


def _result(
    registry: Registry, case: _Case, decisions: Mapping[str, Decision], measured: _Measured
) -> ClaimResult:
    item = case.item
    locked = measured.lock.claims.get(item.id)
    decision = decisions.get(item.id)
    verdict = case.verdict_before or (decision.verdict if decision else "not run")
    own = case.settings.get(item.id)
    family_size = registry.family_sizes[item.claim.family]
    return ClaimResult.model_validate(
        {
            "id": item.id,
            "verdict": verdict,
            "label": decision.label if decision else verdict,
            "kind": decision.kind if decision else None,
            "strong": bool(decision and decision.strong),
            "provisional": bool(decision and decision.provisional),
            "p": decision.p if decision else 1.0,
            "family": item.claim.family,
            "family_size": family_size,
            "num_seeds": decision.evidence.num_seeds if decision else 0,
            "seeds_needed": seeds_to_settle(case.evidence, family_size)
            if verdict == "inconclusive"
            else None,
            "reasons": (*case.reasons, *(decision.reasons if decision else ())),
            "parts": own.parts if own else (),
            "beside": own.beside if own and len(case.settings) == 1 else (),
            "settings": _settings(registry, case) if len(case.settings) > 1 else (),
            "rule": locked.rule if locked else "",
            "num_runs_before": locked.num_runs_before if locked else 0,
            "when": datetime.now(UTC).strftime("%Y-%m-%d"),
            "commit": measured.facts.commit,
        }
    )


def _settings(registry: Registry, case: _Case) -> tuple[SettingResult, ...]:
    return tuple(
        SettingResult(
            id=setting.id,
            experiment=setting.experiment,
            holds=case.settings[setting.id].evidence.favours,
            p=case.settings[setting.id].evidence.p,
            parts=case.settings[setting.id].parts,
            beside=case.settings[setting.id].beside,
        )
        for setting in registry.settings_of(case.item)
    )


def _write(measured: _Measured, claims: Mapping[str, ClaimResult]) -> dict[str, ClaimResult]:
    """Write the verdicts of an experiment; nothing is written where nothing but the date would change."""
    folder = measured.folder
    before = folder.read_verdicts()
    kept = {}
    for name, claim in claims.items():
        old = before.claims.get(name) if before else None
        same = old is not None and old == claim.model_copy(update={"when": old.when})
        kept[name] = old if same and old is not None else claim
    file = VerdictFile(
        experiment=measured.experiment.name,
        tier=measured.experiment.tier,
        file_sha256=file_digest(measured.experiment.path),
        num_runs=measured.facts.num_runs,
        run_seconds=round(measured.facts.seconds, 1),
        claims=kept,
    )
    if file != before:
        file.write(folder.verdicts)
    return kept
