"""`regx reproduce` and a broken trainer: the gates on reference networks, trained for real on the digits."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from width_experiment import ARMS, BASE, CLAIM

from regx.claims.gates.reference import ReferenceNetwork
from regx.claims.results import Gates, VerdictFile

EXPERIMENT = ARMS + CLAIM
REFERENCES = """
name: references
question: Does training reach what is known?
base: base.yaml
arms:
  digits: {data.train_size: 300, train.epochs: 5}
seeds: 1
"""
BROKEN = REFERENCES.replace("train.epochs: 5", "train.epochs: 5, optim.lr: 1.0e-30")

Cli = Callable[..., Any]


@pytest.fixture
def reproduce(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Reproduce X01 after the gate of one reference network on the digits."""
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "width.yaml").write_text(EXPERIMENT)
    known = ReferenceNetwork(name="known", arm="digits", low=50.0, high=99.9, known="by trial")
    monkeypatch.setattr("regx.claims.gates.quick.GATES", ())  # seconds, and tried elsewhere
    monkeypatch.setattr("regx.claims.gates.plan.REFERENCES", (known,))
    monkeypatch.setattr("regx.claims.gates.reference.FILE", tmp_path / "references.yaml")

    def run(references: str, *words: object) -> Any:
        (tmp_path / "references.yaml").write_text(references)
        return cli("reproduce", "X01", "--experiments", "experiments", "--jobs", 1, *words)

    return run


def verdict(tmp_path: Path) -> str:
    folder = tmp_path / "results" / "cpu" / "width"
    return VerdictFile.read(folder / "verdicts.json").claims["X01"].verdict


def test_reference_networks_are_trained_first(reproduce: Cli, tmp_path: Path) -> None:
    plan = reproduce(REFERENCES, "--dry-run")
    assert "sanity gates: 1 reference network to train" in plan.out
    result = reproduce(REFERENCES)
    assert result.code == 0, result.err
    assert result.err.index("gate known: ok (test accuracy ") < result.err.index("training: 10 runs")
    [gate] = Gates.read(tmp_path / "results" / "cpu" / "gates.json").gates
    assert (gate.holds, gate.source) == (True, "by trial")
    assert verdict(tmp_path) == "supported"
    again = reproduce(REFERENCES)
    assert "gate" not in again.err


def test_a_broken_trainer_makes_claims_invalid(reproduce: Cli, tmp_path: Path) -> None:
    reproduce(REFERENCES)
    (tmp_path / "results" / "cpu" / "gates.json").unlink()
    result = reproduce(BROKEN)
    assert result.code == 1
    assert re.search(r"gate known: FAILED \(test accuracy 1?\d\.\d %; 50 to 99\.9 %\)", result.err)
    assert "a sanity gate failed: claims are invalid, and nothing more is trained" in result.err
    assert verdict(tmp_path) == "invalid"
    assert result.out.splitlines()[-1] == "1 claim: 1 invalid"


def test_a_broken_trainer_is_found_before_anything_is_compared(reproduce: Cli, tmp_path: Path) -> None:
    result = reproduce(BROKEN)
    assert result.code == 1
    assert not list((tmp_path / "runs").glob("width.*"))
    assert reproduce(BROKEN, "--quiet").code == 1  # and again
    assert reproduce(REFERENCES).code == 0  # a trainer that was mended goes on
    assert verdict(tmp_path) == "supported"
