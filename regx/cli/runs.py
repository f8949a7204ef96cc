"""`regx runs`: what is there, in which state; and what of it may go."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regx.cli import options
from regx.cli.output import echo, print_json, say
from regx.cli.runs_text import print_runs, print_sweeps
from regx.text import counted

if TYPE_CHECKING:
    from regx.runs.listing import FoundSweep
    from regx.runs.query import Row

__all__ = ["runs"]


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
        print_runs(listed, is_sweep=is_sweep, by=order.key if order else "")
    else:
        echo(f"{folder}: no run meets these conditions" if conditions else f"{folder}: holds trials only")
    if hidden := len(matching) - len(listed):
        say(f"left out: {counted(hidden, 'trial')} of a tuning; --trials lists them.")
    if delete:
        from regx.cli.runs_delete import delete_runs

        raise typer.Exit(delete_runs(listed, asked=yes))


def _print_overview(found: Sequence["Row"], sweeps: Sequence["FoundSweep"]) -> None:
    """Print a line for each sweep, and one for each run that is part of none."""
    print_sweeps(sweeps, found)
    alone = [row for row in found if not row["sweeps"]]
    if sweeps and alone:
        echo()
    print_runs(alone, is_sweep=False)
    if sweeps:
        say(f"`regx runs {sweeps[0].path}` lists the runs of one sweep, --each those of all.")
