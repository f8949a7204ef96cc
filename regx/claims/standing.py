"""How every claim stands, from the files that are there: nothing is trained, and nothing judged anew."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

from regx.claims.exact import MechanicalClaim
from regx.claims.registry import Registered, Registry, file_digest, starter_folder
from regx.claims.results import ClaimResult, MechanicalFile, MechanicalResult, ResultsFolder, mechanical_path
from regx.config import Tier

__all__ = ["Standing", "default_results", "standings", "starter_results"]

_BEST_FIRST: tuple[Tier, ...] = ("gpu", "cpu", "smoke")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One claim, and its verdict.

    Attributes:
        claim: Of an experiment, or mechanical.
        tier: At which cost it was tried; empty where it was not.
        result: What came of it; None where it was not run.
        checked: The same for a mechanical claim.
        is_stale: Whether the rule has changed since.
    """

    claim: Registered | MechanicalClaim
    tier: str = ""
    result: ClaimResult | None = None
    checked: MechanicalResult | None = None
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
        fresh = self.result is not None and not self.is_stale
        return self.result.label if fresh and self.result else self.verdict


def default_results() -> Path:
    """Return `results` here, or where there is none the folder that came with the ready-made experiments."""
    here = Path("results")
    return here if here.is_dir() else starter_results()


def starter_results() -> Path:
    """Return the folder of the results that came with the ready-made experiments."""
    return starter_folder().parent / "results"


def standings(
    registry: Registry, root: Path, tier: Tier | None = None, *, below: Path | None = None
) -> list[Standing]:
    """Tell how every claim stands.

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
    empirical = [_standing(registry, item, roots, tiers) for item in registry.empirical]
    mechanical = [
        Standing(claim=claim, tier="exact" if claim.id in checks else "", checked=checks.get(claim.id))
        for claim in registry.mechanical
    ]
    return [*empirical, *mechanical]


def _checks(root: Path | None) -> dict[str, MechanicalResult]:
    path = mechanical_path(root) if root else None
    return MechanicalFile.read(path).claims if path and path.is_file() else {}


def _standing(
    registry: Registry, item: Registered, roots: tuple[Path, ...], tiers: tuple[Tier, ...]
) -> Standing:
    for root, tier in product(roots, tiers):
        folder = ResultsFolder.named(root, tier, item.experiment)
        file = folder.read_verdicts()
        found = file.claims.get(item.id) if file else None
        if found is not None and found.verdict != "not run":
            stale = any(_is_stale(setting, root, tier) for setting in registry.settings_of(item))
            return Standing(claim=item, tier=tier, result=found, is_stale=stale)
    return Standing(claim=item)


def _is_stale(item: Registered, root: Path, tier: Tier) -> bool:
    """Whether the rule is another one than when it was fixed.

    Equal files have equal rules; only where the file was touched is the experiment resolved, to see whether
    what was touched judges.
    """
    folder = ResultsFolder.named(root, tier, item.experiment)
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
