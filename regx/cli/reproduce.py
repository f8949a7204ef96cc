"""`regx reproduce`: run what claims rest on, and judge them by the rule that was fixed before."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regx.cli.claims import refuse_file
from regx.cli.claims_text import print_table
from regx.cli.completion import offer_claims_and_mechanical
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
from regx.cli.json_output import JsonOption, print_json
from regx.cli.output import ExitCode, echo, plain_console, say
from regx.cli.progress import say_wrapped
from regx.cli.reproduction import Outcome, Reproduction

if TYPE_CHECKING:
    from regx.claims.exact import MechanicalClaim
    from regx.claims.judge import RunFacts
    from regx.claims.registry import Registered, Registry
    from regx.claims.status import ClaimStatus
    from regx.config import Experiment, Tier

__all__ = ["reproduce"]

MECHANICAL = "mechanical"


def reproduce(  # noqa: PLR0913, PLR0917  # one parameter per option of the command
    claims: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CLAIM...]",
            help="Ids, or `mechanical` for the exact checks; none: all claims, after a question.",
            autocompletion=offer_claims_and_mechanical,
            show_default=False,
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every claim, and no question.")] = False,
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
    as_json: JsonOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdicts, and what failed.")] = False,
) -> None:
    """Reproduce claims: tune, confirm, measure, judge. Stopped, it goes on where it was.

    Without a claim and without --all it shows what all of them would take, and asks.
    Example: regx reproduce C01 --tier smoke
    """
    from regx.claims.registry import read_registry
    from regx.claims.status import claim_statuses
    from regx.sweeps.ledger import Ledger

    asks = _must_ask(claims, every=every, dry_run=dry_run)
    choice = EngineChoice(jobs=jobs, per_gpu=per_gpu, scheduler=scheduler, scheduler_file=scheduler_file)
    refuse_file(results)
    registry = read_registry(experiments)
    empirical, mechanical = _chosen(registry, claims)
    experiments_asked, ledger = _experiments(registry, empirical, tier), Ledger(out.resolve())

    def look() -> Reproduction:
        return Reproduction(
            experiments=experiments_asked,
            ledger=ledger,
            results=results,
            retry_failed=retry_failed,
            offline=offline,
            quiet=quiet,
        )

    if dry_run or asks:
        tell = echo if dry_run else say
        _show_plan(look(), mechanical, choice, tell, as_json=dry_run and as_json)
    if dry_run:
        return
    if asks and not typer.confirm("Train all of this?", err=True):
        say("nothing was started.")
        return
    _check(mechanical, results, quiet=quiet)
    outcome = Outcome()
    if empirical:
        with ledger.lock() as unprotected:
            if unprotected:
                say(unprotected)
            reproduction = look()  # what is left may be less by now
            if not quiet and not asks:
                reproduction.show_plan(choice, say)
            outcome = reproduction.carry_out(choice)
        _judge(registry, results, tier, outcome.facts, ledger.runs_dir)
    ids = {item.id for item in empirical} | {item.id for item in mechanical}
    found = [status for status in claim_statuses(registry, results, tier) if status.id in ids]
    _print_verdicts(found, as_json=as_json)
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)
    if strict and any(status.verdict == "contradicted" for status in found):
        raise typer.Exit(ExitCode.CONTRADICTED)


def _print_verdicts(found: "Sequence[ClaimStatus]", *, as_json: bool) -> None:
    """Print what came of it, and what kept a comparison from being made."""
    from regx.claims.status import row_of

    if as_json:
        print_json([row_of(status) for status in found])
    else:
        print_table(plain_console(), found)
    for status in found:
        for part in status.result.parts if status.result else ():
            if part.problem:
                say(f"{status.id}: {part.problem}")


def _must_ask(claims: Sequence[str] | None, *, every: bool, dry_run: bool) -> bool:
    """Whether to ask before a day of training begins.

    Raises:
        UsageError: If there is nobody to ask, or both claims and all of them are wanted.
    """
    from regx.config.errors import UsageError

    if claims and every:
        raise UsageError("--all and CLAIM: choose one")
    if claims or every or dry_run:
        return False
    if all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr)):
        return True
    raise UsageError(
        "no claim is named, and all of them take hours: `regx reproduce --all` starts them, "
        "`regx reproduce C01` one, and `regx reproduce --dry-run` shows the plan"
    )


def _show_plan(
    reproduction: Reproduction,
    mechanical: "Sequence[MechanicalClaim]",
    choice: EngineChoice,
    tell: Callable[[str], None],
    *,
    as_json: bool,
) -> None:
    """Tell what would be done."""
    if as_json:
        plan = reproduction.describe_plan(choice) if reproduction.experiments else {"experiments": []}
        print_json({"mechanical": [claim.id for claim in mechanical]} | plan)
        return
    if mechanical:
        say_wrapped(f"exact checks: {', '.join(claim.id for claim in mechanical)}; seconds", tell)
    if reproduction.experiments:
        reproduction.show_plan(choice, tell)


def _chosen(
    registry: "Registry", names: Sequence[str] | None
) -> "tuple[list[Registered], list[MechanicalClaim]]":
    """Find the claims that were named."""
    from regx.claims.registry import Registered

    if not names:
        return list(registry.empirical), list(registry.mechanical)
    found = [registry.find(name) for name in names if name.lower() != MECHANICAL]
    empirical = [item for item in found if isinstance(item, Registered)]
    mechanical = [item for item in found if not isinstance(item, Registered)]
    return empirical, list(registry.mechanical) if len(found) < len(names) else mechanical


def _check(claims: "Sequence[MechanicalClaim]", results: Path, *, quiet: bool) -> None:
    """Run the exact checks."""
    if not claims:
        return
    from regx.claims.results import store_mechanical
    from regx.runs.checkout import git_state

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
    wrong = [problem for one in experiments for problem in check_measures(one)]
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
        from regx.figures.claim import save_figures

        save_figures(registry, judged, facts, results, tier, runs_dir)
