"""What is not wrong with an experiment, but is unlikely to be meant."""

from collections.abc import Iterator
from itertools import combinations

from regx.config.experiment import Experiment
from regx.config.notices import notices
from regx.config.resolve import config_hash
from regx.config.tuning_grid import TunePlan

__all__ = ["experiment_notices"]

_FEWEST_SEEDS = 5  # of a verdict


def experiment_notices(experiment: Experiment, num_cores: int | None = None) -> list[str]:
    """List what a reader of the results should know beforehand, one sentence each.

    Args:
        experiment: What is asked.
        num_cores: Cores that a run may use; None: of the machine nothing is said.
    """
    return [
        *_equal_arms(experiment),
        *_unequal_trials(experiment),
        *_hidden_settings(experiment),
        *_without_effect(experiment, num_cores),
        *_few_seeds(experiment),
    ]


def _equal_arms(experiment: Experiment) -> Iterator[str]:
    plan = experiment.tune
    hashes = {arm: config_hash(experiment.config(arm, experiment.first(arm), 0)) for arm in experiment.arms}
    for one, other in combinations(experiment.arms, 2):
        same_runs = hashes[one] == hashes[other] and experiment.cells_of(one) == experiment.cells_of(other)
        if same_runs and (plan is None or _tuned_alike(plan, one, other)):
            yield f"arms {one} and {other} are the same"


def _tuned_alike(plan: TunePlan, one: str, other: str) -> bool:
    """Whether two arms that are otherwise equal get the same values."""
    leaders = {plan.follow.get(one, one), plan.follow.get(other, other)}
    return len(leaders) == 1 or (plan.over[one] == plan.over[other] and not plan.follow.keys() & {one, other})


def _unequal_trials(experiment: Experiment) -> Iterator[str]:
    """Compare the numbers of trials, as they are and after an axis went on by a step."""
    plan = experiment.tune
    if plan is None:
        return
    trials = {arm: len(plan.points(arm)) for arm in experiment.arms if plan.tries(arm)}
    if len(set(trials.values())) > 1:
        yield f"tune: the arms differ in the number of trials ({_numbers(trials)}): more find a better best"
        return
    for path in plan.extend if plan.max_extensions else ():
        longer = plan.extended(path, up=True)
        added = {arm: len(longer.points(arm)) - number for arm, number in trials.items()}
        if len(set(added.values())) > 1:
            yield f"tune.extend: a step of {path} adds unequal numbers of trials ({_numbers(added)})"


def _numbers(of_arms: dict[str, int]) -> str:
    return ", ".join(f"{arm} {number}" for arm, number in of_arms.items())


def _hidden_settings(experiment: Experiment) -> Iterator[str]:
    """Find what an arm sets and the grid sets over it."""
    for arm in experiment.arms:
        axes = experiment.cells_of(arm)[0]
        for path in experiment.settings[arm]:
            if any(f"{path}.".startswith(f"{axis}.") for axis in axes):
                yield f"arms.{arm}: {path} has no effect: the grid sets it"


def _without_effect(experiment: Experiment, num_cores: int | None) -> Iterator[str]:
    """List settings without effect; what all arms have is said once."""
    found: dict[str, list[str]] = {}
    for arm in experiment.arms:
        for notice in notices(experiment.config(arm, experiment.first(arm), 0), num_cores):
            found.setdefault(notice, []).append(arm)
    for notice, arms in found.items():
        where = "" if len(arms) == len(experiment.arms) else f"arms.{', '.join(arms)}: "
        yield f"{where}{notice}"


def _few_seeds(experiment: Experiment) -> Iterator[str]:
    """Find claims that are run and never judged."""
    number = len(experiment.seeds)
    if experiment.claims and experiment.tier == "cpu" and number < _FEWEST_SEEDS:
        yield f"claims: {number} seeds give no verdict; {_FEWEST_SEEDS} are the fewest, 10 are usual"
