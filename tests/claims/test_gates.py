"""Sanity gates: bounds that only a working trainer keeps, and what is known from before."""

import json
from pathlib import Path

import pytest
from engine_jobs import work_off
from small_config import small_yaml

from regx.claims.gates.plan import GatePlan, plan_gates
from regx.claims.gates.quick import GATES, check_gates, random_labels_of_mnist
from regx.claims.gates.reference import (
    FILE,
    REFERENCES,
    ReferenceNetwork,
    only_on,
    reference_experiment,
    reference_gate,
)
from regx.claims.results import Gate, Gates
from regx.config import Experiment, load_experiment
from regx.sweeps.driver import make_plan
from regx.sweeps.jobs import EngineOptions
from regx.sweeps.ledger import Ledger
from regx.sweeps.worker import in_process

ROOT = Path(__file__).parents[2]
BASE = small_yaml(
    data={"train_size": 200},
    model={"hidden_sizes": [32]},
    optim={"lr": 0.2},
    train={"epochs": 5, "batch_size": 20},
)
EXPERIMENT = """
name: references
question: Does training reach what is known?
base: base.yaml
arms:
  sound: {}
  half_as_long: {train.epochs: 2}
  no_rate: {optim.lr: 1.0e-30}
  far_too_fast: {optim.lr: 1.0e+6}
seeds: 1
tiers: {smoke: {}}
"""
SOUND = ReferenceNetwork(name="sound", arm="sound", low=75.0, high=99.0, known="by trial")


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "references.yaml").write_text(EXPERIMENT)
    return load_experiment(tmp_path / "references.yaml")


def trained(experiment: Experiment, runs_dir: Path, *arms: str) -> Ledger:
    """Train arms for real."""
    jobs = [job for job in make_plan(experiment, Ledger(runs_dir)).confirm if job.arm in arms]
    with in_process(EngineOptions(runs_dir=runs_dir)) as engine:
        work_off(engine, jobs)
    return Ledger(runs_dir)


class TestReferenceGates:
    @pytest.mark.parametrize(("arm", "holds"), [("sound", True), ("no_rate", False), ("far_too_fast", False)])
    def test_a_trainer_that_does_not_learn_fails(
        self, experiment: Experiment, tmp_path: Path, arm: str, holds: bool
    ) -> None:
        reference = ReferenceNetwork(name="digits", arm=arm, low=75.0, high=99.0, known="by trial")
        gate = reference_gate(reference, experiment, trained(experiment, tmp_path / "runs", arm))
        assert gate.holds is holds
        assert "75 to 99 %" in gate.measured
        assert gate.source == "by trial"

    def test_too_good_is_wrong_too(self, experiment: Experiment, tmp_path: Path) -> None:
        reference = ReferenceNetwork(name="digits", arm="sound", low=20.0, high=30.0, known="")
        gate = reference_gate(reference, experiment, trained(experiment, tmp_path / "runs", "sound"))
        assert gate.holds is False

    def test_two_arms_are_held_against_one_another(self, experiment: Experiment, tmp_path: Path) -> None:
        ledger = trained(experiment, tmp_path / "runs", "sound", "half_as_long")
        reference = ReferenceNetwork(
            name="more", arm="sound", minus="half_as_long", low=0.1, high=60.0, known=""
        )
        gate = reference_gate(reference, experiment, ledger)
        errors = [
            final.test_error
            for arm in reference.arms
            if (final := ledger.load(ledger.job(experiment, arm, 0)).record.final)
        ]
        assert gate.measured == f"difference {100 * (errors[1] - errors[0]):.1f} points; 0.1 to 60 points"
        assert gate.holds

    def test_a_run_that_is_not_there_counts_as_not_run(self, experiment: Experiment, tmp_path: Path) -> None:
        gate = reference_gate(SOUND, experiment, Ledger(tmp_path / "runs"))
        assert (gate.holds, gate.measured) == (None, "not trained; 75 to 99 %")


class TestReferences:
    def test_every_arm_has_bounds_and_every_bound_an_arm(self) -> None:
        arms = {arm for reference in REFERENCES for arm in reference.arms}
        assert arms == set(reference_experiment("cpu").arms)
        assert len({reference.name for reference in REFERENCES}) == len(REFERENCES)
        assert all(reference.low < reference.high and reference.known for reference in REFERENCES)

    def test_only_those_on_the_data_that_are_asked_for_remain(self) -> None:
        kept, references = only_on({"cifar10"}, reference_experiment("cpu"), REFERENCES)
        assert kept.arms == ("cifar_5000",)
        assert [reference.arm for reference in references] == ["cifar_5000"]

    def test_the_page_lists_each_with_its_bounds(self) -> None:
        page = (ROOT / "docs" / "claims_format.md").read_text(encoding="utf-8")
        for reference in REFERENCES:
            assert f"| {reference.name} | {reference.low:g} to {reference.high:g} " in page


class TestPlan:
    @pytest.fixture(autouse=True)
    def references_on_digits(self, experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("regx.claims.gates.reference.FILE", experiment.path)
        monkeypatch.setattr("regx.claims.gates.plan.REFERENCES", (SOUND,))
        monkeypatch.setattr("regx.claims.gates.quick.GATES", ())  # seconds; tried below and in tests/e2e

    def plan(self, experiment: Experiment, folder: Path, *, due: bool = False) -> GatePlan:
        return plan_gates(folder / "results", [experiment], due=due)

    def test_what_was_passed_is_not_tried_again_without_need(
        self, experiment: Experiment, tmp_path: Path
    ) -> None:
        plan = self.plan(experiment, tmp_path)
        assert plan.due
        assert plan.trainable({"digits"}).arms == ("sound",)
        plan.check(trained(experiment, tmp_path / "runs", "sound"), {"digits"})
        assert not self.plan(experiment, tmp_path).due
        assert self.plan(experiment, tmp_path, due=True).due

    def test_what_could_not_be_run_is_not_passed(self, experiment: Experiment, tmp_path: Path) -> None:
        plan = self.plan(experiment, tmp_path)
        assert plan.trainable(()).arms == ()
        gates = plan.check(Ledger(tmp_path / "runs"), ())
        assert [gate.holds for gate in gates.gates] == [None]
        assert gates.failed == ()
        assert self.plan(experiment, tmp_path).due

    def test_a_file_of_an_earlier_version_is_read_and_added_to(
        self, experiment: Experiment, tmp_path: Path
    ) -> None:
        plan = self.plan(experiment, tmp_path)
        on_other_data = REFERENCES[0].name
        old = [{"name": name, "holds": True, "measured": "fine"} for name in ("bygone", on_other_data)]
        plan.path.parent.mkdir(parents=True)
        plan.path.write_text(json.dumps({"format": 1, "when": "2026-01-01 00:00", "gates": old}))
        assert self.plan(experiment, tmp_path).due
        gates = plan.check(trained(experiment, tmp_path / "runs", "sound"), {"digits"})
        assert gates == Gates.read(plan.path)
        assert [gate.name for gate in gates.gates] == ["sound", on_other_data]

    def test_one_that_failed_is_tried_again(self, experiment: Experiment, tmp_path: Path) -> None:
        plan = self.plan(experiment, tmp_path)
        failed = Gate(name="one batch", holds=False, measured="50 %; 0 %")
        passed = Gate(name="sound", holds=True, measured="")
        Gates(when="", gates=(failed, passed)).write(plan.path)
        assert self.plan(experiment, tmp_path).due

    def test_the_smoke_tier_has_none_on_real_data(self, experiment: Experiment, tmp_path: Path) -> None:
        smoke = load_experiment(experiment.path, "smoke")
        plan = self.plan(smoke, tmp_path)
        assert (plan.data, plan.trainable({"digits"}).arms) == (frozenset(), ())


def test_every_quick_gate_is_passed() -> None:
    gates = check_gates()
    assert len(gates) == len(GATES)
    assert [gate for gate in gates if not gate.holds] == []


@pytest.mark.slow
@pytest.mark.usefixtures("mnist", "cifar10")
def test_the_reference_networks_reach_what_is_known(tmp_path: Path) -> None:
    """Two CPU minutes on real data."""
    experiment = load_experiment(FILE)
    ledger = trained(experiment, tmp_path, *experiment.arms)
    gates = [reference_gate(reference, experiment, ledger) for reference in REFERENCES]
    assert [gate for gate in gates if not gate.holds] == []


@pytest.mark.slow
@pytest.mark.usefixtures("mnist")
def test_random_labels_of_mnist_help_nobody() -> None:
    gate = random_labels_of_mnist()
    assert gate.holds, gate.measured
