"""`regx runs`: what is there, in which state."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from regx.runs.record import RunRecord

__all__ = ["runs"]

HEADER = ("run", "status", "epochs", "valid error", "test error", "images/s")


def runs(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder with runs.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the runs in a folder, at any depth, with their state.

    Example: regx runs runs --json
    """
    from regx.config.errors import UsageError
    from regx.runs.table import list_run_folders

    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder; `regx train` makes one")
    found = [_describe(path) for path in list_run_folders(folder)]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    elif not found:
        typer.echo(f"{folder}: holds no run yet; `regx train CONFIG` makes one")
    else:
        _print_table(found)


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


def _print_table(found: list[dict[str, Any]]) -> None:
    """Print one line per run; reasons stand below the table, where they have room."""
    lines = [HEADER, *(_cells(run) for run in found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for cells in lines:
        first, *others = (
            cell.ljust(width) if index < 2 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        typer.echo("  ".join([first, *others]).rstrip())
    for run in found:
        if run["reason"]:
            typer.echo(f"\n{run['status']}: {run['path']}: {run['reason']}")


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
