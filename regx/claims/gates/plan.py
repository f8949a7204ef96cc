"""Which gates the experiments of a tier have to pass, and what is known of them from before."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from regx.claims.gates.reference import (
    ON_MNIST,
    REFERENCES,
    ReferenceNetwork,
    only_on,
    reference_experiment,
    reference_gate,
)
from regx.claims.results import Gate, Gates
from regx.config import Experiment
from regx.sweeps.ledger import Ledger

__all__ = ["GatePlan", "plan_gates"]

_ON_REAL_DATA = frozenset({ON_MNIST, *(reference.name for reference in REFERENCES)})


@dataclass(frozen=True, kw_only=True)
class GatePlan:
    """The gates of a tier.

    Attributes:
        path: gates.json.
        data: Data sets of the experiments; gates on other data do not concern them. At the smoke tier none.
        experiment: The reference networks on these data, to be trained as any experiment is.
        references: Their bounds.
        due: Whether the gates are to be tried.
    """

    path: Path
    data: frozenset[str]
    experiment: Experiment
    references: tuple[ReferenceNetwork, ...]
    due: bool

    def trainable(self, here: Collection[str]) -> Experiment:
        """Keep the reference networks that are to be trained, and whose data are here."""
        return only_on(here if self.due else (), self.experiment, self.references)[0]

    def check(self, ledger: Ledger, here: Collection[str]) -> Gates:
        """Try every gate, and write down how they went, beside gates of other data that were tried before.

        Args:
            ledger: Knows the runs of the reference networks.
            here: Data sets that are here: gates on others are not run.

        Raises:
            UsageError: If gates.json is damaged.
        """
        from regx.claims.gates.quick import check_gates  # with torch

        found = (
            *check_gates(self.data.intersection(here)),
            *(reference_gate(reference, self.experiment, ledger) for reference in self.references),
        )
        gates = Gates(when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), gates=(*found, *self._others(found)))
        gates.write(self.path)
        return gates

    def _others(self, found: Sequence[Gate]) -> list[Gate]:
        if not self.path.is_file():
            return []
        names = _ON_REAL_DATA - {gate.name for gate in found}
        return [gate for gate in Gates.read(self.path).gates if gate.name in names]


def plan_gates(results: Path, experiments: Sequence[Experiment], *, due: bool) -> GatePlan:
    """Plan the gates of experiments, all of one tier.

    Args:
        results: Folder of the results.
        experiments: What is to be reproduced.
        due: Whether there is something to train. Otherwise gates are tried only where some were not passed.

    Raises:
        UsageError: If gates.json is damaged.
    """
    tier = experiments[0].tier
    data = frozenset(
        experiment.config(arm, experiment.first(arm), 0).data.name
        for experiment in experiments
        for arm in experiment.arms
        if tier != "smoke"
    )
    experiment, references = only_on(data, reference_experiment(tier), REFERENCES)
    path = results / tier / "gates.json"
    return GatePlan(
        path=path,
        data=data,
        experiment=experiment,
        references=references,
        due=due or not _passed(path, {reference.name for reference in references}),
    )


def _passed(path: Path, names: Collection[str]) -> bool:
    """Whether none failed, and those named were passed."""
    if not path.is_file():
        return False
    before = Gates.read(path)
    return not before.failed and {gate.name for gate in before.gates if gate.holds}.issuperset(names)
