"""`regx verify`: train a run again from its record and compare."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from regx.cli import options
from regx.cli.completion import offer_run_folders
from regx.cli.data import load_data
from regx.cli.output import ExitCode, echo, print_json, say
from regx.cli.progress import observer_for, stop_on_signals

__all__ = ["verify"]


def verify(
    run: Annotated[
        Path,
        typer.Argument(
            help="Folder of a finished run.", autocompletion=offer_run_folders, show_default=False
        ),
    ],
    offline: options.Offline = False,
    as_json: options.Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdict and nothing else.")] = False,
) -> None:
    """Train a run again from its record and compare every digit.

    If the machine, a version or the number of threads has changed, it says so. Then the errors at the end
    need only agree within four standard errors. Exit code 1 if they do not.
    """
    from regx.compare.repetition import compare_repetition
    from regx.config.errors import UsageError
    from regx.runs.files import scratch_folder
    from regx.runs.folder import RunFolder
    from regx.runs.load import load_run_folder

    recorded = load_run_folder(run)
    if not recorded.record.has_ended:
        raise UsageError(f"{run}: is {recorded.record.status}; finish it with regx train, then verify it")
    config = recorded.config
    dataset = load_data(config, offline=offline, quiet=quiet)
    from regx.training.run import train_run  # torch, which takes seconds

    with (
        scratch_folder() as scratch,
        stop_on_signals() as stop,
        observer_for(config, stop, quiet=quiet) as observer,
    ):
        train_run(config, RunFolder(scratch), dataset, observer)
        if stop.wanted:
            raise typer.Exit(stop.exit_code)
        result = compare_repetition(recorded, load_run_folder(scratch))
    exit_code = ExitCode.RUN_FAILED if result.verdict == "different" else ExitCode.DONE
    if as_json:
        print_json({"run": str(run), **asdict(result)})
        raise typer.Exit(exit_code)
    if result.changes:
        say("not as it was:")
        for change in result.changes:
            say(f"  {change}")
    if result.first_difference:
        say(f"first difference: {result.first_difference}")
    echo(f"{result.verdict.replace('_', ' ')}: {run}")
    raise typer.Exit(exit_code)
