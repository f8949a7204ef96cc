"""The rule of a claim as a hash: what was fixed before the runs, and what was not."""

import hashlib
import json
from typing import Any

from regx.config import Experiment
from regx.config.sections.claim import PROSE, ClaimConfig

__all__ = ["rule_digest"]


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
