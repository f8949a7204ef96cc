"""`regx train`: one config, one seed, one folder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regx.cli.data import fetch_display
from regx.cli.progress import observer_for, say
from regx.cli.signals import stop_on_signals

if TYPE_CHECKING:
    from regx.config import RunConfig
    from regx.runs.folder import RunFolder
    from regx.runs.record import RunRecord

__all__ = ["train"]

DIVERGED_HELP = {
    "non_finite": "What usually helps: a smaller optim.lr, optim.max_norm, or model.batch_norm.",
    "no_learning": "What usually helps: a tenth of optim.lr, or ten times, more epochs, or model.batch_norm.",
}


def train(  # noqa: PLR0913, PLR0917  # one parameter per option of the command
    config: Annotated[
        Path, typer.Argument(help="YAML file of the run; - for standard input.", show_default=False)
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a value by its dotted path; repeatable."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed, in place of the config's.", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder that the run's folder goes into.")] = Path("runs"),
    device: Annotated[
        str | None, typer.Option(help="auto, cpu, cuda or mps, in place of the config's.", show_default=False)
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin again, whatever the folder holds.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Never fetch data.")] = False,
    keep_checkpoint: Annotated[
        bool, typer.Option("--keep-checkpoint", help="Keep the trained weights in checkpoint.pt.")
    ] = False,
    checkpoint_seconds: Annotated[float, typer.Option(min=0, help="Time between two checkpoints.")] = 30.0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the run's folder and nothing else.")] = False,
) -> None:
    """Train one run. Interrupted, it goes on where it was; finished, it is not trained again.

    Example: regx train configs/mnist_cnn.yaml --set model.drop_prob.hidden=0.2 --seed 1
    """
    from regx.config import load_run, notices
    from regx.runs.folder import RunFolder

    settings = load_run(config, overrides or [], seed=seed, device=device)
    if not quiet:
        for notice in notices(settings):
            say(f"note: {notice}")
    folder = RunFolder.for_config(settings, out)
    if not fresh and (record := _finished(folder)):
        folder.remove_leftovers()
        if not quiet:
            say("already trained; --fresh trains it again.")
            if keep_checkpoint and not folder.checkpoint.exists():
                say("note: its weights were not kept; with --fresh they will be.")
        if not folder.curves.exists():
            _draw_curves(folder, record, settings)
        _print_ending(record, folder, quiet=quiet)
        raise typer.Exit(int(record.status != "done"))

    from regx.data import load_dataset  # from here on with torch: a bad config has been refused by now
    from regx.training.device import resolve_device
    from regx.training.run import RunOptions, train_run

    resolve_device(settings.device)  # a wrong device is refused before anything is fetched
    with fetch_display(quiet=quiet) as show:
        dataset = load_dataset(
            settings.data.name, offline=offline, report=show.report, progress=show.progress
        )
    with stop_on_signals() as stop, observer_for(settings, quiet=quiet) as observer:
        options = RunOptions(
            fresh=fresh, keep_checkpoint=keep_checkpoint, checkpoint_seconds=checkpoint_seconds, stop=stop
        )
        record = train_run(settings, folder, dataset, observer, options)
    _draw_curves(folder, record, settings)
    _print_ending(record, folder, quiet=quiet)
    raise typer.Exit(stop.exit_code if record.status == "interrupted" else int(record.status != "done"))


def _finished(folder: "RunFolder") -> "RunRecord | None":
    """Read the record of a run that ended; None where there is something left to train."""
    from regx.config.errors import UsageError

    if not folder.record.exists():
        return None
    try:
        record = folder.read_record()
    except ValueError as error:
        raise UsageError(f"{error}; --fresh trains the run anew") from None
    return record if record.has_ended else None


def _draw_curves(folder: "RunFolder", record: "RunRecord", settings: "RunConfig") -> None:
    """Draw the curves of a run, also as far as an interrupted one came."""
    from regx.report.curves import save_curves
    from regx.runs.metrics import read_rows

    if record.epochs_completed:
        title = f"{settings.name}, seed {settings.seed}"
        save_curves(folder.curves, read_rows(folder.metrics), record, title=title)


def _print_ending(record: "RunRecord", folder: "RunFolder", *, quiet: bool) -> None:
    """Say how the run ended: the sentence on stderr where it is bad news, the folder on stdout."""
    if record.failure:
        say(f"diverged, epochs completed: {record.epochs_completed}; {record.failure.message}.")
        say(DIVERGED_HELP[record.failure.kind])
    if record.status == "interrupted":
        say(f"interrupted at step {record.steps_completed:,}; the same command goes on from there.")
    if quiet:
        typer.echo(folder.path)
        return
    if record.final:
        final = record.final
        typer.echo(
            f"test error {final.test_error:.2%}  (validation {final.valid_error:.2%}, "
            f"training {final.train_error:.2%}), loss gap {final.test_loss - final.train_loss:.3f} nats"
        )
    typer.echo(f"{record.status}: {folder.path}")
    if folder.curves.exists():
        typer.echo(f"curves: {folder.curves}")
