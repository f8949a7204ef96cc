"""How the arms of a claim were tuned: who looks for an unfair comparison looks here first."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regx.claims.results import ResultsFolder, RunRow
    from regx.runs.sweep import ArmRecord, Tuned

__all__ = ["show_tuning"]

Value = tuple[float, ...]  # of a setting: one number, or one for each layer
Tried = Mapping[Value, bool]  # the values of one setting, and whether training works there


def show_tuning(folder: "ResultsFolder", claim_id: str) -> str:
    """Say at which values the arms of a claim ran, and which of them are at the edge of what was tried.

    Args:
        folder: Of the results: lock.json has what was chosen, runs.csv, where it is there, what was tried.
        claim_id: Of the claim, or of one of its settings.
    """
    lock = folder.read_lock()
    parts = lock.claims[claim_id].parts
    used = {arm for part in parts for arm in part.arms}
    arms = [arm for arm in lock.arms if arm.name in used and arm.tuned]
    if not arms:
        return "nothing was tuned"
    tried = _tried(folder)
    return f"tuned by {lock.tune_by}: " + "; ".join(_arm(arm, tried.get(arm.name, {})) for arm in arms)


def _arm(arm: "ArmRecord", tried: Mapping[str, Tried]) -> str:
    name, cells = arm.name, arm.tuned
    if len(cells) > 1:
        at_edge = sum(any(edge for _, _, edge in _values(cell, tried)) for cell in cells)
        return f"{name} in each of its {len(cells)} cells, {at_edge} at an edge of what was tried"
    values = [
        f"{key} {_show(value)}{f' ({edge})' if edge else ''}" for key, value, edge in _values(cells[0], tried)
    ]
    return f"{name} {', '.join(values)}" + ("" if arm.num_trials else " (taken over from another arm)")


def _values(cell: "Tuned", tried: Mapping[str, Tried]) -> Iterator[tuple[str, Value, str]]:
    """List what was chosen: the setting, its value, and whether that is an edge of what was tried."""
    for key, given in cell.settings.items():
        value = _ordered(given)
        if value is not None:
            yield key, value, _edge(value, tried.get(key, {}))


def _ordered(given: object) -> Value | None:
    """Return a number, or one for each layer, as something that can be compared; None for what cannot be."""
    values: list[Any] = given if isinstance(given, list) else [given]
    return tuple(values) if all(isinstance(one, int | float) for one in values) else None


def _show(value: Value) -> str:
    numbers = [f"{number:g}" for number in value]
    return numbers[0] if len(numbers) == 1 else f"[{', '.join(numbers)}]"


def _edge(value: Value, tried: Tried) -> str:
    """Say whether a value is at the edge of its grid, or at the edge of where training works at all."""
    if len(tried) < 2:
        return ""
    if value <= min(tried):
        return f"lowest of {len(tried)}"
    if value >= max(tried):
        return f"highest of {len(tried)}"
    works = [other for other, trains in tried.items() if trains]
    return "highest that trains" if works and value >= max(works) else ""


def _tried(folder: "ResultsFolder") -> dict[str, dict[str, dict[Value, bool]]]:
    """List, by arm and setting, each value tried, and whether a trial with it trained under all seeds."""
    trials: dict[tuple[str, str], list[RunRow]] = {}
    for row in folder.read_runs():
        if row.stage == "tune":
            trials.setdefault((row.arm, str(row.tuned)), []).append(row)
    found: dict[str, dict[str, dict[Value, bool]]] = {}
    for (arm, _), rows in trials.items():
        trained = all(row.status == "done" for row in rows)
        for key, given in rows[0].tuned.items():
            if (value := _ordered(given)) is not None:
                values = found.setdefault(arm, {}).setdefault(key, {})
                values[value] = values.get(value, False) or trained
    return found
