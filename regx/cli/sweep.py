"""`regx sweep`: all runs of an experiment, on this machine or a cluster."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regx.cli.completion import offer_experiments
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
    Workers,
    crowding_left,
    describe_estimate,
    estimate_left,
    fetch_data,
)
from regx.cli.json_output import JsonOption, print_json
from regx.cli.output import ExitCode, echo, say
from regx.cli.progress import say_wrapped, stderr_width, stop_on_signals
from regx.cli.sweep_display import sweep_display
from regx.cli.sweep_text import (
    describe_ending,
    describe_plan,
    ending_lines,
    estimate_line,
    plan_lines,
    tuned_lines,
)

if TYPE_CHECKING:
    from regx.config import Experiment
    from regx.runs.sweep import SweepFolder
    from regx.sweeps.driver import Plan, Summary
    from regx.sweeps.ledger import Ledger

__all__ = ["sweep"]


def sweep(  # noqa: PLR0913, PLR0917  # one parameter per option of the command
    experiment: Annotated[
        Path,
        typer.Argument(
            help="YAML file of the experiment; - for standard input.",
            autocompletion=offer_experiments,
            show_default=False,
        ),
    ],
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
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the sweep's folder and what failed.")] = False,
) -> None:
    """Train every run of an experiment. What is done is not trained again; stopped, it goes on where it was.

    Example: regx sweep experiments/digits_toggles.yaml --jobs 2
    """
    from regx.config import ConfigError, load_experiment
    from regx.config.errors import UsageError
    from regx.config.load import kind_of_file
    from regx.runs.path_kind import refuse_no_yaml
    from regx.runs.sweep import SweepFolder
    from regx.sweeps.driver import make_plan
    from regx.sweeps.driver import sweep as train_all
    from regx.sweeps.jobs import EngineLostError, EngineOptions
    from regx.sweeps.ledger import Ledger
    from regx.sweeps.tuning import check_tuning

    choice = EngineChoice(jobs=jobs, per_gpu=per_gpu, scheduler=scheduler, scheduler_file=scheduler_file)
    refuse_no_yaml(experiment)
    if kind_of_file(experiment) == "run":
        raise UsageError(f"{experiment}: is the config of a run; `regx train {experiment}` trains it")
    asked = load_experiment(experiment, tier)
    if wrong := check_tuning(asked):
        raise ConfigError(wrong)
    options = EngineOptions(runs_dir=out.resolve(), offline=offline, time_limit=time_limit)
    ledger = Ledger(options.runs_dir)
    with nullcontext() if dry_run else ledger.lock() as unprotected:
        if unprotected:
            say(unprotected)
        plan = make_plan(asked, ledger)
        workers = choice.workers_for(plan.left)
        folder = SweepFolder.named(asked.name, asked.tier, out)
        if dry_run and as_json:
            estimate = describe_estimate(estimate_left([plan], ledger, workers), workers)
            print_json({**describe_plan(asked, plan), "sweep": str(folder.path), "estimate": estimate})
        elif not quiet:
            _show_plan(asked, plan, ledger, workers, echo if dry_run else say)
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
                raise typer.Exit(ExitCode.RUN_FAILED) from None
    if as_json:
        print_json(describe_ending(summary, folder))
    else:
        _print_ending(summary, folder, quiet=quiet)
    raise typer.Exit(stop.exit_code or (ExitCode.DONE if summary.complete else ExitCode.RUN_FAILED))


def _show_plan(
    experiment: "Experiment",
    plan: "Plan",
    ledger: "Ledger",
    workers: Workers | None,
    tell: Callable[[str], None],
) -> None:
    """Say what there is to do, and how long it will take."""
    for line in plan_lines(experiment, plan, stderr_width()):
        tell(line)
    for notice in crowding_left(plan.left, workers):
        say_wrapped(f"note: {notice}")
    if found := estimate_left([plan], ledger, workers):
        say_wrapped(estimate_line(found, workers.number if workers else None), tell)


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
