"""The sanity gates of `regx reproduce`: passed before anything is compared."""

from typing import TYPE_CHECKING

from regx.cli.data import fetch_display
from regx.cli.output import say
from regx.cli.sweep_display import sweep_display
from regx.cli.sweep_text import ending_lines

if TYPE_CHECKING:
    from regx.claims.gates.plan import GatePlan
    from regx.config import Experiment
    from regx.sweeps.jobs import Engine
    from regx.sweeps.ledger import Ledger

__all__ = ["pass_gates"]


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
    with fetch_display(quiet=quiet) as show:
        for name in sorted(plan.data):
            try:
                ensure_here(name, offline=offline, report=show.report, progress=show.progress)
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
