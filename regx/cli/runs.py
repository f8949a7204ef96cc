"""`regx runs`: what is there, in which state; and what of it may go."""

import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regx.cli import options
from regx.cli.output import echo, plain_console, print_json, say
from regx.text import counted

if TYPE_CHECKING:
    from regx.runs.listing import FoundSweep
    from regx.runs.query import Row

__all__ = ["runs"]

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


def runs(  # noqa: PLR0913, PLR0917  # one parameter per option of the command
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder with runs.")] = Path("runs"),
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="List only runs that meet this, e.g. status=failed or seed>3 (= != < <= > >=). Repeatable.",
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Sort by a key. -KEY: the largest first.", show_default=False),
    ] = None,
    trials: Annotated[bool, typer.Option("--trials", help="List also the trials of a tuning.")] = False,
    each: Annotated[
        bool, typer.Option("--each", "--all", help="List every run of a sweep on its own line.")
    ] = False,
    delete: Annotated[
        bool, typer.Option("--delete", help="Remove the runs that are listed, after a question.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: options.Json = False,
) -> None:
    """List the runs in a folder and below it, with their state. The runs of a sweep are listed by arm.

    In a folder with sweeps, each sweep is one line. --each, --where, --sort and --delete list single runs.

    Example: regx runs --where status=failed --where 'optim.lr>0.1' --sort test_error
    """
    from regx.config.errors import UsageError
    from regx.runs.listing import list_folder, list_sweep
    from regx.runs.path_kind import is_there, what_is
    from regx.runs.query import Condition, Order, select
    from regx.runs.sweep import is_sweep_folder

    conditions = [Condition.parse(text) for text in where or []]
    order = Order.parse(sort) if sort is not None else None
    if not is_there(folder) or not folder.is_dir():
        raise UsageError(f"{folder}: {what_is(folder)}")
    is_sweep = is_sweep_folder(folder)
    found, sweeps = (list_sweep(folder), []) if is_sweep else list_folder(folder)
    if not as_json and not found and not sweeps:
        echo(f"{folder}: holds no run yet; `regx {'sweep' if is_sweep else 'train'}` makes one")
        return
    if not (is_sweep or each or conditions or order or delete or as_json):
        _print_overview(found, sweeps)
        return
    for sweep in sweeps:
        if sweep.damage:
            say(f"damaged: {sweep.damage}")
    matching = select(found, conditions, order)
    listed = [row for row in matching if trials or not row["is_trial"]]
    if as_json:
        print_json([{key: value for key, value in row.items() if key != "is_trial"} for row in listed])
    elif listed:
        _print_runs(listed, is_sweep=is_sweep, by=order.key if order else "")
    else:
        echo(f"{folder}: no run meets these conditions" if conditions else f"{folder}: holds trials only")
    if hidden := len(matching) - len(listed):
        say(f"left out: {counted(hidden, 'trial')} of a tuning; --trials lists them.")
    if delete:
        raise typer.Exit(_delete(listed, asked=yes))


def _print_overview(found: Sequence["Row"], sweeps: Sequence["FoundSweep"]) -> None:
    """Print a line for each sweep, and one for each run that is part of none."""
    _print_sweeps(sweeps, found)
    alone = [row for row in found if not row["sweeps"]]
    if sweeps and alone:
        echo()
    _print_runs(alone, is_sweep=False)
    if sweeps:
        say(f"`regx runs {sweeps[0].path}` lists the runs of one sweep, --each those of all.")


def _print_runs(found: Sequence["Row"], *, is_sweep: bool, by: str = "") -> None:
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


def _print_sweeps(sweeps: Sequence["FoundSweep"], runs: Sequence["Row"]) -> None:
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


def _delete(listed: Sequence["Row"], *, asked: bool) -> int:
    """Remove runs that the user has seen listed.

    Args:
        listed: The runs, as `regx runs` describes them; one may stand there several times.
        asked: Whether the question is answered already.

    Returns:
        The exit code: 1 where a folder stayed that was listed.

    Raises:
        UsageError: If there is nobody to ask.
    """
    from regx.config.errors import UsageError
    from regx.runs.remove import why_kept

    owners = {Path(row["path"]): row["sweeps"] for row in listed if row["status"] != "not there"}
    with ExitStack() as locks:
        busy = _hold_sweeps({path.parent for path in owners}, locks)
        reasons = {path: busy.get(path.parent) or why_kept(path) for path in owners}
        for path, reason in reasons.items():
            if reason:
                say(f"kept: {path}: {reason}")
        going = [path for path, reason in reasons.items() if not reason]
        if not going:
            say("nothing to remove.")
            return int(bool(owners))
        runs = counted(len(going), "run")
        if not asked:
            if not sys.stdin.isatty():
                raise UsageError(
                    f"--delete: asks on a terminal before it removes {runs}; elsewhere give --yes"
                )
            if not typer.confirm(f"remove {runs}?", default=False, err=True):
                return 0
        gone = [path for path in going if _remove(path)]
    say(f"removed {len(gone)} of {runs}." if len(gone) < len(going) else f"removed {runs}.")
    sweeps = sorted({sweep for path in gone for sweep in owners[path]})
    if sweeps:
        more = f" and {len(sweeps) - 3} more" if len(sweeps) > 3 else ""
        say(
            f"note: {', '.join(sweeps[:3])}{more} had some of them; the next `regx sweep` trains those again."
        )
    return int(len(gone) < len(owners))


def _hold_sweeps(folders: set[Path], locks: ExitStack) -> dict[Path, str]:
    """Keep sweeps out of folders of runs; where one is at work, say so."""
    from regx.runs.lock import hold
    from regx.sweeps.ledger import LOCK_NAME

    busy = {}
    for folder in folders:
        lock = folder / LOCK_NAME
        if not lock.exists():  # no sweep was ever here
            continue
        try:
            locks.enter_context(hold(lock))
        except BlockingIOError:
            busy[folder] = f"a sweep is at work in {folder}"
    return busy


def _remove(path: Path) -> bool:
    """Remove one run; where it stays, say why."""
    from regx.runs.remove import remove_run

    try:
        reason = remove_run(path)
    except OSError as error:
        path, reason = Path(error.filename or path), f"cannot be removed ({error.strerror})"
    if reason:
        say(f"kept: {path}: {reason}")
    return not reason
