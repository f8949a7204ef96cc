"""What a claim takes from the tuning seeds, fixed in lock.json before the first run to compare begins."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

from regx.claims.measuring import SweepRuns
from regx.claims.parts import ClaimPart, parts_of
from regx.claims.results import Lock, LockedClaim, LockedPart, ResultsFolder
from regx.config import Experiment
from regx.config.errors import UsageError
from regx.config.sections.claim import IF_CENSORED, PROSE, ClaimConfig
from regx.measures.measure import Measure, Reference
from regx.measures.registry import find_measure

__all__ = ["NotFixedError", "register", "register_in", "rule_digest"]


def rule_digest(experiment: Experiment, claim: ClaimConfig) -> str:
    """Hash what judges a claim: its experiment at this tier, and every key that is no prose.

    Defaults leave no trace, so that a key that a later version adds changes nothing here.
    """
    content = {"experiment": experiment.digest, "tier": experiment.tier, "claim": _judging(claim)}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _judging(claim: ClaimConfig) -> dict[str, Any]:
    content = claim.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    return {key: value for key, value in content.items() if key not in PROSE}


class NotFixedError(Exception):
    """A number that the tuning seeds do not give."""


def register_in(folder: ResultsFolder, experiment: Experiment, runs: SweepRuns) -> Lock:
    """Write lock.json, or check that what it says still holds; new claims are added to it.

    The smoke tier gives no verdict, so there a rule may change as often as one likes.

    Raises:
        UsageError: If a claim's rule, its amounts, or what was tuned, is another than when it was fixed.
    """
    known = folder.read_lock() if folder.lock.is_file() else None
    lock = register(experiment, runs, known)
    if lock != known:
        if known is not None and experiment.tier != "smoke":
            _refuse_changes(folder, known, lock)
        lock.write(folder.lock)
    return lock


def register(experiment: Experiment, runs: SweepRuns, known: Lock | None = None) -> Lock:
    """Fix what every claim of an experiment takes from the tuning seeds.

    Without tuning, which only the smoke tier may do, the runs themselves stand in: it gives no verdict.

    Args:
        experiment: With its claims.
        runs: With the tuning complete.
        known: What was fixed before; its dates are kept.
    """
    record = runs.record
    claims = {}
    for claim in experiment.claims:
        before = known.claims.get(claim.id) if known else None
        parts = {item.part: _TuningSeeds(item, experiment, runs).fix() for item in parts_of(claim)}
        claims[claim.id] = LockedClaim(
            rule=rule_digest(experiment, claim),
            when=before.when if before else datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
            num_runs_before=before.num_runs_before if before else runs.num_ended(),
            parts=tuple(parts[str(number)] for number in range(1, len(claim.parts) + 1)),
            if_censored=parts.get(IF_CENSORED),
            beside=tuple(part for name, part in parts.items() if name.startswith("beside")),
        )
    return Lock(
        experiment=experiment.name,
        tier=experiment.tier,
        digest=experiment.digest,
        seeds=experiment.seeds,
        tune_by=record.tune_by,
        arms=record.arms,
        claims=claims,
    )


def _refuse_changes(folder: ResultsFolder, known: Lock, lock: Lock) -> None:
    """Let claims come, but nothing change after the tuning."""
    again = f"remove {folder.path} to fix the rule again"
    if known.digest != lock.digest:
        raise UsageError(f"{folder.lock}: the experiment has changed since its tuning ended; {again}")
    if known.arms != lock.arms:
        raise UsageError(f"{folder.lock}: the tuning chose other values; {again}")
    for name, claim in known.claims.items():
        if name in lock.claims and lock.claims[name].rule != claim.rule:
            raise UsageError(f"{folder.lock}: the rule of {name} has changed since the tuning ended; {again}")
        now = lock.claims.get(name, claim)
        if (now.parts, now.if_censored) != (claim.parts, claim.if_censored):
            raise UsageError(
                f"{folder.lock}: {name} had other amounts from the tuning seeds when it was fixed; {again}"
            )


@dataclass(frozen=True)
class _TuningSeeds:
    """Answers for one comparison what the tuning seeds give."""

    item: ClaimPart
    experiment: Experiment
    runs: SweepRuns

    def fix(self) -> LockedPart:
        """Fix arms, amount and target; where something is missing, say what."""
        sides = self.item.contrast.sides
        try:
            reference = self.reference()
            arms = [
                self.best(side, measure, reference)
                for side, measure in zip(sides, self.item.measures, strict=True)
            ]
            amount = self.amount(reference)
        except NotFixedError as error:
            arms = [side[0] for side in sides]
            return LockedPart(first=arms[0], second=arms[1] if arms[1:] else None, problem=str(error))
        return LockedPart(
            first=arms[0],
            second=arms[1] if arms[1:] else None,
            amount=amount,
            target_error=reference.target_error,
            train_loss=reference.train_loss,
        )

    def reference(self) -> Reference:
        """Turn the target into a validation error, where a measure needs one."""
        needed = {measure.needs for measure in self.item.measures}
        target = None
        if "target" in needed and self.item.target is not None:
            amount = self.item.target
            target = amount.value
            if amount.share_of is not None:
                accuracy = self.mean(amount.share_of, find_measure("final_valid_accuracy"), Reference())
                target = 1 - amount.value * accuracy
        return Reference(
            target_error=target, train_loss=self.item.train_loss if "train_loss" in needed else None
        )

    def amount(self, reference: Reference) -> float | None:
        """Turn the smallest effect or margin into a number."""
        amount = self.item.amount
        if amount is None:
            return self.item.config.always
        if amount.share_of is None:
            return amount.value
        value = amount.value * self.mean(amount.share_of, self.item.measures[0], reference)
        if value <= 0:
            raise NotFixedError(f"{amount.text} is {value:.3g} on the tuning seeds: no smallest effect")
        return value

    def best(self, arms: tuple[str, ...], measure: Measure, reference: Reference) -> str:
        """Choose among arms: by the measure itself, or by what tuned them where it reads test images."""
        plan = self.experiment.tune
        if len(arms) == 1 or plan is None:
            return arms[0]
        if measure.reads_test or measure.better is None:
            scores = {arm: self.score(arm) for arm in arms}
            measure = find_measure(plan.by)
        else:
            scores = {arm: self.mean(arm, measure, reference) for arm in arms}
        return (min if measure.better == "lower" else max)(arms, key=lambda arm: scores[arm])

    def score(self, arm: str) -> float:
        """Return what an arm reached in the tuning, by the measure that tuned it."""
        scores = [tuned.score for tuned in self.runs.record.arm(arm).tuned if tuned.score is not None]
        if not scores:
            raise NotFixedError(
                f"{arm} has no score: it was not tuned, or no point of it did well under every tuning seed"
            )
        return fmean(scores)

    def mean(self, arm: str, measure: Measure, reference: Reference) -> float:
        """Take the mean of a measure over the tuning seeds; without any, over the runs themselves."""
        if self.experiment.tune is not None:
            sources = list(self.runs.tuning(arm, self.item))
        else:
            sources = [self.runs.confirmed(arm, self.item, seed) for seed in self.experiment.seeds]
        found = [measure.counted(source, reference) for source in sources]
        values = [number.value for number in found if number.value is not None]
        if not values or len(values) < len(found):
            notes = (
                ", ".join(sorted({number.note for number in found if number.value is None})) or "no trials"
            )
            raise NotFixedError(f"{measure.name} of {arm} on the tuning seeds: {notes}")
        return fmean(values)
