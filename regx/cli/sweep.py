"""`regx sweep`: all runs of an experiment, on this machine or a cluster."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from regx.cli.data import fetch_display
from regx.cli.progress import say
from regx.cli.signals import stop_on_signals
from regx.cli.sweep_display import sweep_display
from regx.cli.sweep_text import ending_lines, estimate_line, plan_lines, tuned_lines

if TYPE_CHECKING:
    from regx.runs.sweep import SweepFolder
    from regx.sweeps.driver import Plan, Summary
    from regx.sweeps.jobs import Engine, EngineOptions
    from regx.sweeps.ledger import Ledger

__all__ = ["sweep"]


def sweep(  # noqa: PLR0913, PLR0917  # one parameter per option of the command
    experiment: Annotated[Path, typer.Argument(help="YAML file of the experiment.", show_default=False)],
    tier: Annotated[
        Literal["smoke", "cpu", "gpu"], typer.Option(help="How large: smoke, cpu or gpu.")
    ] = "cpu",
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Runs at the same time; 1 trains in this process. Default: one for each core or GPU.",
            show_default=False,
        ),
    ] = None,
    per_gpu: Annotated[
        int | None, typer.Option(min=1, help="Runs at the same time on each GPU.", show_default=False)
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Dask scheduler, e.g. tcp://host:8786.", show_default=False),
    ] = None,
    scheduler_file: Annotated[
        Path | None, typer.Option(help="The file that a Dask scheduler wrote.", show_default=False)
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder that the runs' folders go into.")] = Path("runs"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and train nothing.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again the runs that failed before.")
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="SECONDS", help="Time that one run may take.", show_default=False),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never fetch data.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the sweep's folder and what failed.")] = False,
) -> None:
    """Train every run of an experiment. What is done is not trained again; stopped, it goes on where it was.

    Example: regx sweep experiments/digits_toggles.yaml --jobs 2
    """
    from regx.config import load_experiment
    from regx.config.errors import UsageError
    from regx.runs.sweep import SweepFolder
    from regx.sweeps.driver import make_plan
    from regx.sweeps.driver import sweep as train_all
    from regx.sweeps.jobs import EngineLostError, EngineOptions
    from regx.sweeps.ledger import Ledger

    if sum(option is not None for option in (jobs or per_gpu, scheduler, scheduler_file)) > 1:
        raise UsageError("--jobs or --per-gpu, --scheduler and --scheduler-file: choose one")
    asked = load_experiment(experiment, tier)
    options = EngineOptions(runs_dir=out.resolve(), offline=offline, time_limit=time_limit)
    ledger = Ledger(options.runs_dir)
    with ledger.lock():
        plan = make_plan(asked, ledger)
        workers = None if scheduler or scheduler_file else _workers(jobs, per_gpu, plan)
        if not quiet:
            for line in plan_lines(asked, plan):
                say(line)
            if plan.left:
                say(_estimate(plan, ledger, workers.number if workers else None))
        if dry_run:
            return
        _fetch(plan, offline=offline, quiet=quiet)
        with (
            _engine(options, workers, scheduler, scheduler_file) as engine,
            stop_on_signals(engine.stop) as stop,
            sweep_display(asked, ledger.runs_dir, engine.num_workers, quiet=quiet) as display,
        ):
            try:
                summary = train_all(asked, ledger, engine, display, retry_failed=retry_failed)
            except EngineLostError as error:
                say(str(error))
                raise typer.Exit(1) from None
    _print_ending(summary, SweepFolder.named(asked.name, asked.tier, out), quiet=quiet)
    raise typer.Exit(stop.exit_code or int(not summary.complete))


@dataclass(frozen=True, kw_only=True)
class _Workers:
    """How the runs are spread over this machine.

    Attributes:
        number: Runs at the same time.
        per_gpu: Of them on each GPU; None for one each.
        gpus: Whether the runs use GPUs.
    """

    number: int
    per_gpu: int | None
    gpus: bool


def _workers(jobs: int | None, per_gpu: int | None, plan: "Plan") -> _Workers:
    """Take one worker for each core, or for each place on a GPU; no more than there are runs."""
    import os

    from regx.sweeps.placement import place, visible_gpus

    wanted = per_gpu is not None or any(job.config.device in ("auto", "cuda") for job in plan.left)
    gpus = visible_gpus() if wanted else []
    default = len(gpus) * (per_gpu or 1) if gpus else len(os.sched_getaffinity(0))
    workers = _Workers(
        number=max(1, min(jobs or default, len(plan.left))), per_gpu=per_gpu, gpus=bool(gpus or per_gpu)
    )
    if workers.gpus:
        place(workers.number, per_gpu)  # what does not fit is refused before the plan is shown
    return workers


def _engine(
    options: "EngineOptions", workers: _Workers | None, scheduler: str | None, scheduler_file: Path | None
) -> "AbstractContextManager[Engine]":
    """Choose what trains the runs."""
    if workers and workers.number == 1:
        from regx.sweeps.in_process import in_process

        return in_process(options)
    from regx.sweeps.dask_engine import local_cluster, remote

    if workers is None:
        return remote(options, address=scheduler, scheduler_file=scheduler_file)
    return local_cluster(options, num_workers=workers.number, per_gpu=workers.per_gpu, gpus=workers.gpus)


def _estimate(plan: "Plan", ledger: "Ledger", workers: int | None) -> str:
    """Say how long it will take."""
    from regx.sweeps.estimate import estimate
    from regx.training.speed import measure_speed

    known = {job.folder: job for job in (*plan.trials, *plan.confirm)}
    left = {job.folder for job in plan.left}
    finished = [ledger.load(job) for folder, job in known.items() if folder not in left]
    found = estimate(plan.left, finished, workers or 1, measure_speed)
    return estimate_line(found, workers or 1, "" if workers else " as fast as this machine")


def _fetch(plan: "Plan", *, offline: bool, quiet: bool) -> None:
    """See that the data are here before many workers ask for them at once."""
    from regx.data.load import ensure_here

    with fetch_display(quiet=quiet) as show:
        for name in sorted({job.config.data.name for job in plan.left}):
            ensure_here(name, offline=offline, report=show.report, progress=show.progress)


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
