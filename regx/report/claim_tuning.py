"""How the arms of a claim were tuned, in words: who looks for an unfair comparison looks here first."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regx.claims.results import Lock

__all__ = ["say_tuning"]


def say_tuning(lock: "Lock", runs: Path, claim_id: str) -> str:
    """Say at which values the arms of a claim ran, and whether one lies at the edge of what was tried.

    Args:
        lock: What was fixed when the tuning ended.
        runs: runs.csv, which has the trials.
        claim_id: Of the claim, or of one of its settings.
    """
    parts = lock.claims[claim_id].parts
    used = dict.fromkeys(arm for part in parts for arm in (part.first, part.second) if arm)
    arms = [arm for arm in lock.arms if arm["name"] in used and arm.get("tuned")]
    if not arms:
        return "Nothing was tuned: every setting stands in the experiment's file."
    tried = _tried(runs)
    told = "; ".join(_say_arm(arm, tried.get(arm["name"], {})) for arm in arms)
    return f"Tuned by `{lock.tune_by}` on seeds that are not compared: {told}."


def _say_arm(arm: Mapping[str, Any], tried: Mapping[str, Mapping[float, bool]]) -> str:
    name, tuned = arm["name"], arm["tuned"]
    if len(tuned) > 1:
        at_edge = sum(any(_edge(value, tried.get(key, {})) for key, value in _plain(one)) for one in tuned)
        return (
            f"`{name}` in each of its {len(tuned)} cells, in {at_edge} of them at the edge of what was tried"
        )
    values = ", ".join(
        f"`{key}` {value:g}{_edge(value, tried.get(key, {}))}" for key, value in _plain(tuned[0])
    )
    return f"`{name}` at {values}" + (
        "" if arm.get("num_trials") else ", which it takes over from another arm"
    )


def _plain(tuned: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    return ((key, value) for key, value in tuned["settings"].items() if isinstance(value, int | float))


def _edge(value: float, tried: Mapping[float, bool]) -> str:
    """Say where a value lies at the edge of its grid, or at the edge of where training works at all."""
    if len(tried) < 2:
        return ""
    if value <= min(tried):
        return f" (the lowest of {len(tried)} that were tried)"
    if value >= max(tried):
        return f" (the highest of {len(tried)} that were tried)"
    works = [other for other, all_trained in tried.items() if all_trained]
    return " (the highest at which every trial trained)" if works and value >= max(works) else ""


def _tried(runs: Path) -> dict[str, dict[str, dict[float, bool]]]:
    """List the values that each arm was tried at, and whether every trial trained."""
    found: dict[str, dict[str, dict[float, bool]]] = {}
    with runs.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["stage"] != "tune":
                continue
            for key, value in json.loads(row["tuned"]).items():
                if isinstance(value, int | float):
                    values = found.setdefault(row["arm"], {}).setdefault(key, {})
                    values[value] = values.get(value, True) and row["status"] == "done"
    return found
