"""Verdicts from what was measured: every claim of a tier, family by family, from the files in results/."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from regx.claims.evidence import judge_setting
from regx.claims.lock import rule_digest
from regx.claims.measuring import MeasureRow, read_measures
from regx.claims.registry import Registered, Registry, file_digest
from regx.claims.results import (
    ClaimResult,
    Gates,
    Lock,
    ResultsFolder,
    SettingResult,
    VerdictFile,
    VerdictWord,
)
from regx.config import Experiment, Tier, load_experiment
from regx.stats.power import seeds_to_settle
from regx.stats.verdict import Decision, Evidence, any_of, decide_family

__all__ = ["RunFacts", "judge_tier"]


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """What verdicts say of the runs that they are made from.

    Attributes:
        num_runs: Runs, tuning included.
        seconds: Their time, one after another.
        commit: Of the code that trained them.
    """

    num_runs: int
    seconds: float
    commit: str


@dataclass(frozen=True, kw_only=True)
class _Reproduced:
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
        evidence: Of all its settings together; None where something keeps it from being judged.
        settings: What came out in each setting, its own first.
        unjudged: The verdict where there is no evidence: `stale`, `not run`.
        reason: Why.
    """

    item: Registered
    evidence: Evidence | None = None
    settings: tuple[SettingResult, ...] = ()
    unjudged: VerdictWord = "not run"
    reason: str = ""


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
    reproduced = {one.experiment.name: one for one in _read(registry, root, tier, facts or {})}
    items = [item for item in registry.empirical if item.experiment in reproduced]
    cases = [_case(registry, item, reproduced) for item in items]
    decisions = _decide(registry, cases, root, tier)
    judged = {
        case.item.id: _result(registry, case, decisions.get(case.item.id), reproduced[case.item.experiment])
        for case in cases
    }
    results: dict[str, ClaimResult] = {}
    for name, one in reproduced.items():
        own = [case.item.id for case in cases if case.item.experiment == name]
        results |= _write(one, {claim: judged[claim] for claim in own})
    return results


def _read(registry: Registry, root: Path, tier: Tier, facts: Mapping[str, RunFacts]) -> Iterator[_Reproduced]:
    """Read what was measured, experiment by experiment."""
    for name, path in {item.experiment: item.path for item in registry.registered}.items():
        folder = ResultsFolder.named(root, tier, name)
        if not folder.measures.is_file() or not folder.lock.is_file():
            continue
        yield _Reproduced(
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


def _case(registry: Registry, item: Registered, reproduced: Mapping[str, _Reproduced]) -> _Case:
    """Judge a claim in all its settings, or say why it cannot be judged."""
    judged = []
    for setting in registry.settings_of(item):
        found = reproduced.get(setting.experiment)
        if found is None or setting.id not in found.lock.claims:
            return _Case(item=item, reason=f"{setting.id} was not run")
        if found.lock.claims[setting.id].rule != rule_digest(found.experiment, setting.claim):
            reason = f"the rule of {setting.id} has changed since its tuning ended"
            return _Case(item=item, unjudged="stale", reason=reason)
        judged.append(judge_setting(setting, found.lock, found.rows))
    evidence = [one for one, _ in judged]
    return _Case(
        item=item,
        evidence=evidence[0] if len(evidence) == 1 else any_of(evidence),
        settings=tuple(result for _, result in judged),
    )


def _decide(registry: Registry, cases: Sequence[_Case], root: Path, tier: Tier) -> dict[str, Decision]:
    """Decide, family by family; at the smoke tier whatever the number of seeds there is no verdict."""
    gates = root / tier / "gates.json"
    failed = Gates.read(gates).failed if gates.is_file() else ()
    decisions: dict[str, Decision] = {}
    for family, size in registry.family_sizes.items():
        own = {
            case.item.id: case.evidence
            for case in cases
            if case.item.claim.family == family and case.evidence is not None
        }
        decisions |= decide_family(own, family_size=size, failed_gates=failed)
    if tier == "smoke" and not failed:
        return {
            name: Decision(verdict="smoke", p=1.0, evidence=found.evidence)
            for name, found in decisions.items()
        }
    return decisions


def _result(
    registry: Registry, case: _Case, decision: Decision | None, reproduced: _Reproduced
) -> ClaimResult:
    """Write down what came of a claim."""
    item, locked = case.item, reproduced.lock.claims.get(case.item.id)
    family_size = registry.family_sizes[item.claim.family]
    about: dict[str, Any] = {
        "id": item.id,
        "family": item.claim.family,
        "family_size": family_size,
        "rule": locked.rule if locked else "",
        "num_runs_before": locked.num_runs_before if locked else 0,
        "when": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": reproduced.facts.commit,
    }
    if decision is None:
        unjudged = case.unjudged
        return ClaimResult(
            verdict=unjudged, label=unjudged, p=1.0, num_seeds=0, reasons=(case.reason,), **about
        )
    own, *others = case.settings
    is_open = decision.verdict == "inconclusive"
    return ClaimResult(
        verdict=decision.verdict,
        label=decision.label,
        kind=decision.kind,
        strong=decision.strong,
        provisional=decision.provisional,
        p=decision.p,
        num_seeds=decision.evidence.num_seeds,
        seeds_needed=seeds_to_settle(decision.evidence, family_size) if is_open else None,
        reasons=decision.reasons,
        parts=own.parts,
        beside=() if others else own.beside,
        settings=case.settings if others else (),
        **about,
    )


def _write(reproduced: _Reproduced, claims: Mapping[str, ClaimResult]) -> dict[str, ClaimResult]:
    """Write the verdicts of an experiment; nothing is written where nothing but the date would change."""
    folder = reproduced.folder
    before = folder.read_verdicts()
    kept = {}
    for name, claim in claims.items():
        old = before.claims.get(name) if before else None
        same = old is not None and old == claim.model_copy(update={"when": old.when})
        kept[name] = old if same and old is not None else claim
    file = VerdictFile(
        experiment=reproduced.experiment.name,
        tier=reproduced.experiment.tier,
        file_sha256=file_digest(reproduced.experiment.path),
        num_runs=reproduced.facts.num_runs,
        run_seconds=round(reproduced.facts.seconds, 1),
        claims=kept,
    )
    if file != before:
        file.write(folder.verdicts)
    return kept
