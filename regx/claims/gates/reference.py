"""Gates on real data: networks whose test accuracy is known well enough to find a broken trainer by.

They are ordinary runs, those of experiments/reference_values.yaml, and only the test accuracy at their end is
looked at. A result outside the bounds is no finding: it makes claims invalid.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from regx.claims.registry import starter_folder
from regx.claims.results import Gate
from regx.config import Experiment, Tier, load_experiment
from regx.sweeps.jobs import Job
from regx.sweeps.ledger import Ledger

__all__ = ["REFERENCES", "Reference", "only_on", "reference_experiment", "reference_gate"]

FILE = starter_folder() / "reference_values.yaml"
_NO_NUMBER = {"diverged": "diverged", "stopped": "was stopped", "failed": "the run failed"}


@dataclass(frozen=True, kw_only=True)
class Reference:
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


REFERENCES = (
    Reference(
        name="softmax regression on MNIST",
        arm="softmax",
        low=91.0,
        high=93.8,
        known="92.0 to 92.8 % is common, 92.2 to 92.4 % here (5 seeds); a point beyond either",
    ),
    Reference(
        name="1,024 hidden units on MNIST",
        arm="wide",
        low=97.6,
        high=98.6,
        known=(
            "98.09 +- 0.05 % without a regularizer (10 seeds; "
            "github.com/tcotten-scrypted/persistent-stochastic-ablation-mlp), 98.0 to 98.2 % here (5 seeds); "
            "half a point beyond either"
        ),
    ),
    Reference(
        name="5,000 images of MNIST",
        arm="mnist_5000",
        low=94.0,
        high=96.5,
        known="95.1 to 95.3 % here (5 seeds); a point beyond either",
    ),
    Reference(
        name="2,000 images of MNIST",
        arm="mnist_2000",
        low=91.0,
        high=94.0,
        known="92.3 to 93.0 % here (5 seeds); a point beyond either",
    ),
    Reference(
        name="100 images of MNIST",
        arm="mnist_100",
        low=67.0,
        high=82.0,
        known="72.5 to 77.4 % here (5 seeds, standard deviation 2.1)",
    ),
    Reference(
        name="dropout on 100 images of MNIST",
        arm="mnist_100_dropout",
        minus="mnist_100",
        low=-4.0,
        high=8.0,
        known=(
            "no gain at 100 images (Srivastava et al. 2014, Figure 10); 0.2 to 3.1 points here (5 seeds, "
            "standard deviation 1.2)"
        ),
    ),
    Reference(
        name="a CNN on MNIST",
        arm="mnist_cnn",
        low=98.5,
        high=99.7,
        known=(
            "99.0 to 99.3 % after 5 epochs of a small CNN (github.com/m-shilpa/EVA4), 99.2 % here (1 seed); "
            "half a point beyond either"
        ),
    ),
    Reference(
        name="a CNN on 5,000 images of CIFAR-10",
        arm="cifar_5000",
        low=45.0,
        high=55.0,
        known="47.8 to 50.6 % here (5 seeds, standard deviation 1.1)",
    ),
)


def reference_experiment(tier: Tier) -> Experiment:
    """Load the experiment whose runs they are."""
    return load_experiment(FILE, tier)


def only_on(
    data: Collection[str], experiment: Experiment, references: Sequence[Reference]
) -> tuple[Experiment, tuple[Reference, ...]]:
    """Keep what needs no other data sets than these."""
    arms = {arm for arm in experiment.arms if experiment.config(arm, {}, 0).data.name in data}
    kept = tuple(reference for reference in references if arms.issuperset(reference.arms))
    needed = {arm for reference in kept for arm in reference.arms}
    return replace(experiment, arms=tuple(arm for arm in experiment.arms if arm in needed)), kept


def reference_gate(reference: Reference, experiment: Experiment, ledger: Ledger) -> Gate:
    """Hold the runs of a reference against its bounds; it was not run where one of them has not ended."""
    jobs = [ledger.job(experiment.config(arm, {}, experiment.seeds[0]), arm) for arm in reference.arms]
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
