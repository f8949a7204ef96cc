"""`regx reproduce`: the plan, real training on the digits, verdicts, going on, and what ends it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from width_experiment import ARMS, BASE, CLAIM

from regx.claims.results import Gate, Gates, VerdictFile

EXPERIMENT = f"""{ARMS}tiers:
  smoke: {{seeds: 2, set: {{train.epochs: 1}}}}
  gpu: {{seeds: 6}}
{CLAIM}  - id: X02
    says: A wider network learns more slowly.
    source: Somebody 2014, section 2
    family: own
    measure: train_loss
    contrast: wide - none
    smallest_effect: 0.05
"""

Cli = Callable[..., Any]


@pytest.fixture
def reproduce(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("COLUMNS", "200")  # a claim in one line
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "width.yaml").write_text(EXPERIMENT)
    passed = Gates(when="", gates=(Gate(name="one batch", holds=True, measured="0 %"),))
    for tier in ("smoke", "cpu"):  # the gates themselves are tried below
        passed.write(tmp_path / "results" / tier / "gates.json")

    def run(*words: object) -> Any:
        return cli("reproduce", *words, "--experiments", "experiments", "--jobs", 1)

    return run


@pytest.fixture(autouse=True)
def no_gates(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Spare the seconds of the sanity gates where they are not what is tried."""
    if "gates" not in request.node.name:
        monkeypatch.setattr("regx.claims.gates.quick.GATES", ())


def verdicts(tmp_path: Path, tier: str = "cpu") -> VerdictFile:
    return VerdictFile.read(tmp_path / "results" / tier / "width" / "verdicts.json")


def test_a_plan_is_shown_and_nothing_is_trained(reproduce: Cli, tmp_path: Path) -> None:
    result = reproduce("X01", "--dry-run")
    assert result.code == 0, result.err
    assert "width (cpu): X01, X02; 0 runs done, 10 left" in result.out
    assert not list((tmp_path / "runs").glob("width*"))


def test_claims_are_run_and_judged(reproduce: Cli, tmp_path: Path) -> None:
    result = reproduce("X01", "X02")
    assert result.code == 0, result.err
    assert "width: trained 10 runs" in result.err
    lines = result.out.splitlines()
    assert lines[0].split()[:3] == ["claim", "sentence", "verdict"]
    assert "supported (strong, provisional, n=5)" in lines[1]
    assert "contradicted (reversed, provisional, n=5)" in lines[2]
    assert lines[-1] == "2 claims: 1 supported, 1 contradicted"
    folder = tmp_path / "results" / "cpu" / "width"
    assert {path.name for path in folder.iterdir()} >= {
        "lock.json",
        "runs.csv",
        "measures.csv",
        "verdicts.json",
        "X01.svg",
        "X02.svg",
    }
    assert len((folder / "runs.csv").read_text().splitlines()) == 11
    assert len((folder / "measures.csv").read_text().splitlines()) == 21
    assert verdicts(tmp_path).num_runs == 10


def test_what_is_done_is_not_done_again(reproduce: Cli, tmp_path: Path) -> None:
    reproduce("X01")
    before = {path: path.read_bytes() for path in (tmp_path / "results").rglob("*.*")}
    result = reproduce("X01")
    assert "width (cpu): X01, X02; 10 runs done, 0 left" in result.err
    assert {path: path.read_bytes() for path in (tmp_path / "results").rglob("*.*")} == before


def test_results_and_runs_that_were_removed_come_back_the_same(reproduce: Cli, tmp_path: Path) -> None:
    reproduce("X01")
    measures = tmp_path / "results" / "cpu" / "width" / "measures.csv"
    before, verdict = measures.read_bytes(), verdicts(tmp_path).claims["X01"]
    shutil.rmtree(tmp_path / "results" / "cpu" / "width")
    for path in (tmp_path / "runs").glob("width.wide-*"):
        shutil.rmtree(path)
    reproduce("X01")
    assert measures.read_bytes() == before
    again = verdicts(tmp_path).claims["X01"]
    assert (again.verdict, again.p, again.parts) == (verdict.verdict, verdict.p, verdict.parts)


def test_a_contradicted_claim_ends_with_3_where_that_is_asked_for(reproduce: Cli) -> None:
    assert reproduce("X02", "--strict").code == 3
    assert reproduce("X01", "--strict").code == 0
    assert reproduce("X02").code == 0


def test_the_smoke_tier_gives_no_verdict(reproduce: Cli, tmp_path: Path) -> None:
    result = reproduce("X01", "--tier", "smoke", "--quiet")
    assert result.code == 0, result.err
    assert result.out.splitlines()[-1] == "1 claim: 1 smoke"
    assert verdicts(tmp_path, "smoke").claims["X01"].num_seeds == 2


def test_a_changed_rule_stops_before_anything_is_compared(reproduce: Cli, tmp_path: Path) -> None:
    reproduce("X01")
    path = tmp_path / "experiments" / "width.yaml"
    path.write_text(EXPERIMENT.replace("smallest_effect: 0.05", "smallest_effect: 0.01"))
    result = reproduce("X01")
    assert result.code == 2
    assert (
        "lock.json: the rule of X01 has changed since the tuning ended; remove results/cpu/width"
        in result.err
    )


def test_at_the_smoke_tier_a_rule_may_change(reproduce: Cli, tmp_path: Path) -> None:
    reproduce("X01", "--tier", "smoke")
    path = tmp_path / "experiments" / "width.yaml"
    path.write_text(EXPERIMENT.replace("smallest_effect: 0.05", "smallest_effect: 0.01"))
    result = reproduce("X01", "--tier", "smoke")
    assert (result.code, result.out.splitlines()[-1]) == (0, "1 claim: 1 smoke")


def test_what_is_wrong_with_one_experiment_does_not_keep_the_others(reproduce: Cli, tmp_path: Path) -> None:
    reproduce("X01")
    folder = tmp_path / "experiments"
    other = EXPERIMENT.replace("name: width", "name: other").replace("X0", "Y0")
    (folder / "other.yaml").write_text(other)
    (folder / "width.yaml").write_text(EXPERIMENT.replace("smallest_effect: 0.05", "smallest_effect: 0.01"))
    result = reproduce("X01", "Y01")
    assert result.code == 2
    assert "width/lock.json: the rule of X01 has changed" in result.err
    assert "stale" in result.out.splitlines()[1]
    assert "supported" in result.out.splitlines()[2]


def test_mechanical_claims_are_checked_and_stored(reproduce: Cli, tmp_path: Path) -> None:
    result = reproduce("M01", "M13")
    assert result.code == 0, result.err
    assert result.out.splitlines()[-1] == "2 claims: 1 supported, 1 contradicted"
    stored = json.loads((tmp_path / "results" / "mechanical.json").read_text())
    assert list(stored["claims"]) == ["M01", "M13"]
    assert stored["claims"]["M01"]["measured"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["X03"], "X03: no such claim; `regx claims` lists them"),
        (["M1"], "M1: no such claim"),
        (["X01", "--scheduler", "tcp://127.0.0.1:1"], "choose one"),
    ],
)
def test_mistakes_are_one_line(reproduce: Cli, words: list[str], message: str) -> None:
    result = reproduce(*words)
    assert result.code == 2
    assert message in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "train_loss\n    contrast: none",
            "train_los\n    contrast: none",
            "17:14: X01: measure: no measure 'train_los'",
        ),
        (
            "train_loss\n    contrast: none",
            "steps_to_target\n    contrast: none",
            "X01: measure: steps_to_target needs `target`",
        ),
        (
            "train_loss\n    contrast: none",
            "lr_max\n    contrast: none",
            "X01: measure: lr_max needs a grid, and none has none",
        ),
        (
            "seeds: 5",
            "seeds: 5\ngrid: {optim.momentum: [0.0, 0.5]}",
            "X01: measure: none has 2 cells: choose one",
        ),
    ],
)
def test_measures_are_checked_at_their_line(
    reproduce: Cli, cli: Cli, tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "experiments" / "width.yaml"
    path.write_text(EXPERIMENT.replace(old, new))
    for result in (reproduce("X01"), cli("validate", "experiments")):
        assert result.code == 2
        assert message in result.err


@pytest.mark.slow
def test_gates_run_before_anything_is_trained(reproduce: Cli, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "results")
    result = reproduce("X01", "--tier", "smoke")
    gates = Gates.read(tmp_path / "results" / "smoke" / "gates.json")
    assert len(gates.gates) >= 6
    assert gates.failed == ()
    assert result.err.index("gate one batch by heart: ok") < result.err.index("training: 4 runs")
