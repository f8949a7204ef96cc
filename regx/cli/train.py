"""`regx train`: one config, one seed or several, a folder for each."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regx.cli import options
from regx.cli.completion import offer_configs, offer_devices, offer_settings
from regx.cli.data import load_data
from regx.cli.output import ExitCode, echo, print_json, say
from regx.cli.progress import observer_for, stop_on_signals

if TYPE_CHECKING:
    from regx.config import RunConfig
    from regx.data.load import Dataset
    from regx.runs.folder import RunFolder
    from regx.runs.record import RunRecord
    from regx.training.observer import Observer

__all__ = ["train"]

WHAT_HELPS = {
    "non_finite": "What usually helps: a smaller optim.lr, optim.max_norm, or model.batch_norm.",
    "no_learning": "What usually helps: a tenth of optim.lr, or ten times, more epochs, or model.batch_norm.",
}


def train(  # noqa: PLR0913, PLR0917  # one parameter per option of the command
    config: Annotated[
        Path,
        typer.Argument(
            help="YAML file of the run, or - for standard input.",
            autocompletion=offer_configs,
            show_default=False,
        ),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change a value by its dotted path. Repeatable.",
            autocompletion=offer_settings,
        ),
    ] = None,
    seed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SEEDS",
            help="Seed instead of the config's. 0-4 or 0,1,7: several, one after another.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder that the run's folder goes into.")] = Path("runs"),
    device: Annotated[
        str | None,
        typer.Option(
            help="auto, cpu, cuda or mps, instead of the config's.",
            autocompletion=offer_devices,
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin again, even if the folder has results.")
    ] = False,
    offline: options.Offline = False,
    keep_checkpoint: Annotated[
        bool, typer.Option("--keep-checkpoint", help="Keep the trained weights in checkpoint.pt.")
    ] = False,
    checkpoint_seconds: Annotated[float, typer.Option(min=0, help="Time between two checkpoints.")] = 30.0,
    as_json: options.Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the run's folder and nothing else.")] = False,
) -> None:
    """Train a run for each seed. An interrupted run continues. A finished run is not trained again.

    Example: regx train configs/mnist_cnn.yaml --set model.drop_prob.hidden=0.2 --seed 1
    """
    from regx.config import load_run
    from regx.config.warnings import run_warnings
    from regx.runs.folder import RunFolder
    from regx.runs.path_kind import refuse_no_yaml

    refuse_no_yaml(config)
    seeds = _parse(seed)
    first = load_run(config, overrides or [], seed=seeds[0] if seeds else None, device=device)
    every = [first.model_copy(update={"seed": number}) for number in seeds] or [first]
    wanted = {RunFolder.for_config(settings, out): settings for settings in every}
    if not quiet:
        for notice in run_warnings(first):
            say(f"note: {notice}")
    finished = {folder: record for folder in wanted if not fresh and (record := _finished(folder))}
    dataset = None if len(finished) == len(wanted) else load_data(first, offline=offline, quiet=quiet)
    wishes = {"fresh": fresh, "keep_checkpoint": keep_checkpoint, "checkpoint_seconds": checkpoint_seconds}
    trained: dict[RunFolder, RunRecord | None] = {}
    with stop_on_signals() as stop:
        for folder, settings in wanted.items():
            if stop.wanted:
                break
            if record := finished.get(folder):
                _tidy_finished(record, folder, keep_checkpoint=keep_checkpoint, quiet=quiet)
            else:
                assert dataset is not None
                with observer_for(settings, stop, quiet=quiet) as observer:
                    record = _train(settings, folder, dataset, observer, wishes, alone=len(wanted) == 1)
            trained[folder] = record
            if record:
                if folder not in finished or not folder.curves.exists():
                    _draw_curves(folder, record, settings)
                _print_ending(record, folder, quiet=quiet, as_json=as_json)
    if as_json and trained:
        _print_records(trained, is_list=len(wanted) > 1)
    if left := len(wanted) - len(trained):
        say(f"not started: {left} of the seeds; the same command trains them.")
    elif len(wanted) > 1 and not (quiet or as_json):
        others = "# add the runs of another config: the two are compared seed by seed"
        echo(f"next: regx compare {_pattern(first, out)}   {others}")
    was_stopped = left or any(record and record.status == "interrupted" for record in trained.values())
    raise typer.Exit(stop.exit_code if was_stopped else max(map(_exit_code, trained.values())))


def _train(
    settings: "RunConfig",
    folder: "RunFolder",
    dataset: "Dataset",
    observer: "Observer",
    wishes: dict[str, Any],
    *,
    alone: bool,
) -> "RunRecord | None":
    """Train one run. None if another process is training it: other seeds do not wait for that."""
    from regx.runs.folder import FolderBusyError
    from regx.training.run import train_run

    try:
        return train_run(settings, folder, dataset, observer, **wishes)
    except FolderBusyError as error:
        if alone:
            raise
        say(str(error))
        return None


def _exit_code(record: "RunRecord | None") -> ExitCode:
    if record is None:
        return ExitCode.WRONG_USAGE
    return ExitCode.RUN_FAILED if record.status == "diverged" else ExitCode.DONE


def _parse(seeds: list[str] | None) -> tuple[int, ...]:
    """Read what stands after --seed; given several times, it adds up.

    Raises:
        UsageError: If it is no list of seeds.
    """
    from regx.config.errors import UsageError
    from regx.config.sections.fields import parse_seeds

    if seeds is None:
        return ()
    text = ",".join(seeds)
    try:
        return parse_seeds(text)
    except ValueError as error:
        raise UsageError(f"--seed {text[:60]}: {error}") from None


def _tidy_finished(record: "RunRecord", folder: "RunFolder", *, keep_checkpoint: bool, quiet: bool) -> None:
    """Clear up after a run that has ended, and say that there is nothing to train."""
    folder.remove_leftovers()
    if quiet:
        return
    say(f"seed {record.seed}: already trained; --fresh trains it again.")
    if keep_checkpoint and not folder.checkpoint.exists():
        say("note: its weights were not kept; with --fresh they will be.")


def _pattern(settings: "RunConfig", out: Path) -> str:
    """Write the shell pattern for the folders of a config under all seeds."""
    import glob
    import shlex

    from regx.config import config_hash

    name = f"{glob.escape(settings.name)}-s*-{config_hash(settings)}"
    return shlex.quote(str(Path(glob.escape(str(out))) / name))


def _finished(folder: "RunFolder") -> "RunRecord | None":
    """Read the record of a finished run; None if something is left to train."""
    from regx.config.errors import UsageError
    from regx.runs.folder import NoRecord

    try:
        found = folder.find_earlier_record()
    except ValueError as error:
        raise UsageError(f"{error}; --fresh trains the run again") from None
    return None if isinstance(found, NoRecord) or not found.has_ended else found


def _draw_curves(folder: "RunFolder", record: "RunRecord", settings: "RunConfig") -> None:
    """Draw the curves of a run; of an interrupted one, as far as it came."""
    from regx.figures.run import save_curves
    from regx.runs.metrics import read_rows

    if record.epochs_completed:
        title = f"{settings.name}, seed {settings.seed}"
        save_curves(folder.curves, read_rows(folder.metrics), record, title=title)


def _print_records(trained: Mapping["RunFolder", "RunRecord | None"], *, is_list: bool) -> None:
    """Print the records of all runs as JSON; that of the only seed as it is."""
    described = [
        {"run": str(folder.path), **record.model_dump(mode="json")}
        for folder, record in trained.items()
        if record
    ]
    print_json(described if is_list else described[0])


def _print_ending(record: "RunRecord", folder: "RunFolder", *, quiet: bool, as_json: bool) -> None:
    """Say how the run ended: bad news on stderr, the folder on stdout."""
    if said := record.failure or record.note:
        word = f"note: {record.ending}" if record.note else record.status
        say(f"{word}, epochs completed: {record.epochs_completed}; {said.message}.")
        say(WHAT_HELPS[said.kind])
    if record.status == "interrupted":
        say(f"interrupted at step {record.steps_completed:,}; the same command continues from there.")
    if as_json:
        return
    if quiet:
        echo(folder.path)
        return
    if record.final:
        final = record.final
        echo(
            f"test error {final.test_error:.2%}  (validation {final.valid_error:.2%}, "
            f"training {final.train_error:.2%}), loss gap {final.test_loss - final.train_loss:.3f} nats"
        )
    echo(f"{record.status}: {folder.path}")
    if folder.curves.exists():
        echo(f"curves: {folder.curves}")
