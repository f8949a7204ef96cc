"""`regx runs`: what is there, in which state."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from regx.runs.record import RunRecord

__all__ = ["runs"]

HEADER = ("run", "status", "epochs", "valid error", "test error", "images/s")
LEAST_WORDS = 18  # letters of a column of words, before it is folded
SWEEP_HEADER = ("stage", "arm", "seed", *HEADER[1:], "run")


def runs(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder with runs.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the runs in a folder, at any depth, or those of a sweep by arm, with their state.

    Example: regx runs runs --json
    """
    from regx.config.errors import UsageError
    from regx.runs.sweep import is_sweep_folder
    from regx.runs.table import list_run_folders

    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; `regx train` makes one")
    is_sweep = is_sweep_folder(folder)
    found = _describe_sweep(folder) if is_sweep else [_describe(path) for path in list_run_folders(folder)]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    elif not found:
        typer.echo(f"{folder}: holds no run yet; `regx {'sweep' if is_sweep else 'train'}` makes one")
    elif is_sweep:
        _print_table([SWEEP_HEADER, *map(_sweep_cells, found)])
        _print_reasons(found)
    else:
        _print_table([HEADER, *map(_cells, found)])
        _print_reasons(found)


def _describe(path: Path) -> dict[str, Any]:
    """Read the record of one folder; a damaged one is listed with the reason."""
    from regx.runs.folder import RunFolder

    try:
        record = RunFolder(path).read_record()
    except FileNotFoundError:
        return {"path": str(path), "status": "damaged", "reason": "run.json is missing"}
    except (OSError, ValueError) as error:
        return {"path": str(path), "status": "damaged", "reason": str(error)}
    return {
        "path": str(path),
        "status": record.status,
        "name": record.name,
        "seed": record.seed,
        "epochs_completed": record.epochs_completed if record.has_ended else _count_rows(path),
        "valid_error": _valid_error(record),
        "test_error": record.final.test_error if record.final else None,
        "images_per_second": record.images_per_second,
        "reason": record.failure.message if record.failure else None,
    }


def _describe_sweep(folder: Path) -> list[dict[str, Any]]:
    """Read the records of a sweep's runs, in the order in which it lists them."""
    from regx.analysis.arms import read_sweep

    found = []
    for run in read_sweep(folder).runs:
        path = folder.parent / run.folder
        known = {"stage": run.stage, "arm": run.arm, "cell": run.cell, "tuned": run.tuned, "seed": run.seed}
        if not path.is_dir():
            found.append(known | {"path": str(path), "status": "not there", "reason": None})
            continue
        found.append(known | _describe(path))
    return found


def _count_rows(path: Path) -> int:
    """Count the epochs of a run that has not ended; its record is as old as its last checkpoint."""
    from regx.runs.folder import RunFolder
    from regx.runs.metrics import read_rows

    try:
        return len(read_rows(RunFolder(path).metrics))
    except (OSError, ValueError):
        return 0


def _valid_error(record: "RunRecord") -> float | None:
    """Return the final validation error; of a run without one, that of its best epoch."""
    if record.final:
        return record.final.valid_error
    return record.best.valid_error if record.best else None


def _print_table(lines: Sequence[tuple[str, ...]]) -> None:
    """Print a header and its lines: words to the left, numbers to the right.

    On a narrow terminal each line begins with the folder of its run, which is never folded.
    """
    from rich.console import Console

    from regx.cli.columns import print_columns

    console = Console(highlight=False)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    words = [head in ("run", "stage", "arm", "status") for head in lines[0]]
    if sum(widths) + 2 * (len(widths) - 1) > console.width:
        at = lines[0].index("run")
        heads, *rows = ((cells[at], *cells[:at], *cells[at + 1 :]) for cells in lines)
        texts = {index: LEAST_WORDS for index, head in enumerate(heads) if head in ("stage", "arm", "status")}
        print_columns(console, heads, [("", rows)], texts=texts, repeats_first=False, whole_labels=True)
        return
    for cells in lines:
        padded = (
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(cells, widths, words, strict=True)
        )
        typer.echo("  ".join(padded).rstrip())


def _print_reasons(found: list[dict[str, Any]]) -> None:
    """Print why runs ended badly below the table, where there is room."""
    for run in found:
        if run["reason"]:
            typer.echo(f"\n{run['status']}: {run['path']}: {run['reason']}")


def _sweep_cells(run: dict[str, Any]) -> tuple[str, ...]:
    from regx.analysis.arms import show_cell_of

    values = run["cell"] | (run["tuned"] if run["stage"] == "tune" else {})
    path, status, *others = _cells(run)
    arm = " ".join([run["arm"], *show_cell_of(values)])
    return (run["stage"], arm, str(run["seed"]), status, *others, Path(path).name)


def _cells(run: dict[str, Any]) -> tuple[str, ...]:
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
