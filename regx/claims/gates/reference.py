"""Gates on real data: networks whose test accuracy is known well enough to find a broken trainer by.

They are ordinary runs, those of experiments/reference_values.yaml, and only the test accuracy at their end is
looked at. A result outside the bounds is no finding: it makes claims invalid.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from regx.claims.registry import starter_folder
from regx.claims.results import Gate
from regx.config import Experiment, Tier, load_experiment
from regx.reading import read_beside
from regx.sweeps.jobs import Job
from regx.sweeps.ledger import Ledger

__all__ = ["ON_MNIST", "REFERENCES", "ReferenceNetwork", "only_on", "reference_experiment", "reference_gate"]

FILE = starter_folder() / "reference_values.yaml"
ON_MNIST = "random labels of MNIST"  # a quick gate, and the one of them that needs data to be fetched
_NO_NUMBER = {"diverged": "diverged", "stopped": "was stopped", "failed": "the run failed"}


@dataclass(frozen=True, kw_only=True)
class ReferenceNetwork:
    """What is known of a network.

    Attributes:
        name: Of the gate.
        arm: Its runs, in the experiment.
        minus: A second arm, for a gate on the difference of the two.
        low: Smallest test accuracy (or difference), in per cent (or percentage points).
        high: Largest: above it, test images may have been trained on.
        known: Where the bounds come from.
    """

    name: str
    arm: str
    minus: str = ""
    low: float
    high: float
    known: str

    @property
    def arms(self) -> tuple[str, ...]:
        """Arms that it needs."""
        return tuple(filter(None, (self.arm, self.minus)))


REFERENCES = tuple(ReferenceNetwork(**network) for network in read_beside(__file__, "references.yaml"))


def reference_experiment(tier: Tier) -> Experiment:
    """Load the experiment whose runs they are."""
    return load_experiment(FILE, tier)


def only_on(
    data: Collection[str], experiment: Experiment, references: Sequence[ReferenceNetwork]
) -> tuple[Experiment, tuple[ReferenceNetwork, ...]]:
    """Keep what needs no other data sets than these."""
    arms = {arm for arm in experiment.arms if experiment.config(arm, {}, 0).data.name in data}
    kept = tuple(reference for reference in references if arms.issuperset(reference.arms))
    needed = {arm for reference in kept for arm in reference.arms}
    return replace(experiment, arms=tuple(arm for arm in experiment.arms if arm in needed)), kept


def reference_gate(reference: ReferenceNetwork, experiment: Experiment, ledger: Ledger) -> Gate:
    """Hold the runs of a reference against its bounds; it was not run where one of them has not ended."""
    jobs = [ledger.job(experiment, arm, experiment.seeds[0]) for arm in reference.arms]
    what, unit = ("difference", "points") if reference.minus else ("test accuracy", "%")
    bounds = f"{reference.low:g} to {reference.high:g} {unit}"
    states = {ledger.state(job) for job in jobs}
    if states == {"done"}:
        value = _accuracy(jobs[0], ledger) - (_accuracy(jobs[1], ledger) if reference.minus else 0.0)
        holds: bool | None = reference.low <= value <= reference.high
        measured = f"{what} {value:.1f} {unit}; {bounds}"
    else:
        reasons = [reason for state, reason in _NO_NUMBER.items() if state in states]
        holds = False if reasons else None
        measured = f"{' and '.join(reasons) or 'not trained'}; {bounds}"
    return Gate(name=reference.name, holds=holds, measured=measured, source=reference.known)


def _accuracy(job: Job, ledger: Ledger) -> float:
    """Read the test accuracy of a run that is done, in per cent."""
    final = ledger.load(job).record.final
    assert final is not None  # of a run that is done
    return 100 * (1 - final.test_error)
