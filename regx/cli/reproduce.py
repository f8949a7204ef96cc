"""`regx reproduce`: pass sanity gates, run what claims rest on, judge by the rule that was fixed before."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regx.cli import options
from regx.cli.campaign import Campaign, EngineChoice
from regx.cli.claims import refuse_file
from regx.cli.completion import offer_claims_and_mechanical
from regx.cli.output import ExitCode, echo, plain_console, print_json, say, say_wrapped
from regx.cli.sweep_text import describe_plan, ending_lines
from regx.text import counted

if TYPE_CHECKING:
    from regx.claims.exact import MechanicalClaim
    from regx.claims.gates.plan import GatePlan
    from regx.claims.judge import RunFacts
    from regx.claims.registry import Registered, Registry
    from regx.claims.status import ClaimStatus
    from regx.config import Experiment, Tier
    from regx.sweeps.driver import Plan, Summary
    from regx.sweeps.jobs import Engine

__all__ = ["reproduce"]

MECHANICAL = "mechanical"


def reproduce(  # noqa: PLR0913, PLR0917  # one parameter per option of the command
    claims: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CLAIM...]",
            help="Ids of claims, or `mechanical` for the exact checks. Default: all, after a question.",
            autocompletion=offer_claims_and_mechanical,
            show_default=False,
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every claim, without a question.")] = False,
    tier: options.Tier = "cpu",
    jobs: options.Jobs = None,
    per_gpu: options.PerGpu = None,
    scheduler: options.Scheduler = None,
    scheduler_file: options.SchedulerFile = None,
    out: options.Runs = Path("runs"),
    results: Annotated[Path, typer.Option(help="Folder that verdicts and measures go into.")] = Path(
        "results"
    ),
    experiments: options.Experiments = None,
    dry_run: options.DryRun = False,
    retry_failed: options.RetryFailed = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with exit code 3 if a claim is contradicted.")
    ] = False,
    offline: options.Offline = False,
    as_json: options.Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the verdicts, and what failed.")] = False,
) -> None:
    """Reproduce claims: tune, confirm, measure, judge. If it was stopped, it continues.

    Without a claim and without --all it shows the plan for all of them, and asks.
    Example: regx reproduce C01 --tier smoke
    """
    from regx.claims.gates.plan import plan_gates
    from regx.claims.registry import read_registry
    from regx.claims.status import claim_statuses
    from regx.sweeps.driver import make_plan
    from regx.sweeps.jobs import EngineOptions
    from regx.sweeps.ledger import Ledger

    asks = _must_ask(claims, every=every, dry_run=dry_run)
    choice = EngineChoice(jobs=jobs, per_gpu=per_gpu, scheduler=scheduler, scheduler_file=scheduler_file)
    refuse_file(results)
    registry = read_registry(experiments)
    empirical, mechanical = _chosen(registry, claims)
    asked, ledger = _experiments(registry, empirical, tier), Ledger(out.resolve())

    def look() -> _Reproduction:
        plans = [make_plan(experiment, ledger) for experiment in asked]
        gates = plan_gates(results, asked, due=any(plan.left for plan in plans))
        references = make_plan(gates.trainable(gates.data), ledger)
        return _Reproduction(
            asked=plans,
            references=references,
            gates=gates,
            results=results,
            campaign=Campaign(
                plans=[*plans, references],
                ledger=ledger,
                choice=choice,
                options=EngineOptions(runs_dir=ledger.runs_dir, offline=offline),
                retry_failed=retry_failed,
                quiet=quiet,
            ),
        )

    if dry_run or asks:
        found = look() if asked else None
        if dry_run and as_json:
            plan = found.describe() if found else {"experiments": []}
            print_json({"mechanical": [claim.id for claim in mechanical]} | plan)
        else:
            _show_plan(found, mechanical, echo if dry_run else say)
    if dry_run:
        return
    if asks and not typer.confirm("Train all of this?", err=True):
        say("nothing was started.")
        return
    _check(mechanical, results, quiet=quiet)
    exit_code = 0
    if asked:
        with ledger.lock() as unprotected:
            if unprotected:
                say(unprotected)
            reproduction = look()  # what is left may be less by now
            if not quiet and not asks:
                _show_plan(reproduction, (), say)
            facts = reproduction.carry_out()
            exit_code = reproduction.campaign.exit_code
        _judge(registry, results, tier, facts, ledger.runs_dir)
    ids = {item.id for item in empirical} | {item.id for item in mechanical}
    shown = [status for status in claim_statuses(registry, results, tier) if status.id in ids]
    _print_verdicts(shown, as_json=as_json)
    if exit_code:
        raise typer.Exit(exit_code)
    if strict and any(status.verdict == "contradicted" for status in shown):
        raise typer.Exit(ExitCode.CONTRADICTED)


@dataclass(frozen=True, kw_only=True)
class _Reproduction:
    """What claims rest on, and how it is trained. What is left is looked up once, before anything is trained.

    Attributes:
        asked: What is left of each experiment.
        references: What is left of the networks that sanity gates train.
        gates: Due where anything is trained.
        results: Folder that measures go into.
        campaign: Trains all of them.
    """

    asked: "Sequence[Plan]"
    references: "Plan"
    gates: "GatePlan"
    results: Path
    campaign: Campaign

    def lines(self) -> list[str]:
        """Say which experiments are asked for, what is left of them, and what sanity gates train first."""
        lines = []
        if num_left := len(self.references.left):
            lines.append(f"sanity gates: {counted(num_left, 'reference network')} to train")
        for plan in self.asked:
            ids = ", ".join(claim.id for claim in plan.experiment.claims)
            progress = f"{plan.num_done} runs done, {len(plan.left)} left"
            lines.append(f"{plan.experiment.name} ({plan.experiment.tier}): {ids}; {progress}")
        if len(self.asked) > 1:
            num_left = len({job.folder for plan in self.asked for job in plan.left})
            lines.append(f"in all: {len(self.asked)} experiments, {num_left:,} runs left to train")
        return lines

    def describe(self) -> dict[str, object]:
        """Write the plan as plain values."""
        return {
            "experiments": [
                {"claims": [claim.id for claim in plan.experiment.claims]} | describe_plan(plan)
                for plan in self.asked
            ],
            "reference_networks": len(self.references.left),
            "left": len(self.campaign.left),
            "estimate": self.campaign.describe_estimate(),
        }

    def carry_out(self) -> "dict[str, RunFacts]":
        """Pass the gates, then take one experiment after another until all are done, or a signal comes.

        Returns:
            What is said of the runs of each experiment that is complete.

        Raises:
            UsageError: If workers do not fit on the GPUs, or data cannot be had.
        """
        from regx.config.errors import UsageError
        from regx.sweeps.jobs import EngineLostError

        campaign = self.campaign
        facts: dict[str, RunFacts] = {}
        campaign.fetch(job.config.data.name for plan in self.asked for job in plan.left)
        with campaign.training() as engine:
            if self.gates.due and not self.pass_gates(engine):
                campaign.exit_code = ExitCode.RUN_FAILED
                return facts
            for plan in self.asked:
                if campaign.stop.exit_code:
                    break
                try:
                    found = self.carry_out_one(plan.experiment, engine)
                except EngineLostError:
                    raise
                except UsageError as error:  # of this experiment; the others go on
                    say(str(error))
                    campaign.exit_code = ExitCode.WRONG_USAGE
                    continue
                if found is None:
                    campaign.exit_code = campaign.exit_code or ExitCode.RUN_FAILED
                else:
                    facts[plan.experiment.name] = found
        return facts

    def carry_out_one(self, experiment: "Experiment", engine: "Engine") -> "RunFacts | None":
        """Train and measure one experiment; None where it is not complete."""
        from regx.claims.procedure import run_experiment

        summary, facts = self.campaign.train(engine, experiment, partial(run_experiment, self.results))
        self.say_ending(summary, quiet=self.campaign.quiet)
        return facts

    def pass_gates(self, engine: "Engine") -> bool:
        """Train the reference networks that are missing, try every gate, and write down how they went.

        Returns:
            Whether none failed; one whose data cannot be had counts as not run.
        """
        from regx.sweeps.driver import sweep

        here = [name for name in sorted(self.gates.data) if self.can_be_had(name)]
        experiment = self.gates.trainable(here)
        if experiment.arms:
            summary = self.campaign.train(engine, experiment, sweep)
            self.say_ending(summary, quiet=True)
            if any(result.ending == "interrupted" for result in summary.trained):
                return False
        gates = self.gates.check(self.campaign.ledger, here)
        for gate in gates.gates:
            if not gate.holds or not self.campaign.quiet:
                word = "not run" if gate.holds is None else "ok" if gate.holds else "FAILED"
                say(f"gate {gate.name}: {word} ({gate.measured})")
        if gates.failed:
            say("a sanity gate failed: claims are invalid, and nothing more is trained")
        return not gates.failed

    def can_be_had(self, name: str) -> bool:
        """Fetch the data of reference networks; of what cannot be had it is said why."""
        from regx.config.errors import UsageError

        try:
            self.campaign.fetch([name])
        except UsageError as error:
            say(f"reference networks on {name} are not trained: {str(error).splitlines()[0]}")
            return False
        return True

    def say_ending(self, summary: "Summary", *, quiet: bool) -> None:
        """Say how the training of an experiment ended; if quiet, only what failed."""
        from regx.runs.sweep import SweepFolder

        record = summary.record
        folder = SweepFolder.named(record.name, record.tier, self.campaign.ledger.runs_dir)
        for line in ending_lines(summary, folder)[int(quiet) :]:
            say(f"{record.name}: {line}")


def _print_verdicts(found: "Sequence[ClaimStatus]", *, as_json: bool) -> None:
    """Print what came of it, and what kept a comparison from being made."""
    from regx.claims.status import row_of
    from regx.cli.claims_text import print_table

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
    reproduction: _Reproduction | None, mechanical: "Sequence[MechanicalClaim]", tell: Callable[[str], None]
) -> None:
    """Tell what would be done."""
    if mechanical:
        say_wrapped(f"exact checks: {', '.join(claim.id for claim in mechanical)}; seconds", tell)
    if reproduction:
        reproduction.campaign.show_plan(reproduction.lines(), tell)


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
