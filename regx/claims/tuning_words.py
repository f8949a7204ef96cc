"""How the arms of a claim were tuned, in words: who looks for an unfair comparison looks here first."""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regx.reading import read_text

if TYPE_CHECKING:
    from regx.claims.results import Lock


__all__ = ["say_tuning"]

Value = tuple[float, ...]  # of a setting: one number, or one for each layer


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


def _say_arm(arm: Mapping[str, Any], tried: Mapping[str, Mapping[Value, bool]]) -> str:
    name, tuned = arm["name"], arm["tuned"]
    if len(tuned) > 1:
        at_edge = sum(any(_edge(value, tried.get(key, {})) for key, value in _values(one)) for one in tuned)
        return (
            f"`{name}` in each of its {len(tuned)} cells, in {at_edge} of them at the edge of what was tried"
        )
    values = ", ".join(
        f"`{key}` {_show(value)}{_edge(value, tried.get(key, {}))}" for key, value in _values(tuned[0])
    )
    return f"`{name}` at {values}" + (
        "" if arm.get("num_trials") else ", which it takes over from another arm"
    )


def _values(tuned: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    return (
        (key, value) for key, given in tuned["settings"].items() if (value := _ordered(given)) is not None
    )


def _ordered(given: object) -> Value | None:
    """Return a number, or one for each layer, as something that can be compared; None for what cannot be."""
    if isinstance(given, int | float):
        return (given,)
    if isinstance(given, list) and all(isinstance(one, int | float) for one in given):
        return tuple(given)
    return None


def _show(value: Value) -> str:
    numbers = [f"{number:g}" for number in value]
    return numbers[0] if len(numbers) == 1 else f"[{', '.join(numbers)}]"


def _edge(value: Value, tried: Mapping[Value, bool]) -> str:
    """Say where a value lies at the edge of its grid, or at the edge of where training works at all."""
    if len(tried) < 2:
        return ""
    if value <= min(tried):
        return f" (the lowest of {len(tried)} that were tried)"
    if value >= max(tried):
        return f" (the highest of {len(tried)} that were tried)"
    works = [other for other, trained in tried.items() if trained]
    return " (the highest at which it trains)" if works and value >= max(works) else ""


def _tried(runs: Path) -> dict[str, dict[str, dict[Value, bool]]]:
    """List the values that each arm was tried at, and whether some trial with it trained under all seeds."""
    import pandas as pd

    table = pd.read_csv(io.StringIO(read_text(runs)), dtype=str, keep_default_na=False).query(
        "stage == 'tune'"
    )
    found: dict[str, dict[str, dict[Value, bool]]] = {}
    for (arm, tuned), status in table.groupby(["arm", "tuned"], sort=False)["status"]:
        trained = bool((status == "done").all())
        for key, given in json.loads(str(tuned)).items():
            if (value := _ordered(given)) is not None:
                values = found.setdefault(str(arm), {}).setdefault(key, {})
                values[value] = values.get(value, False) or trained
    return found
