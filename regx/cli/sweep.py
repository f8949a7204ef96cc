"""`regx sweep`: all runs of an experiment, on this machine or a cluster."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regx.cli import options
from regx.cli.campaign import Campaign, EngineChoice
from regx.cli.completion import offer_experiments
from regx.cli.output import ExitCode, echo, print_json, say, stderr_width
from regx.cli.sweep_text import describe_ending, describe_plan, ending_lines, plan_lines, tuned_lines

if TYPE_CHECKING:
    from regx.runs.sweep import SweepFolder
    from regx.sweeps.driver import Summary

__all__ = ["sweep"]


def sweep(  # noqa: PLR0913, PLR0917  # one parameter per option of the command
    experiment: Annotated[
        Path,
        typer.Argument(
            help="YAML file of the experiment, or - for standard input.",
            autocompletion=offer_experiments,
            show_default=False,
        ),
    ],
    tier: options.Tier = "cpu",
    jobs: options.Jobs = None,
    per_gpu: options.PerGpu = None,
    scheduler: options.Scheduler = None,
    scheduler_file: options.SchedulerFile = None,
    out: options.Runs = Path("runs"),
    dry_run: options.DryRun = False,
    retry_failed: options.RetryFailed = False,
    time_limit: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="SECONDS", help="Time that one run may take.", show_default=False),
    ] = None,
    offline: options.Offline = False,
    as_json: options.Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the sweep's folder and what failed.")] = False,
) -> None:
    """Train every run of an experiment. Finished runs are not trained again. If it was stopped, it continues.

    Example: regx sweep experiments/digits_toggles.yaml --jobs 2
    """
    from regx.config import ConfigError, load_experiment
    from regx.config.errors import UsageError
    from regx.config.load import kind_of_file
    from regx.runs.path_kind import refuse_no_yaml
    from regx.runs.sweep import SweepFolder
    from regx.sweeps import driver
    from regx.sweeps.jobs import EngineOptions
    from regx.sweeps.ledger import Ledger
    from regx.sweeps.tuning import check_tuning

    choice = EngineChoice(jobs=jobs, per_gpu=per_gpu, scheduler=scheduler, scheduler_file=scheduler_file)
    refuse_no_yaml(experiment)
    if kind_of_file(experiment) == "run":
        raise UsageError(f"{experiment}: is the config of a run; `regx train {experiment}` trains it")
    asked = load_experiment(experiment, tier)
    if wrong := check_tuning(asked):
        raise ConfigError(wrong)
    ledger = Ledger(out.resolve())
    with nullcontext() if dry_run else ledger.lock() as unprotected:
        if unprotected:
            say(unprotected)
        plan = driver.make_plan(asked, ledger)
        campaign = Campaign(
            plans=[plan],
            ledger=ledger,
            choice=choice,
            options=EngineOptions(runs_dir=ledger.runs_dir, offline=offline, time_limit=time_limit),
            retry_failed=retry_failed,
            quiet=quiet,
        )
        folder = SweepFolder.named(asked.name, asked.tier, out)
        if dry_run and as_json:
            more = {"sweep": str(folder.path), "estimate": campaign.describe_estimate()}
            print_json({**describe_plan(plan), **more})
        elif dry_run or not quiet:
            campaign.show_plan(plan_lines(plan, stderr_width()), echo if dry_run else say)
        if dry_run:
            return
        campaign.fetch(job.config.data.name for job in campaign.left)
        summary = None
        with campaign.training() as engine:
            summary = campaign.train(engine, asked, driver.sweep)
    if summary is None:  # the engine was lost
        raise typer.Exit(campaign.exit_code)
    if as_json:
        print_json(describe_ending(summary, folder))
    else:
        _print_ending(summary, folder, quiet=quiet)
    raise typer.Exit(campaign.exit_code or (ExitCode.DONE if summary.complete else ExitCode.RUN_FAILED))


def _print_ending(summary: "Summary", folder: "SweepFolder", *, quiet: bool) -> None:
    """Print what came of it, and what to do next."""
    if quiet:
        for line in ending_lines(summary, folder)[1:]:
            say(line)
        echo(folder.path)
        return
    if any(arm.tuned for arm in summary.record.arms):
        say(f"tuned by {summary.record.tune_by}:")
        for line in tuned_lines(summary.record.arms):
            say(line)
    for line in ending_lines(summary, folder):
        say(line)
    echo(f"{'done' if summary.complete else 'not complete'}: {folder.path}")
    if summary.complete:
        echo(f"table: {folder.table}")
        echo(f"next: regx compare {folder.path} --out {folder.path / 'compare'}")
