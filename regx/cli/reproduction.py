"""Sanity gates, then training and measuring what claims rest on, as `regx reproduce` shows it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from regx.cli.data import fetch_display
from regx.cli.engines import EngineChoice, Workers, describe_estimate, estimate_left, fetch_data
from regx.cli.output import ExitCode, say
from regx.cli.progress import StopSignal, say_wrapped, stop_on_signals
from regx.cli.sweep_display import sweep_display
from regx.cli.sweep_text import describe_plan, ending_lines, estimate_line
from regx.text import counted

if TYPE_CHECKING:
    from regx.claims.gates.plan import GatePlan
    from regx.claims.judge import RunFacts
    from regx.config import Experiment
    from regx.sweeps.driver import Plan
    from regx.sweeps.estimate import Estimate
    from regx.sweeps.jobs import Engine, Job
    from regx.sweeps.ledger import Ledger

__all__ = ["Outcome", "Reproduction", "pass_gates"]


def pass_gates(
    plan: "GatePlan", ledger: "Ledger", engine: "Engine", *, retry_failed: bool, offline: bool, quiet: bool
) -> bool:
    """Train the reference networks that have not been trained, try every gate, and write down how they went.

    Returns:
        Whether none failed; one whose data cannot be had counts as not run.

    Raises:
        EngineLostError: If the engine is gone.
    """
    here = _here(plan, offline=offline, quiet=quiet)
    experiment = plan.trainable(here)
    if experiment.arms and not _train(experiment, ledger, engine, retry_failed=retry_failed, quiet=quiet):
        return False
    gates = plan.check(ledger, here)
    for gate in gates.gates:
        if not gate.holds or not quiet:
            word = "not run" if gate.holds is None else "ok" if gate.holds else "FAILED"
            say(f"gate {gate.name}: {word} ({gate.measured})")
    if gates.failed:
        say("a sanity gate failed: claims are invalid, and nothing more is trained")
    return not gates.failed


def _here(plan: "GatePlan", *, offline: bool, quiet: bool) -> list[str]:
    """Fetch the data of the reference networks; of what cannot be had it is said why."""
    from regx.config.errors import UsageError
    from regx.data.load import ensure_here

    here = []
    with fetch_display(quiet=quiet) as listener:
        for name in sorted(plan.data):
            try:
                ensure_here(name, offline=offline, listener=listener)
            except UsageError as error:
                say(f"reference networks on {name} are not trained: {str(error).splitlines()[0]}")
            else:
                here.append(name)
    return here


def _train(
    experiment: "Experiment", ledger: "Ledger", engine: "Engine", *, retry_failed: bool, quiet: bool
) -> bool:
    """Train reference networks; False where that was stopped."""
    from regx.runs.sweep import SweepFolder
    from regx.sweeps.driver import sweep

    with sweep_display(experiment, ledger.runs_dir, engine.num_workers, quiet=quiet) as display:
        summary = sweep(experiment, ledger, engine, display, retry_failed=retry_failed)
    folder = SweepFolder.named(experiment.name, experiment.tier, ledger.runs_dir)
    for line in ending_lines(summary, folder)[1:]:
        say(f"{experiment.name}: {line}")
    return all(outcome.ending != "interrupted" for outcome in summary.trained)


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        facts: Of each experiment that is complete.
        exit_code: 0 if all are.
    """

    facts: "dict[str, RunFacts]" = field(default_factory=dict)
    exit_code: int = 0


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """The experiments that were asked for, and how they are trained.

    What is left to train is looked up once, before anything is trained.

    Attributes:
        experiments: Each once.
        ledger: Of the runs; locked, if there is to be training.
        results: Folder that measures go into.
        retry_failed: Whether runs that failed before are tried again.
        offline: Whether data may not be fetched.
        quiet: Whether only what failed is said.
    """

    experiments: "Sequence[Experiment]"
    ledger: "Ledger"
    results: Path
    retry_failed: bool
    offline: bool
    quiet: bool

    @cached_property
    def plans(self) -> "dict[str, Plan]":
        """What each experiment needs."""
        from regx.sweeps.driver import make_plan

        return {experiment.name: make_plan(experiment, self.ledger) for experiment in self.experiments}

    @cached_property
    def left(self) -> "list[Job]":
        """Runs that are not there; experiments may share them."""
        return list({job.folder: job for plan in self.plans.values() for job in plan.left}.values())

    @cached_property
    def gates(self) -> "GatePlan":
        """Sanity gates: due where anything is trained."""
        from regx.claims.gates.plan import plan_gates

        return plan_gates(self.results, self.experiments, due=bool(self.left))

    @cached_property
    def references(self) -> "Plan":
        """What the gates train."""
        from regx.sweeps.driver import make_plan

        return make_plan(self.gates.trainable(self.gates.data), self.ledger)

    @property
    def waiting(self) -> "list[Job]":
        """All that is to be trained."""
        return [*self.left, *self.references.left]

    def show_plan(self, choice: EngineChoice, tell: Callable[[str], None]) -> None:
        """Say what there is to do, and how long it will take.

        Raises:
            UsageError: If workers do not fit on the GPUs.
        """
        workers = choice.workers_for(self.waiting)
        for line in self._plan_lines():
            say_wrapped(line, tell)
        if found := self._estimate(workers):
            say_wrapped(estimate_line(found, workers.number if workers else None), tell)

    def describe_plan(self, choice: EngineChoice) -> dict[str, object]:
        """Write the plan as plain values."""
        workers = choice.workers_for(self.waiting)
        return {
            "experiments": [
                {"claims": [claim.id for claim in experiment.claims]} | describe_plan(experiment, plan)
                for experiment, plan in zip(self.experiments, self.plans.values(), strict=True)
            ],
            "reference_networks": len(self.references.left),
            "left": len(self.waiting),
            "estimate": describe_estimate(self._estimate(workers), workers),
        }

    def _estimate(self, workers: Workers | None) -> "Estimate | None":
        """Find out how long it will take; None where all is done."""
        return estimate_left([*self.plans.values(), self.references], self.ledger, workers)

    def carry_out(self, choice: EngineChoice) -> Outcome:
        """Train and measure, experiment by experiment.

        Raises:
            UsageError: If workers do not fit on the GPUs, or data cannot be had.
        """
        from regx.sweeps.jobs import EngineLostError, EngineOptions

        workers = choice.workers_for(self.waiting)
        outcome = Outcome()
        if self.left:
            fetch_data(self.left, offline=self.offline, quiet=self.quiet)
        options = EngineOptions(runs_dir=self.ledger.runs_dir, offline=self.offline)
        with (
            stop_on_signals() as stop,  # first: workers take seconds to start
            choice.open(options, workers) as engine,
        ):
            stop.call(engine.stop)
            try:
                self._train(engine, stop, outcome)
            except EngineLostError as error:
                say(str(error))
                outcome.exit_code = ExitCode.RUN_FAILED
        outcome.exit_code = stop.exit_code or outcome.exit_code
        return outcome

    def _plan_lines(self) -> list[str]:
        """Say which experiments are asked for, what is left of them, and what sanity gates train first."""
        lines = []
        if num_left := len(self.references.left):
            lines.append(f"sanity gates: {counted(num_left, 'reference network')} to train")
        for experiment in self.experiments:
            plan = self.plans[experiment.name]
            ids = ", ".join(claim.id for claim in experiment.claims)
            progress = f"{plan.num_done} runs done, {len(plan.left)} left"
            lines.append(f"{experiment.name} ({experiment.tier}): {ids}; {progress}")
        if len(self.experiments) > 1:
            lines.append(
                f"in all: {len(self.experiments)} experiments, {len(self.left):,} runs left to train"
            )
        return lines

    def _train(self, engine: "Engine", stop: StopSignal, outcome: Outcome) -> None:
        """Pass the gates, then take one experiment after another until all are done, or a signal comes."""
        from regx.config.errors import UsageError

        if self.gates.due and not pass_gates(
            self.gates,
            self.ledger,
            engine,
            retry_failed=self.retry_failed,
            offline=self.offline,
            quiet=self.quiet,
        ):
            outcome.exit_code = ExitCode.RUN_FAILED
            return
        for experiment in self.experiments:
            if stop.exit_code:
                return
            try:
                facts = self._one(experiment, engine)
            except UsageError as error:  # of this experiment; the others go on
                say(str(error))
                outcome.exit_code = ExitCode.WRONG_USAGE
                continue
            if facts is None:
                outcome.exit_code = outcome.exit_code or ExitCode.RUN_FAILED
            else:
                outcome.facts[experiment.name] = facts

    def _one(self, experiment: "Experiment", engine: "Engine") -> "RunFacts | None":
        """Train one experiment; None where it is not complete."""
        from regx.claims.procedure import run_experiment
        from regx.runs.sweep import SweepFolder

        runs_dir = self.ledger.runs_dir
        with sweep_display(experiment, runs_dir, engine.num_workers, quiet=self.quiet) as display:
            summary, facts = run_experiment(
                experiment, self.ledger, engine, display, self.results, retry_failed=self.retry_failed
            )
        folder = SweepFolder.named(experiment.name, experiment.tier, runs_dir)
        for line in ending_lines(summary, folder)[int(self.quiet) :]:
            say(f"{experiment.name}: {line}")
        return facts
