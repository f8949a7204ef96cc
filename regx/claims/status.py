"""The status of every claim, from the files that are there: nothing is trained, and nothing judged anew."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from regx.claims.exact import MechanicalClaim
from regx.claims.facts import quantity_of
from regx.claims.registry import Registered, Registry, file_digest, starter_folder
from regx.claims.results import (
    ClaimResult,
    MechanicalFile,
    MechanicalResult,
    PartResult,
    ResultsFolder,
    mechanical_path,
)
from regx.config import Tier

__all__ = [
    "HEADS",
    "ClaimStatus",
    "cells_of",
    "claim_statuses",
    "count_verdicts",
    "deciding_part",
    "default_results",
    "row_of",
    "starter_results",
]

_BEST_FIRST: tuple[Tier, ...] = ("gpu", "cpu", "smoke")


@dataclass(frozen=True, kw_only=True)
class ClaimStatus:
    """One claim, and its verdict.

    Attributes:
        claim: Of an experiment, or mechanical.
        tier: At which cost it was tried; empty where it was not.
        result: What came of it; None where it was not run.
        checked: The same for a mechanical claim.
        settings: Of a claim with a result, each of its settings and the folder of its results.
        is_stale: Whether the rule has changed since.
    """

    claim: Registered | MechanicalClaim
    tier: str = ""
    result: ClaimResult | None = None
    checked: MechanicalResult | None = None
    settings: tuple[tuple[Registered, ResultsFolder], ...] = ()
    is_stale: bool = False

    @property
    def id(self) -> str:
        """The claim's id."""
        return self.claim.id

    @property
    def says(self) -> str:
        """The sentence in short."""
        return self.claim.says

    @property
    def verdict(self) -> str:
        """The word."""
        if self.checked is not None:
            return self.checked.verdict
        if self.result is None:
            return "not run"
        return "stale" if self.is_stale else self.result.verdict

    @property
    def label(self) -> str:
        """The verdict with what qualifies it."""
        return self.result.label if self.result and not self.is_stale else self.verdict


def default_results() -> Path:
    """Return `results` here, or where there is none the folder that came with the ready-made experiments."""
    here = Path("results")
    return here if here.is_dir() else starter_results()


def starter_results() -> Path:
    """Return the folder of the results that came with the ready-made experiments."""
    return starter_folder().parent / "results"


def claim_statuses(
    registry: Registry, root: Path, tier: Tier | None = None, *, below: Path | None = None
) -> list[ClaimStatus]:
    """Return the status of every claim.

    Args:
        registry: All claims.
        root: Folder of the results.
        tier: Which results to look at; None for those of the largest tier that has any, smoke apart.
        below: Another folder of results, for claims that have none in `root`.

    Raises:
        UsageError: If a file of the results is damaged.
    """
    roots = (root,) if below is None else (root, below)
    checks = _checks(below) | _checks(root)
    tiers = (tier,) if tier else _BEST_FIRST[:2]
    empirical = [_status(registry, item, roots, tiers) for item in registry.empirical]
    mechanical = [
        ClaimStatus(claim=claim, tier="exact" if claim.id in checks else "", checked=checks.get(claim.id))
        for claim in registry.mechanical
    ]
    return [*empirical, *mechanical]


def _checks(root: Path | None) -> dict[str, MechanicalResult]:
    path = mechanical_path(root) if root else None
    return MechanicalFile.read(path).claims if path and path.is_file() else {}


def _status(
    registry: Registry, item: Registered, roots: tuple[Path, ...], tiers: tuple[Tier, ...]
) -> ClaimStatus:
    for root, tier in product(roots, tiers):
        file = ResultsFolder.named(root, tier, item.experiment).read_verdicts()
        found = file.claims.get(item.id) if file else None
        if found is not None and found.verdict != "not run":
            settings = tuple(
                (setting, ResultsFolder.named(root, tier, setting.experiment))
                for setting in registry.settings_of(item)
            )
            stale = any(_is_stale(setting, folder, tier) for setting, folder in settings)
            return ClaimStatus(claim=item, tier=tier, result=found, settings=settings, is_stale=stale)
    return ClaimStatus(claim=item)


def _is_stale(item: Registered, folder: ResultsFolder, tier: Tier) -> bool:
    """Whether the rule is another one than when it was fixed.

    Equal files have equal rules; only where the file was touched is the experiment resolved, to see whether
    what was touched judges.
    """
    file, lock = folder.read_verdicts(), folder.read_lock()
    if file is None:
        return True
    if file.file_sha256 == file_digest(item.path):
        return False
    from regx.claims.lock import rule_digest
    from regx.config import ConfigError, load_experiment

    locked = lock.claims.get(item.id)
    try:
        experiment = load_experiment(item.path, tier)
    except ConfigError:
        return True
    return locked is None or locked.rule != rule_digest(experiment, item.claim)


HEADS = ("claim", "sentence", "verdict", "effect [95 % interval]", "n", "tier", "when", "commit")


def cells_of(status: ClaimStatus) -> tuple[str, ...]:
    """Return the row of a claim in the table of all: a cell for each of HEADS."""
    row, part = row_of(status), deciding_part(status)
    effect = ""
    if part and part.mean is not None and status.verdict != "invalid":
        effect = f"part {part.part}: " if part.part.isdigit() and part.part != "1" else ""
        effect += quantity_of(part).effect(part.mean, part.low, part.high)
    num_seeds = str(row["num_seeds"] or "")
    return (row["id"], row["says"], row["label"], effect, num_seeds, row["tier"], row["when"], row["commit"])


def row_of(status: ClaimStatus) -> dict[str, Any]:
    """Return the same as plain values, for JSON."""
    result, part = status.result, deciding_part(status)
    source = result or status.checked
    return {
        "id": status.id,
        "says": status.says,
        "verdict": status.verdict,
        "label": status.label,
        "part": part.part if part else "",
        "effect": part.mean if part else None,
        "low": part.low if part else None,
        "high": part.high if part else None,
        "unit": part.unit if part else "",
        "num_seeds": result.num_seeds if result else None,
        "tier": status.tier,
        "when": source.when if source else "",
        "commit": source.commit if source else "",
    }


def deciding_part(status: ClaimStatus) -> PartResult | None:
    """Return the comparison that a verdict rests on: the first, where all of them hold.

    Where the claim holds in one of several settings, it is the first part of the setting with the smallest p.
    Where the claim is contradicted, it is the part that contradicts it; where it is open, the first that does
    not hold.
    """
    result = status.result
    if result is None or not result.parts or status.is_stale:
        return None
    if result.verdict not in ("contradicted", "inconclusive"):
        holding = [setting for setting in result.settings if setting.holds]
        return min(holding, key=lambda setting: setting.p).parts[0] if holding else result.parts[0]
    failing = [part for part in result.parts if not part.holds] or list(result.parts)
    if result.kind == "null":
        return min(failing, key=lambda part: part.p_null)
    against = [part for part in failing if part.opposes]
    return min(against, key=lambda part: part.p_against) if against else failing[0]


def count_verdicts(statuses: Iterable[ClaimStatus]) -> str:
    """Count the verdicts: `3 supported, 1 inconclusive`."""
    counts = Counter(status.verdict for status in statuses)
    return ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
