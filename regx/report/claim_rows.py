"""Every claim as a row: for the table of `regx claims`, for its JSON and for docs/claims.md."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from regx.report.claim_quantities import effect_of

if TYPE_CHECKING:
    from regx.claims.results import PartResult
    from regx.claims.standing import Standing

__all__ = ["HEADS", "cells_of", "count_verdicts", "deciding_part", "row_of"]

HEADS = ("claim", "sentence", "verdict", "effect [95 % interval]", "n", "tier", "when", "commit")


def deciding_part(standing: "Standing") -> "PartResult | None":
    """Return the comparison that a verdict rests on, the first where all parts do.

    Of a claim that holds in one of several settings it is one of the setting where it holds best; of one that
    fails, a part that does, and of one that is contradicted, the one by which it is.
    """
    result = standing.result
    if result is None or not result.parts or standing.is_stale:
        return None
    if result.verdict not in ("contradicted", "inconclusive"):
        holding = [setting for setting in result.settings if setting.holds]
        return min(holding, key=lambda setting: setting.p).parts[0] if holding else result.parts[0]
    failing = [part for part in result.parts if not part.holds] or list(result.parts)
    if result.kind == "null":
        return min(failing, key=lambda part: part.p_null)
    against = [part for part in failing if part.opposes]
    return min(against, key=lambda part: part.p_against) if against else failing[0]


def row_of(standing: "Standing") -> dict[str, Any]:
    """Return one claim as plain values, for the table and for JSON."""
    result = standing.result
    part = deciding_part(standing)
    source = result or standing.checked
    return {
        "id": standing.id,
        "says": standing.says,
        "verdict": standing.verdict,
        "label": standing.label,
        "part": part.part if part else "",
        "effect": part.mean if part else None,
        "low": part.low if part else None,
        "high": part.high if part else None,
        "unit": part.unit if part else "",
        "num_seeds": result.num_seeds if result else None,
        "tier": standing.tier,
        "when": source.when if source else "",
        "commit": source.commit if source else "",
    }


def cells_of(standing: "Standing") -> tuple[str, ...]:
    """Return the same as text, a cell for each of HEADS."""
    row = row_of(standing)
    part = deciding_part(standing)
    return (
        row["id"],
        row["says"],
        row["label"],
        _effect(part) if part and part.mean is not None and standing.verdict != "invalid" else "",
        str(row["num_seeds"]) if row["num_seeds"] else "",
        row["tier"],
        row["when"],
        row["commit"],
    )


def _effect(part: "PartResult") -> str:
    return (f"part {part.part}: " if part.part.isdigit() and part.part != "1" else "") + effect_of(part)


def count_verdicts(standings: "Iterable[Standing]") -> str:
    """Count the verdicts: `3 supported, 1 inconclusive`."""
    counts = Counter(standing.verdict for standing in standings)
    return ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
