"""`regx compare`: which overfits less, which converges faster, and what differs."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regx.cli import options
from regx.cli.completion import offer_compared
from regx.cli.output import echo, plain_console, say

if TYPE_CHECKING:
    from regx.compare.compare import Comparison
    from regx.compare.select import Selection

__all__ = ["compare"]

MOST_DRAWN = 24  # groups of a figure: more cannot be told apart


def compare(  # one parameter per option of the command
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [MORE...]",
            help="Each one: a run, a folder of runs, a quoted pattern, a sweep, or SWEEP:ARM.",
            autocompletion=offer_compared,
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for compare.csv, compare.md and the figures.", show_default=False),
    ] = None,
    target_error: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Validation error for time to target, as a fraction.", show_default=False
        ),
    ] = None,
    as_json: options.Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV and nothing else.")] = False,
    as_md: Annotated[bool, typer.Option("--md", help="Print Markdown and nothing else.")] = False,
) -> None:
    """Compare runs: how much they overfit, how fast they converge.

    Runs that differ only in the seed are one group. Each group is compared with the first.
    Example: regx compare runs/digits_toggles:plain runs/digits_toggles:dropout --out comparison
    """
    from regx.compare import data, tables
    from regx.compare.compare import compare as measure
    from regx.compare.groups import group_selections
    from regx.config.errors import UsageError

    if as_json + as_csv + as_md > 1:
        raise UsageError("--json, --csv and --md: choose one")
    if target_error is not None and not 0 < target_error < 1:
        raise UsageError(f"--target-error {target_error:g}: is a fraction between 0 and 1, e.g. 0.02 for 2 %")
    with _uncollected():
        groups = group_selections(_select(runs))
        axis = groups[0].axis
        if axis and target_error is not None:
            raise UsageError(
                f"--target-error: no measure over a grid of {axis} has a target; leave it out, or name one "
                f"cell of each arm (SWEEP:ARM,{axis}=VALUE)"
            )
        comparison = measure(groups, target_error=target_error)
    saved = [] if out is None else _save(comparison, out)
    if as_json:
        echo(data.as_json(comparison), nl=False)
    elif as_csv:
        echo(data.as_csv(comparison), nl=False)
    elif as_md:
        echo(tables.as_markdown(comparison), nl=False)
    else:
        _print(comparison)
    for path in saved:
        say(f"wrote {path}")
    if saved and len(groups) > MOST_DRAWN and not axis:
        say(f"note: the figures show the first {MOST_DRAWN} groups; name those that you want to see first.")


@contextmanager
def _uncollected() -> Iterator[None]:
    """Switch garbage collection off: thousands of runs are all kept, and searching them takes long."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _select(arguments: Sequence[str]) -> "list[Selection]":
    """Load what the arguments name."""
    from regx.compare.select import select

    selections = []
    for argument in arguments:
        found = select(argument)
        configs = {run.record.config_hash for selection in found for run in selection.runs}
        if len(configs) > 1 and not found[0].arm:
            say(f"{argument}: holds {len(configs)} configs, compared as groups of their own.")
        selections += found
    return selections


def _save(comparison: "Comparison", out: Path) -> list[Path]:
    """Write tables and figures, each whole or not at all."""
    from regx.compare.data import as_csv
    from regx.compare.tables import as_markdown
    from regx.reading import OTHER_OUT, advising
    from regx.runs.files import write_text

    name = "grid" if comparison.axis else "compare"
    with advising(OTHER_OUT):
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / f"{name}.csv", as_csv(comparison))
        write_text(out / f"{name}.md", as_markdown(comparison))
        figures = _draw_grid(comparison, out) if comparison.axis else _draw_runs(comparison, out)
    return [out / f"{name}.csv", out / f"{name}.md", *figures]


def _draw_grid(comparison: "Comparison", out: Path) -> list[Path]:
    from regx.figures.grid import save_grid

    save_grid(out / "grid.svg", comparison)
    return [out / "grid.svg"]


def _draw_runs(comparison: "Comparison", out: Path) -> list[Path]:
    from regx.figures.compare import has_pairs, save_convergence, save_differences, save_overfitting

    overfitting, convergence, differences = (
        out / f"{name}.svg" for name in ("overfitting", "convergence", "differences")
    )
    drawn = comparison.head(MOST_DRAWN)
    save_overfitting(overfitting, drawn)
    save_convergence(convergence, drawn)
    differences.unlink(missing_ok=True)  # of an earlier comparison
    if not has_pairs(drawn):
        return [overfitting, convergence]
    save_differences(differences, drawn)
    return [overfitting, convergence, differences]


def _print(comparison: "Comparison") -> None:
    """Print the tables, their basis, and last the conclusion, where the reader looks first."""
    from regx.cli.columns import print_columns
    from regx.compare import tables
    from regx.compare.notes import notes
    from regx.compare.words import conclude

    console = plain_console()
    for table in tables.terminal_tables(comparison):
        for line in table.above:
            console.print(line)
        print_columns(console, table.heads, table.sections)
        if table.below:
            console.print(f"{table.below}\n", style="dim")
    for line in tables.captions(comparison):
        console.print(line, style="dim")
    for line in notes(comparison):
        console.print(f"note: {line}")
    console.print()
    for line in conclude(comparison):
        console.print(line)
