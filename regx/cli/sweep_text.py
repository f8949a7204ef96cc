"""The texts of a sweep: its plan, and how it ended."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from regx.text import counted

if TYPE_CHECKING:
    from regx.config import Experiment
    from regx.runs.sweep import ArmRecord, SweepFolder
    from regx.sweeps.driver import Plan, Summary
    from regx.sweeps.estimate import Estimate
    from regx.sweeps.jobs import Job, JobResult

__all__ = [
    "arms_and_cells",
    "describe_ending",
    "describe_plan",
    "duration",
    "ending_lines",
    "estimate_line",
    "plan_lines",
    "tuned_lines",
]

MOST_FAILURES = 10  # that are told in full


def duration(seconds: float) -> str:
    """Write a time with the precision that an estimate has."""
    if seconds < 60:
        return f"{max(1, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def plan_lines(plan: "Plan", width: int) -> list[str]:
    """List the arms, and count what there is to do, in lines no longer than `width`."""
    from regx.cli.columns import hang
    from regx.sweeps.jobs import show_settings

    experiment = plan.experiment
    longest = max(map(len, experiment.arms))
    arms = []
    for arm in experiment.arms:
        settings = show_settings(experiment.settings[arm]) or "as the base is"
        arms += hang(f"  {arm:<{longest}}  ", settings, width)
    head = hang(f"{experiment.name} ({experiment.tier}): ", experiment.question, width)
    counts = [part for line in _counts(plan) for part in hang("", line, width, 2)]
    return [*head, *arms, *counts]


def _counts(plan: "Plan") -> list[str]:
    """Count what there is to do."""
    experiment, lines = plan.experiment, []
    shape = f"{arms_and_cells(experiment)} x {counted(len(experiment.seeds), 'seed')}"
    lines.append(f"to compare: {shape} = {counted(len(plan.confirm), 'run')}")
    if experiment.tune:
        tuned = [arm for arm in experiment.arms if experiment.tune.tries(arm)]
        points = sorted({len(experiment.tune.points(arm)) for arm in tuned}) or [0]
        each = " to ".join(str(number) for number in dict.fromkeys((points[0], points[-1])))
        per = "cell" if experiment.tune.per == "cell" else "arm"
        grows = experiment.tune.extend and experiment.tune.max_extensions
        lines.append(
            f"tuning by {experiment.tune.by}: {each} trials for each {per}"
            f" x {counted(len(experiment.tune.seeds), 'seed')} = {counted(len(plan.tuning.trials), 'run')}"
            + (", more if the best value is the smallest or largest tried" if grows else "")
        )
    lines.append(f"done already: {counted(plan.num_done, 'run')}; left: {counted(len(plan.left), 'run')}")
    if plan.failed:
        lines.append(
            f"failed or damaged: {counted(len(plan.failed), 'run')}; --retry-failed tries them again"
        )
    return lines


def describe_plan(plan: "Plan") -> dict[str, object]:
    """Write a plan as plain values."""
    experiment = plan.experiment
    return {
        "experiment": experiment.name,
        "tier": experiment.tier,
        "question": experiment.question,
        "arms": {arm: dict(experiment.settings[arm]) for arm in experiment.arms},
        "seeds": list(experiment.seeds),
        "runs": {
            "compare": len(plan.confirm),
            "tuning": len(plan.tuning.trials),
            "done": plan.num_done,
            "left": len(plan.left),
            "failed": len(plan.failed),
        },
    }


def describe_ending(summary: "Summary", folder: "SweepFolder") -> dict[str, object]:
    """Write how a sweep ended as plain values."""
    endings = [result.ending for result in summary.trained]
    not_done = [result for result in summary.trained if result.ending in _MEANINGS]
    return {
        "sweep": str(folder.path),
        "complete": summary.complete,
        "trained": endings.count("done") + endings.count("diverged"),
        "diverged": endings.count("diverged"),
        "done_before": summary.num_ended_before,
        "not_done": [
            {"run": _place(result.job, folder), "ending": result.ending, "message": result.message}
            for result in not_done
        ],
        "failed_before": [_place(job, folder) for job in summary.skipped],
    }


def arms_and_cells(experiment: "Experiment") -> str:
    """Write what is compared under each seed: `2 arms x 6 cells`, or `3 arms with 13 cells` in all."""
    arms = counted(len(experiment.arms), "arm")
    numbers = [len(experiment.cells_of(arm)) for arm in experiment.arms]
    if len(set(numbers)) > 1:
        return f"{arms} with {sum(numbers)} cells"
    return f"{arms} x {numbers[0]} cells" if numbers[0] > 1 else arms


def estimate_line(estimate: "Estimate", num_workers: int | None) -> str:
    """Say how long it will take, and how that is known; the workers of a scheduler are not counted."""
    known = []
    if estimate.num_measured:
        known.append("finished runs")
    if estimate.num_probed:
        known.append("a few steps measured just now")
    where = counted(num_workers, "worker") if num_workers else "1 worker as fast as this machine"
    return f"about {duration(estimate.seconds)} on {where} (from {' and '.join(known)})"


def tuned_lines(arms: "Sequence[ArmRecord]") -> list[str]:
    """List the values that tuning chose."""
    from regx.sweeps.jobs import show_settings

    lines = []
    for arm in arms:
        for tuned in arm.tuned:
            cell = f" at {show_settings(tuned.cell)}" if tuned.cell else ""
            edge = "; still the smallest or largest tried" if tuned.at_edge else ""
            score = (
                "no point did well under every tuning seed" if tuned.score is None else f"{tuned.score:.4g}"
            )
            chosen = show_settings(tuned.settings)
            lines.append(f"  {arm.name}{cell}: {chosen} ({score}; {arm.num_trials} trials{edge})")
    return lines


def ending_lines(summary: "Summary", folder: "SweepFolder") -> list[str]:
    """Say what ran, what was there, and what failed with the last lines of each error."""
    endings = [result.ending for result in summary.trained]
    diverged = endings.count("diverged")
    trained = endings.count("done") + diverged
    said = f"trained {counted(trained, 'run')}"
    if diverged:
        said += f", {diverged} of them diverged"
    if noted := sum(result.ending == "done" and bool(result.message) for result in summary.trained):
        said += f", {noted} of them hardly learned or were stopped by train.stop_if"
    if summary.num_ended_before:
        said += f"; {counted(summary.num_ended_before, 'run')} done before"
    lines = [f"{said}."]
    for ending, meaning in _MEANINGS.items():
        results = [result for result in summary.trained if result.ending == ending]
        if results:
            lines.append(f"{ending}: {counted(len(results), 'run')}; {meaning}.")
            lines += _failures(results, folder)
    if summary.skipped:
        lines.append(
            f"failed in an earlier sweep, or damaged: {counted(len(summary.skipped), 'run')};"
            " --retry-failed tries them again."
        )
        lines += [f"  {_place(job, folder)}" for job in summary.skipped[:MOST_FAILURES]]
    return lines


_MEANINGS = {
    "failed": "--retry-failed tries them again",
    "lost": "the same command trains them again",
    "interrupted": "the same command continues",
}


def _failures(results: "Sequence[JobResult]", folder: "SweepFolder") -> list[str]:
    lines = []
    for result in results[:MOST_FAILURES]:
        if result.message or result.tail:
            lines.append(f"  {_place(result.job, folder)}: {result.message}")
            lines += [f"    {line}" for line in result.tail]
    if len(results) > MOST_FAILURES and results[0].message:
        lines.append(f"  ... and {len(results) - MOST_FAILURES} more")
    return lines


def _place(job: "Job", folder: "SweepFolder") -> str:
    return str(folder.runs_dir / job.folder)
