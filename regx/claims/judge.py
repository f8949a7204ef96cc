"""Verdicts from what was measured: every claim of a tier, family by family, from the files in results/."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from regx.analysis.compound import any_of
from regx.analysis.decision import Decision, decide, decide_family
from regx.analysis.evidence import Evidence
from regx.analysis.planning import seeds_to_settle
from regx.claims.measure_rows import MeasureRow, read_measures
from regx.claims.registry import Registered, Registry, file_digest
from regx.claims.results import ClaimResult, Gates, Lock, ResultsFolder, SettingResult, VerdictFile
from regx.claims.rule import rule_digest
from regx.claims.weigh import Weighed, weigh_claim
from regx.config import Experiment, Tier, load_experiment
from regx.config.reading import read_text
from regx.runs.files import write_text

__all__ = ["RunFacts", "judge_tier"]


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
            lock=Lock.read(folder.lock),
            rows=read_measures(folder.measures),
            facts=facts[name] if name in facts else _facts_before(folder),
        )


def _facts_before(folder: ResultsFolder) -> RunFacts:
    if not folder.verdicts.is_file():
        return RunFacts(num_runs=0, seconds=0.0, commit="unknown")
    before = VerdictFile.read(folder.verdicts)
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
    before = VerdictFile.read(folder.verdicts) if folder.verdicts.is_file() else None
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
    text = file.model_dump_json(indent=1) + "\n"
    if not folder.verdicts.is_file() or read_text(folder.verdicts) != text:
        write_text(folder.verdicts, text)
    return kept
