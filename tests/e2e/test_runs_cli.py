"""`regx runs` lists every run, whatever became of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from run_builder import build_run
from sweep_builder import build_sweep

CONFIG = """
name: small
data: {name: digits, train_size: 200}
model: {family: mlp, hidden_sizes: [16]}
optim: {lr: 0.1}
train: {epochs: 4, batch_size: 50}
device: cpu
"""


@pytest.fixture
def folders(cli: Callable, tmp_path: Path) -> list[Path]:
    config = tmp_path / "small.yaml"
    config.write_text(CONFIG)
    return [Path(cli("train", config, "--quiet", "--seed", seed).out.strip()) for seed in range(4)]


def test_states(cli: Callable, folders: list[Path]) -> None:
    record = folders[1] / "run.json"
    record.write_text(record.read_text().replace('"status": "done"', '"status": "running"'))
    (folders[2] / "run.json").write_text("{ half")
    (folders[3] / "run.json").unlink()
    result = cli("runs", "--json")
    assert result.code == 0
    states = {run["path"]: run["status"] for run in json.loads(result.out)}
    # running, and no process holds the folder: it was interrupted
    assert states == dict(zip(map(str, folders), ("done", "interrupted", "damaged", "damaged"), strict=True))


def test_the_table_has_a_line_for_each_run(cli: Callable, folders: list[Path]) -> None:
    lines = cli("runs").out.splitlines()
    assert lines[0].split() == ["run", "status", "epochs", "valid", "error", "test", "error", "images/s"]
    assert [line.split()[:3] for line in lines[1:]] == [[str(folder), "done", "4"] for folder in folders]


def test_no_folder_and_no_run(cli: Callable) -> None:
    missing = cli("runs")
    assert (missing.code, len(missing.err.splitlines())) == (2, 1)
    Path("runs").mkdir()
    empty = cli("runs")
    assert empty.code == 0
    assert "holds no run yet" in empty.out


def test_the_runs_of_a_sweep_are_listed_by_arm(
    cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    states = {("norm", 0): {"status": "failed"}, ("norm", 1): None}
    sweep = build_sweep(
        tmp_path,
        {"none": {}, "norm": {"model.batch_norm": True}},
        seeds=range(2),
        cells=[{"optim.lr": 0.2}],
        curves=lambda arm, _, seed: states.get((arm, seed), {}),
    )
    lines = cli("runs", sweep).out.splitlines()
    assert lines[0].split()[:4] == ["stage", "arm", "seed", "status"]
    assert [" ".join(line.split()[:5]) for line in lines[1:5]] == [
        "confirm none optim.lr=0.2 0 done",
        "confirm none optim.lr=0.2 1 done",
        "confirm norm optim.lr=0.2 0 failed",
        "confirm norm optim.lr=0.2 1 not",
    ]
    found = json.loads(cli("runs", sweep, "--json").out)
    assert [(run["arm"], run["stage"], run["seed"], run["status"]) for run in found][-1] == (
        "norm", "confirm", 1, "not there",
    )  # fmt: skip


def test_a_failed_run_tells_why(cli: Callable, tmp_path: Path) -> None:
    folder = build_run(tmp_path / "runs").relative_to(tmp_path)
    record = json.loads((folder / "run.json").read_text())
    record |= {
        "status": "failed",
        "failure": {"kind": "error", "message": "ValueError: no such layer", "epoch": 1, "step": 4},
    }
    (folder / "run.json").write_text(json.dumps(record))
    assert f"failed: {folder}: ValueError: no such layer" in cli("runs").out
