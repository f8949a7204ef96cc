"""Every arm at its own best value from the same grid, with the same number of trials.

The rule is fixed before a run is seen. The lowest mean over the tuning seeds wins, of equals the first in the
grid; a trial that did not come to its end, or never reached its target, counts as infinitely bad. While the
best of some arm lies on the edge of an axis that may be extended, that axis goes on by one step in all arms.

Source: our choice, after what Bouthillier et al. 2021 ask of a fair comparison (sections 2 and 5): the same
budget of trials for each arm, and other seeds for choosing than for comparing.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from regx.config import Experiment, Settings, TuneConfig
from regx.config.errors import Finding, Problem
from regx.config.hints import choice_hint
from regx.measures.measure import Reference, SeedRuns
from regx.measures.registry import find_measure, tuning_measures
from regx.runs.load import Run
from regx.runs.sweep import ArmRecord, Tuned
from regx.sweeps.jobs import Job
from regx.sweeps.ledger import Ledger

__all__ = ["Tuning", "check_tuning", "tune"]


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How far the tuning of an experiment has come.

    Attributes:
        trials: All that were asked for so far.
        arms: One per arm; with nothing tuned yet while trials are missing.
        complete: Whether every arm has its values.
    """

    trials: tuple[Job, ...]
    arms: tuple[ArmRecord, ...]
    complete: bool

    def settings(self, arm: str, cell: Settings) -> Settings:
        """Return the tuned values that an arm uses in a cell of its grid."""
        for record in self.arms:
            for tuned in record.tuned:
                if record.name == arm and tuned.cell in ({}, dict(cell)):
                    return tuned.settings
        return {}


def tune(
    experiment: Experiment,
    ledger: Ledger,
    train: Callable[[Sequence[Job]], bool],
    notice: Callable[[str], None] = lambda _: None,
) -> Tuning:
    """Tune every arm.

    Args:
        experiment: Its arms, and how they are tuned, if they are.
        ledger: Where finished trials are.
        train: Trains jobs; False when it could not finish them all, which ends the tuning here.
        notice: Told why an axis goes on.

    Returns:
        What was tried, and what was chosen.
    """
    plan = experiment.tune
    if plan is None:
        arms = tuple(_arm(experiment, arm) for arm in experiment.arms)
        return Tuning(trials=(), arms=arms, complete=True)
    for extension in range(plan.max_extensions + 1):
        trials = _trials(experiment, plan, ledger)
        if not train(trials):
            arms = tuple(_arm(experiment, arm, plan) for arm in experiment.arms)
            return Tuning(trials=trials, arms=arms, complete=False)
        arms = _choose_all(experiment, plan, trials, ledger)
        wider = plan if extension == plan.max_extensions else _extend(experiment, plan, arms, notice)
        if wider == plan:
            break
        plan = wider
    return Tuning(trials=trials, arms=arms, complete=True)


def check_tuning(experiment: Experiment) -> list[Problem]:
    """Find a measure that tuning cannot go by, or that has no target in some arm."""
    if experiment.tune is None:
        return []
    by, known, tier = experiment.tune.by, tuning_measures(), experiment.tier
    if by not in known:
        message = f"must be one of {', '.join(known)} (got {by!r}{choice_hint(by, tuple(known))})"
    elif arms := _without_target(experiment) if known[by].needs == "target" else []:
        where = "" if len(arms) == len(experiment.arms) else f" (missing in {', '.join(arms)})"
        at_tier = "" if tier == "cpu" else f" at tier {tier}"
        message = f"{by} needs train.target_error{at_tier}{where}"
    else:
        return []
    return [experiment.tree.problem(Finding(("tune", "by"), message))]


def _without_target(experiment: Experiment) -> list[str]:
    configs = {arm: experiment.config(arm, experiment.first(arm), 0) for arm in experiment.arms}
    return [arm for arm, config in configs.items() if config.train.target_error is None]


def _cells(experiment: Experiment, plan: TuneConfig, arm: str) -> tuple[Settings, ...]:
    """List what is tuned by itself: the cells of an arm's grid, or the arm as a whole."""
    return experiment.cells_of(arm) if plan.per == "cell" else ({},)


def _trials(experiment: Experiment, plan: TuneConfig, ledger: Ledger) -> tuple[Job, ...]:
    """List every trial, seed by seed."""
    return tuple(
        ledger.job(experiment, arm, seed, cell, point, "tune")
        for seed in plan.seeds
        for arm in experiment.arms
        if plan.tries(arm)
        for cell in _cells(experiment, plan, arm)
        for point in plan.points(arm)
    )


def _arm(experiment: Experiment, arm: str, plan: TuneConfig | None = None) -> ArmRecord:
    num_trials = len(plan.points(arm)) if plan and plan.tries(arm) else 0
    return ArmRecord(name=arm, settings=dict(experiment.settings[arm]), num_trials=num_trials)


def _choose_all(
    experiment: Experiment, plan: TuneConfig, trials: Sequence[Job], ledger: Ledger
) -> tuple[ArmRecord, ...]:
    scores: dict[tuple[str, str, str], list[float]] = {}
    for trial in trials:
        key = (trial.arm, _key(trial.cell), _key(trial.tuned))
        scores.setdefault(key, []).append(_score(plan.by, ledger.load(trial)))
    chosen = {
        arm: tuple(
            _choose(
                plan,
                arm,
                cell,
                [fmean(scores[arm, _key(cell), _key(point)]) for point in plan.points(arm)],
            )
            for cell in _cells(experiment, plan, arm)
        )
        for arm in experiment.arms
        if plan.tries(arm)
    }
    return tuple(
        _arm(experiment, arm, plan).model_copy(update={"tuned": chosen.get(plan.follow.get(arm, arm), ())})
        for arm in experiment.arms
    )


def _choose(plan: TuneConfig, arm: str, cell: Settings, scores: Sequence[float]) -> Tuned:
    """Take the point with the lowest score, the first of equals."""
    best = min(range(len(scores)), key=lambda index: scores[index])
    point = plan.points(arm)[best]
    score = scores[best] if math.isfinite(scores[best]) else None
    axes = plan.extend or () if score is not None else ()  # where all are as bad, none points beyond the grid
    edges = [path for path in axes if path in plan.of(arm) and _edge(plan, arm, path, point)]
    if score is not None:
        score *= _sign(plan.by)
    return Tuned(cell=dict(cell), settings=dict(point), score=score, at_edge=tuple(edges))


def _score(by: str, run: Run) -> float:
    """Measure a trial so that lower is better."""
    if run.record.status != "done":
        return math.inf
    reference = Reference(target_error=run.config.train.target_error)
    value = find_measure(by).number(SeedRuns.single(run), reference).value
    return math.inf if value is None or not math.isfinite(value) else _sign(by) * value


def _sign(by: str) -> int:
    """Return -1 for a measure of which more is better, else 1."""
    return -1 if find_measure(by).better == "higher" else 1


def _edge(plan: TuneConfig, arm: str, path: str, point: Settings) -> int:
    """Return -1 at the low end of an axis, 1 at the high end, else 0."""
    values = plan.of(arm)[path]
    if point[path] == values[0]:
        return -1
    return int(point[path] == values[-1])


def _extend(
    experiment: Experiment, plan: TuneConfig, arms: Sequence[ArmRecord], notice: Callable[[str], None]
) -> TuneConfig:
    """Let every axis on whose edge a choice lies go on by one step, for all arms."""
    edges: dict[tuple[str, int], dict[str, None]] = {}  # of each end of an axis, the arms that are there
    for arm in arms:
        for tuned in arm.tuned if plan.tries(arm.name) else ():
            for path in tuned.at_edge:
                end = path, _edge(plan, arm.name, path, tuned.settings)
                edges.setdefault(end, {})[arm.name] = None
    for (path, side), names in sorted(edges.items()):
        wider = experiment.extended(plan, path, up=side > 0)
        if wider != plan:
            where = "largest" if side > 0 else "smallest"
            notice(
                f"{path}: the best of {', '.join(names)} is the {where} tried; all arms get one more value"
            )
        plan = wider
    return plan


def _key(settings: Mapping[str, object]) -> str:
    return repr(sorted(settings.items()))
