"""`regx reproduce`: run what claims rest on, and judge them by the rule that was fixed before."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regx.cli.claims_text import print_table
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
)
from regx.cli.progress import say
from regx.cli.reproduction import Outcome, Reproduction

if TYPE_CHECKING:
    from regx.claims.judge import RunFacts
    from regx.claims.mechanical import MechanicalClaim
    from regx.claims.registry import Registered, Registry
    from regx.config import Experiment, Tier

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
    from regx.sweeps.ledger import Ledger

    choice = EngineChoice(jobs=jobs, per_gpu=per_gpu, scheduler=scheduler, scheduler_file=scheduler_file)
    registry = read_registry(experiments)
    empirical, mechanical = _chosen(registry, claims)
    if not dry_run:
        _check(mechanical, results, quiet=quiet)
    outcome = Outcome()
    if empirical:
        asked, ledger = _experiments(registry, empirical, tier), Ledger(out.resolve())
        with nullcontext() if dry_run else ledger.lock():
            reproduction = Reproduction(
                experiments=asked,
                ledger=ledger,
                results=results,
                retry_failed=retry_failed,
                offline=offline,
                quiet=quiet,
            )
            outcome = reproduction.carry_out(choice, dry_run=dry_run)
        if not dry_run:
            _judge(registry, results, tier, outcome.facts, ledger.runs_dir)
    if dry_run:
        return
    ids = {item.id for item in empirical} | {item.id for item in mechanical}
    found = [standing for standing in standings(registry, results, tier) if standing.id in ids]
    from rich.console import Console

    print_table(Console(highlight=False), found)
    for standing in found:
        for part in standing.result.parts if standing.result else ():
            if part.problem:
                say(f"{standing.id}: {part.problem}")
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)
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


def _judge(
    registry: "Registry", results: Path, tier: "Tier", facts: "dict[str, RunFacts]", runs_dir: Path
) -> None:
    """Judge every claim of the tier, and draw those whose runs are complete."""
    from regx.claims.judge import judge_tier

    judged = judge_tier(registry, results, tier, facts)
    if facts:
        from regx.report.claim_files import save_figures

        save_figures(registry, judged, facts, results, tier, runs_dir)
