"""The tables of `regx runs`: one line for each run, one for each sweep."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regx.cli.output import echo, plain_console

if TYPE_CHECKING:
    from regx.runs.listing import FoundSweep
    from regx.runs.query import Row

__all__ = ["print_runs", "print_sweeps"]

HEADER = ("run", "status", "epochs", "valid error", "test error", "images/s")
SWEEP_HEADER = ("stage", "arm", "seed", *HEADER[1:], "run")
LEAST_WORDS = 18  # letters of a column of words, before it is folded
TO_THE_LEFT = ("run", "stage", "arm", "status", "sweep", "runs")
# States of a sweep's runs in the order in which they are told.
STATES = ("done", "stopped", "diverged", "running", "interrupted", "failed", "damaged", "left")
SHOWN = {  # keys of a row that the table shows already
    "path", "status", "name", "seed", "epochs_completed", "valid_error", "test_error", "images_per_second",
    "reason", "sweeps", "is_trial", "stage", "arm", "cell", "tuned", "seconds",
}  # fmt: skip


def print_runs(found: Sequence["Row"], *, is_sweep: bool, by: str = "") -> None:
    """Print one line for each run, and below why runs ended badly.

    Args:
        found: The runs.
        is_sweep: Whether they are those of one sweep, by arm.
        by: What they are ordered by, which has a column then.
    """
    if not found:
        return
    asked = dict.fromkeys(key for row in found for key in row if key not in SHOWN)
    keys = [*asked, *(["seconds"] if by == "seconds" else [])]
    header = (*(SWEEP_HEADER if is_sweep else HEADER), *keys)
    cells = _sweep_cells if is_sweep else _cells
    _print_table([header, *((*cells(row), *(_value(row.get(key)) for key in keys)) for row in found)])
    for row in {row["path"]: row for row in found}.values():
        if row["reason"]:
            echo(f"\n{row['status']}: {row['path']}: {row['reason']}")


def print_sweeps(sweeps: Sequence["FoundSweep"], runs: Sequence["Row"]) -> None:
    """Print one line for each sweep, from the runs of their folder."""
    if not sweeps:
        return
    lines = [("sweep", "arms x seeds", "runs")]
    for sweep in sweeps:
        record = sweep.record
        shape = f"{len(record.arms)} x {len(record.seeds)}" if record else "-"
        lines.append((str(sweep.path), shape, _states(sweep, runs) if record else "damaged"))
    _print_table(lines)
    for sweep in sweeps:
        if sweep.damage:
            echo(f"\ndamaged: {sweep.damage}")


def _states(sweep: "FoundSweep", runs: Sequence["Row"]) -> str:
    compared, tried, num_earlier = sweep.num_runs(runs)
    words = [_count(compared) or "still tuning"]
    if tried:
        words.append(f"trials: {_count(tried)}")
    if num_earlier:
        words.append(f"of earlier versions: {num_earlier}")
    return "; ".join(words)


def _count(states: "Counter[str]") -> str:
    return ", ".join(f"{states[state]} {state}" for state in STATES if states[state])


def _print_table(lines: Sequence[tuple[str, ...]]) -> None:
    from regx.cli.columns import print_lines

    heads, *rows = lines
    texts = {at: LEAST_WORDS for at, head in enumerate(heads) if head in TO_THE_LEFT}
    label = "sweep" if "sweep" in heads else "run"
    print_lines(plain_console(), heads, rows, label=label, texts=texts)


def _sweep_cells(run: "Row") -> tuple[str, ...]:
    from regx.compare.select import show_cell_of

    values = run["cell"] | (run["tuned"] if run["stage"] == "tune" else {})
    path, status, *others = _cells(run)
    arm = " ".join([run["arm"], *show_cell_of(values)])
    return (run["stage"], arm, str(run["seed"]), status, *others, Path(path).name)


def _cells(run: "Row") -> tuple[str, ...]:
    def shown(key: str, form: str) -> str:
        value = run.get(key)
        return "-" if value is None else format(value, form)

    return (
        run["path"],
        run["status"],
        shown("epochs_completed", "d"),
        shown("valid_error", ".2%"),
        shown("test_error", ".2%"),
        shown("images_per_second", ",.0f"),
    )


def _value(value: Any) -> str:
    from regx.config.messages import show

    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else value if isinstance(value, str) else show(value)
