"""`regx reproduce`: run what claims rest on, and judge them by the rule that was fixed before."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regx.cli.claims_text import summary_line, table_lines
from regx.cli.engines import (
    DryRunOption,
    JobsOption,
    OfflineOption,
    PerGpuOption,
    RetryFailedOption,
    RunsOption,
    SchedulerFileOption,
    SchedulerOption,
    TierOption,
    choose_workers,
    estimate_left,
    fetch_data,
    open_engine,
    refuse_two_engines,
)
from regx.cli.gates import pass_gates
from regx.cli.progress import say
from regx.cli.signals import stop_on_signals
from regx.cli.sweep_display import sweep_display
from regx.cli.sweep_text import ending_lines

if TYPE_CHECKING:
    from regx.claims.judge import RunFacts
    from regx.claims.mechanical import MechanicalClaim
    from regx.claims.registry import Registered, Registry
    from regx.config import Experiment, Tier
    from regx.sweeps.driver import Plan

__all__ = ["reproduce"]

MECHANICAL = "mechanical"


def reproduce(  # noqa: PLR0913, PLR0917  # one parameter per option of the command
    claims: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CLAIM...]",
            help="Ids, or `mechanical` for the exact checks; all claims if omitted.",
            show_default=False,
        ),
    ] = None,
    tier: TierOption = "cpu",
    jobs: JobsOption = None,
    per_gpu: PerGpuOption = None,
    scheduler: SchedulerOption = None,
    scheduler_file: SchedulerFileOption = None,
    out: RunsOption = Path("runs"),
    results: Annotated[Path, typer.Option(help="Folder that verdicts and measures go into.")] = Path(
        "results"
    ),
    experiments: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of experiments, in place of those known.", show_default=False),
    ] = None,
    dry_run: DryRunOption = False,
    retry_failed: RetryFailedOption = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with exit code 3 if a claim is contradicted.")
    ] = False,
    offline: OfflineOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdicts, and what failed.")] = False,
) -> None:
    """Reproduce claims: tune, confirm, measure, judge. Stopped, it goes on where it was.

    Example: regx reproduce C01 --tier smoke
    """
    from regx.claims.registry import read_registry
    from regx.claims.standing import standings

    refuse_two_engines(jobs, per_gpu, scheduler, scheduler_file)
    registry = read_registry(experiments)
    empirical, mechanical = _chosen(registry, claims)
    if not dry_run:
        _check(mechanical, results, quiet=quiet)
    complete, stopped = True, 0
    if empirical:
        engine = (jobs, per_gpu, scheduler, scheduler_file)
        facts, complete, stopped = _run(
            _experiments(registry, empirical, tier),
            engine,
            out.resolve(),
            results,
            dry_run=dry_run,
            retry_failed=retry_failed,
            offline=offline,
            quiet=quiet,
        )
        if not dry_run:
            _judge(registry, results, tier, facts, out.resolve())
    if dry_run:
        return
    ids = {item.id for item in empirical} | {item.id for item in mechanical}
    found = [standing for standing in standings(registry, results, tier) if standing.id in ids]
    for line in (*table_lines(found), "", summary_line(found)):
        typer.echo(line)
    for standing in found:
        for part in standing.result.parts if standing.result else ():
            if part.problem:
                say(f"{standing.id}: {part.problem}")
    if stopped or not complete:
        raise typer.Exit(stopped or 1)
    if strict and any(standing.verdict == "contradicted" for standing in found):
        raise typer.Exit(3)


def _chosen(
    registry: "Registry", names: Sequence[str] | None
) -> "tuple[list[Registered], list[MechanicalClaim]]":
    """Find the claims that were named."""
    from regx.claims.registry import Registered

    if not names:
        return list(registry.empirical), list(registry.mechanical)
    found = [registry.find(name) for name in names if name != MECHANICAL]
    empirical = [item for item in found if isinstance(item, Registered)]
    mechanical = [item for item in found if not isinstance(item, Registered)]
    return empirical, list(registry.mechanical) if MECHANICAL in names else mechanical


def _check(claims: "Sequence[MechanicalClaim]", results: Path, *, quiet: bool) -> None:
    """Run the exact checks."""
    if not claims:
        return
    from regx.claims.mechanical_results import store_mechanical
    from regx.training.environment import git_state

    commit, dirty = git_state()
    answers = []
    for claim in claims:
        answer = claim.check()
        answers.append((claim, answer))
        if not quiet:
            say(f"{claim.id}: {answer.verdict}")
    import regx

    shown = f"{commit[:9]}{'+' if dirty else ''}" if commit else regx.__version__
    store_mechanical(results, answers, shown)


def _experiments(registry: "Registry", items: "Sequence[Registered]", tier: "Tier") -> "list[Experiment]":
    """Load the experiments that claims rest on, other settings included, each once."""
    from regx.claims.check import check_measures
    from regx.config import ConfigError, load_experiment

    paths = dict.fromkeys(setting.path for item in items for setting in registry.settings_of(item))
    experiments = [load_experiment(path, tier) for path in paths]
    wrong = [problem for one in experiments for problem in check_measures(one.path, one)]
    if wrong:
        raise ConfigError(wrong)
    return experiments


def _run(  # noqa: PLR0913
    experiments: "Sequence[Experiment]",
    engine_options: "tuple[int | None, int | None, str | None, Path | None]",
    runs_dir: Path,
    results: Path,
    *,
    dry_run: bool,
    retry_failed: bool,
    offline: bool,
    quiet: bool,
) -> "tuple[dict[str, RunFacts], bool, int]":
    """Train and measure, experiment by experiment; whether all are complete, and the exit code if not 0."""
    from regx.claims.gates.plan import plan_gates
    from regx.claims.procedure import run_experiment
    from regx.config.errors import UsageError
    from regx.runs.sweep import SweepFolder
    from regx.sweeps.driver import make_plan
    from regx.sweeps.jobs import EngineLostError, EngineOptions
    from regx.sweeps.ledger import Ledger

    jobs, per_gpu, scheduler, scheduler_file = engine_options
    options = EngineOptions(runs_dir=runs_dir, offline=offline)
    ledger = Ledger(runs_dir)
    facts: dict[str, RunFacts] = {}
    complete, stopped = True, 0
    with nullcontext() if dry_run else ledger.lock():
        plans = {experiment.name: make_plan(experiment, ledger) for experiment in experiments}
        left = {job.folder: job for plan in plans.values() for job in plan.left}
        gates = plan_gates(results, experiments, due=bool(left))
        references = make_plan(gates.trainable(gates.data), ledger)
        waiting = [*left.values(), *references.left]
        workers = None if scheduler or scheduler_file else choose_workers(jobs, per_gpu, waiting)
        if not quiet:
            for line in _plan_lines(experiments, plans, references):
                say(line)
            if waiting:
                say(estimate_left([*plans.values(), references], ledger, workers))
        if dry_run:
            return {}, True, 0
        if left:
            fetch_data([*left.values()], offline=offline, quiet=quiet)
        with (
            stop_on_signals() as stop,  # first: workers take seconds to start
            open_engine(options, workers, scheduler, scheduler_file) as engine,
        ):
            stop.call(engine.stop)
            if gates.due and not pass_gates(
                gates, ledger, engine, retry_failed=retry_failed, offline=offline, quiet=quiet
            ):
                return facts, False, stop.exit_code or 1
            for experiment in experiments:
                if stop.exit_code:
                    return facts, False, stop.exit_code
                with sweep_display(experiment, runs_dir, engine.num_workers, quiet=quiet) as display:
                    try:
                        summary, found = run_experiment(
                            experiment, ledger, engine, display, results, retry_failed=retry_failed
                        )
                    except EngineLostError as error:
                        say(str(error))
                        return facts, False, 1
                    except UsageError as error:  # of this experiment; the others go on
                        say(str(error))
                        stopped = 2
                        continue
                folder = SweepFolder.named(experiment.name, experiment.tier, runs_dir)
                for line in ending_lines(summary, folder)[int(quiet) :]:
                    say(f"{experiment.name}: {line}")
                if found is not None:
                    facts[experiment.name] = found
                complete = complete and summary.complete
    return facts, complete, stop.exit_code or stopped


def _plan_lines(
    experiments: "Sequence[Experiment]", plans: "dict[str, Plan]", references: "Plan"
) -> list[str]:
    """Say which experiments are asked for, what is left of them, and what sanity gates train first."""
    lines = []
    if num_left := len(references.left):
        lines.append(f"sanity gates: {num_left} reference network{'s' * (num_left > 1)} to train")
    for experiment in experiments:
        plan = plans[experiment.name]
        ids = ", ".join(claim.id for claim in experiment.claims)
        done = len({job.folder for job in (*plan.trials, *plan.confirm)}) - len(plan.left)
        lines.append(f"{experiment.name} ({experiment.tier}): {ids}; {done} runs done, {len(plan.left)} left")
    return lines


def _judge(
    registry: "Registry", results: Path, tier: "Tier", facts: "dict[str, RunFacts]", runs_dir: Path
) -> None:
    """Judge every claim of the tier, and draw those whose runs are complete."""
    from regx.claims.judge import judge_tier

    judged = judge_tier(registry, results, tier, facts)
    if facts:
        from regx.report.claim_files import save_figures

        save_figures(registry, judged, facts, results, tier, runs_dir)
