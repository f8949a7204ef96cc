"""`regx sweep`: all runs of an experiment, on this machine or a cluster."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regx.cli.engines import (
    DryRunOption,
    EngineChoice,
    JobsOption,
    OfflineOption,
    PerGpuOption,
    RetryFailedOption,
    RunsOption,
    SchedulerFileOption,
    SchedulerOption,
    TierOption,
    estimate_left,
    fetch_data,
)
from regx.cli.progress import say, say_wrapped, stderr_width
from regx.cli.signals import stop_on_signals
from regx.cli.sweep_display import sweep_display
from regx.cli.sweep_text import ending_lines, plan_lines, tuned_lines

if TYPE_CHECKING:
    from regx.runs.sweep import SweepFolder
    from regx.sweeps.driver import Summary

__all__ = ["sweep"]


def sweep(  # noqa: PLR0913, PLR0917  # one parameter per option of the command
    experiment: Annotated[Path, typer.Argument(help="YAML file of the experiment.", show_default=False)],
    tier: TierOption = "cpu",
    jobs: JobsOption = None,
    per_gpu: PerGpuOption = None,
    scheduler: SchedulerOption = None,
    scheduler_file: SchedulerFileOption = None,
    out: RunsOption = Path("runs"),
    dry_run: DryRunOption = False,
    retry_failed: RetryFailedOption = False,
    time_limit: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="SECONDS", help="Time that one run may take.", show_default=False),
    ] = None,
    offline: OfflineOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the sweep's folder and what failed.")] = False,
) -> None:
    """Train every run of an experiment. What is done is not trained again; stopped, it goes on where it was.

    Example: regx sweep experiments/digits_toggles.yaml --jobs 2
    """
    from regx.config import load_experiment
    from regx.config.errors import UsageError
    from regx.config.kinds import kind_of_file
    from regx.runs.sweep import SweepFolder
    from regx.sweeps.driver import make_plan
    from regx.sweeps.driver import sweep as train_all
    from regx.sweeps.jobs import EngineLostError, EngineOptions
    from regx.sweeps.ledger import Ledger

    choice = EngineChoice(jobs=jobs, per_gpu=per_gpu, scheduler=scheduler, scheduler_file=scheduler_file)
    if experiment.is_file() and kind_of_file(experiment) == "run":
        raise UsageError(f"{experiment}: is the config of a run; `regx train {experiment}` trains it")
    asked = load_experiment(experiment, tier)
    options = EngineOptions(runs_dir=out.resolve(), offline=offline, time_limit=time_limit)
    ledger = Ledger(options.runs_dir)
    with nullcontext() if dry_run else ledger.lock():
        plan = make_plan(asked, ledger)
        workers = choice.workers_for(plan.left)
        if not quiet:
            for line in plan_lines(asked, plan, stderr_width()):
                say(line)
            if plan.left:
                say_wrapped(estimate_left([plan], ledger, workers))
        if dry_run:
            return
        fetch_data(plan.left, offline=offline, quiet=quiet)
        with (
            stop_on_signals() as stop,  # first: workers take seconds to start
            choice.open(options, workers) as engine,
            sweep_display(asked, ledger.runs_dir, engine.num_workers, quiet=quiet) as display,
        ):
            stop.call(engine.stop)
            try:
                summary = train_all(asked, ledger, engine, display, retry_failed=retry_failed)
            except EngineLostError as error:
                say(str(error))
                raise typer.Exit(1) from None
    _print_ending(summary, SweepFolder.named(asked.name, asked.tier, out), quiet=quiet)
    raise typer.Exit(stop.exit_code or int(not summary.complete))


def _print_ending(summary: "Summary", folder: "SweepFolder", *, quiet: bool) -> None:
    """Print what came of it, and what to do next."""
    if quiet:
        for line in ending_lines(summary, folder)[1:]:
            say(line)
        typer.echo(folder.path)
        return
    if any(arm.tuned for arm in summary.record.arms):
        say(f"tuned by {summary.record.tune_by}:")
        for line in tuned_lines(summary.record.arms):
            say(line)
    for line in ending_lines(summary, folder):
        say(line)
    typer.echo(f"{'done' if summary.complete else 'not complete'}: {folder.path}")
    if summary.complete:
        typer.echo(f"table: {folder.table}")
        typer.echo(f"next: regx compare {folder.path} --out {folder.path / 'compare'}")
