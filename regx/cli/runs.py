"""`regx runs`: what is there, in which state; and what of it may go."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regx.cli.json_output import JsonOption, print_json
from regx.cli.output import echo, say
from regx.cli.runs_text import print_runs, print_sweeps
from regx.text import counted

if TYPE_CHECKING:
    from regx.runs.record import RunRecord

__all__ = ["runs"]


def runs(  # noqa: PLR0913, PLR0917  # one parameter per option of the command
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder with runs.")] = Path("runs"),
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="Only runs like this, e.g. status=failed; on numbers also <, >, <=, >=; !=. Repeatable.",
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Order by a key; -KEY: the largest first.", show_default=False),
    ] = None,
    trials: Annotated[bool, typer.Option("--trials", help="Also the trials of a tuning.")] = False,
    each: Annotated[
        bool, typer.Option("--each", "--all", help="The runs of sweeps, too, line by line.")
    ] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Remove what is listed, after asking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the runs in a folder. At any depth, with their state; those of a sweep by arm.

    In a folder with sweeps each sweep is one line; --each, --where, --sort and --delete go run by run.

    Example: regx runs --where status=failed --where 'optim.lr>0.1' --sort test_error
    """
    from regx.config.errors import UsageError
    from regx.runs.path_kind import is_there, what_is
    from regx.runs.query import Condition, Order, select
    from regx.runs.sweep import is_sweep_folder

    conditions = [Condition.parse(text) for text in where or []]
    order = Order.parse(sort) if sort is not None else None
    if not is_there(folder) or not folder.is_dir():
        raise UsageError(f"{folder}: {what_is(folder)}")
    is_sweep = is_sweep_folder(folder)
    found, sweeps = _of_sweep(folder) if is_sweep else _below(folder)
    if not as_json and not found and not sweeps:
        echo(f"{folder}: holds no run yet; `regx {'sweep' if is_sweep else 'train'}` makes one")
        return
    if not (is_sweep or each or conditions or order or delete or as_json):
        print_sweeps([_count_up(path, records, found) for path, records in sweeps.items()])
        alone = [row for row in found if not row["sweeps"]]
        if sweeps and alone:
            echo()
        print_runs(alone, is_sweep=False)
        if sweeps:
            say(f"`regx runs {next(iter(sweeps))}` lists the runs of one sweep, --each those of all.")
        return
    for records in sweeps.values():
        if isinstance(records[0], str):
            say(f"damaged: {records[0]}")
    matching = [dict(row) for row in select(found, conditions, order)]
    listed = [row for row in matching if trials or not row["is_trial"]]
    if as_json:
        print_json([_plain(row) for row in listed])
    elif listed:
        print_runs(listed, is_sweep=is_sweep, by=order.key if order else "")
    else:
        echo(f"{folder}: no run is like that" if conditions else f"{folder}: holds trials only")
    if hidden := len(matching) - len(listed):
        say(f"left out: {counted(hidden, 'trial')} of a tuning; --trials lists them.")
    if delete:
        from regx.cli.runs_delete import delete_runs

        raise typer.Exit(delete_runs(listed, asked=yes))


def _describe(path: Path) -> dict[str, Any]:
    """Read the record of one folder; a damaged one is listed with the reason."""
    from regx.reading import explain
    from regx.runs.folder import RunFolder

    folder = RunFolder(path)
    try:
        record = folder.read_record()
    except FileNotFoundError:
        return {"path": str(path), "status": "damaged", "reason": "run.json is missing"}
    except OSError as error:
        return {"path": str(path), "status": "damaged", "reason": explain(error)}
    except ValueError as error:
        return {"path": str(path), "status": "damaged", "reason": f"{error}; {folder.how_to_repair()}"}
    return {
        "path": str(path),
        "status": record.status,
        "name": record.name,
        "seed": record.seed,
        "epochs_completed": record.epochs_completed if record.has_ended else _count_rows(path),
        "valid_error": _valid_error(record),
        "test_error": record.final.test_error if record.final else None,
        "images_per_second": record.images_per_second,
        "seconds": record.seconds,
        "reason": said.message if (said := record.failure or record.note) else None,
    }


def _below(folder: Path) -> tuple[list[dict[str, Any]], dict[Path, list[Any]]]:
    """Describe the runs at any depth, each with the sweeps that it is part of; and those sweeps' records."""
    from regx.runs.table import list_runs_and_sweeps

    paths, sweep_paths = list_runs_and_sweeps(folder)
    sweeps = {path: _records(path) for path in sweep_paths}
    stages = _stages(sweeps)
    found = []
    for path in paths:
        parts = stages.get(path, [])
        is_trial = bool(parts) and all(stage == "tune" for _, stage in parts)
        owners = list(dict.fromkeys(str(sweep) for sweep, _ in parts))
        found.append(_describe(path) | {"sweeps": owners, "is_trial": is_trial})
    return found, sweeps


def _of_sweep(folder: Path) -> tuple[list[dict[str, Any]], dict[Path, list[Any]]]:
    """Describe a sweep's runs, in the order in which it lists them."""
    from regx.compare.select import read_sweep
    from regx.runs.sweep import is_sweep_folder

    if folder.name in ("", ".."):  # its runs lie beside it, wherever that is
        folder = folder.resolve()
    others = [path for path in folder.parent.iterdir() if is_sweep_folder(path)]
    stages = _stages({path: _records(path) for path in others})
    found = []
    for run in read_sweep(folder).runs:
        path = folder.parent / run.folder
        known = {"stage": run.stage, "arm": run.arm, "cell": run.cell, "tuned": run.tuned, "seed": run.seed}
        owners = list(dict.fromkeys(str(sweep) for sweep, _ in stages.get(path, [])))
        known |= {"sweeps": owners, "is_trial": run.stage == "tune"}
        if not path.is_dir():
            found.append(known | {"path": str(path), "status": "not there", "reason": None})
            continue
        found.append(known | _describe(path))
    return found, {}


def _records(path: Path) -> list[Any]:
    """Read the record of a sweep, and those of its earlier versions; for a damaged one its reason stands."""
    from regx.reading import explain
    from regx.runs.sweep import SweepFolder, SweepRecord

    folder = SweepFolder(path)
    records: list[Any] = []
    for file in (folder.record, *folder.earlier_records):
        try:
            records.append(SweepRecord.read(file))
        except (OSError, ValueError) as error:
            records.append(explain(error))
    return records


def _stages(sweeps: dict[Path, list[Any]]) -> dict[Path, list[tuple[Path, str]]]:
    """Say of each run's folder in which sweeps it is, and in which stage there."""
    stages: dict[Path, list[tuple[Path, str]]] = {}
    for path, records in sweeps.items():
        for record in records:
            for run in () if isinstance(record, str) else record.runs:
                stages.setdefault(path.parent / run.folder, []).append((path, run.stage))
    return stages


def _count_up(path: Path, records: list[Any], found: list[dict[str, Any]]) -> dict[str, Any]:
    """Count the states of a sweep's runs; a run of several arms or cells counts once."""
    from collections import Counter

    record = records[0]
    if isinstance(record, str):
        return {"path": str(path), "reason": record}
    status = {row["path"]: row["status"] for row in found if str(path) in row["sweeps"]}
    states = {}
    for stage in ("confirm", "tune"):
        folders = {str(path.parent / run.folder) for run in record.runs if run.stage == stage}
        states[stage] = Counter(status.get(folder, "left") for folder in folders)
    now = {str(path.parent / run.folder) for run in record.runs}
    return {
        "path": str(path),
        "reason": None,
        "arms": len(record.arms),
        "seeds": len(record.seeds),
        "confirm": states["confirm"],
        "tune": states["tune"],
        "earlier": len(status.keys() - now),
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "is_trial"}


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
