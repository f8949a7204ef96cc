"""`regx runs` lists every run, whatever became of it."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from run_builder import build_run, remove_checksums
from small_config import small_yaml
from sweep_builder import build_sweep

from regx.cli.runs import STATES
from regx.runs.record import Status
from regx.runs.sweep import SweepFolder, SweepRecord

CONFIG = small_yaml(train={"epochs": 4})


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # a run in one line


@pytest.fixture
def folders(cli: Callable, tmp_path: Path) -> list[Path]:
    config = tmp_path / "small.yaml"
    config.write_text(CONFIG)
    return [Path(cli("train", config, "--quiet", "--seed", seed).out.strip()) for seed in range(4)]


def test_states(cli: Callable, folders: list[Path]) -> None:
    remove_checksums(folders[1])
    record = folders[1] / "run.json"
    record.write_text(record.read_text().replace('"status": "done"', '"status": "running"'))
    (folders[2] / "run.json").write_text("{ half")
    (folders[3] / "run.json").unlink()
    result = cli("runs", "--json")
    assert result.code == 0
    states = {run["path"]: run["status"] for run in json.loads(result.out)}
    # running, and no process holds the folder: it was interrupted
    assert states == dict(zip(map(str, folders), ("done", "interrupted", "damaged", "damaged"), strict=True))


def test_every_state_is_counted() -> None:
    assert set(get_args(Status)) < set(STATES)


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
    remove_checksums(folder)
    record = json.loads((folder / "run.json").read_text())
    record |= {
        "status": "failed",
        "failure": {"kind": "error", "message": "ValueError: no such layer", "epoch": 1, "step": 4},
    }
    (folder / "run.json").write_text(json.dumps(record))
    assert f"failed: {folder}: ValueError: no such layer" in cli("runs").out


def test_damage_is_named_with_its_remedy(cli: Callable, folders: list[Path]) -> None:
    metrics = folders[2] / "metrics.csv"
    metrics.write_text(metrics.read_text().replace("0.", "1.", 1))
    lines = cli("runs").out.splitlines()
    assert [line.split()[1] for line in lines[1:5]] == ["done", "done", "damaged", "done"]
    assert lines[-1].startswith(f"damaged: {folders[2]}: {metrics}: is damaged")
    [command] = re.findall("`regx (.*)`", lines[-1])
    refused = cli("compare", folders[2])
    assert refused.code == 2
    assert f"{metrics}: is damaged" in refused.err
    assert command in refused.err
    assert cli(*command.split()).code == 0
    assert cli("compare", "runs").code == 0


@pytest.fixture
def tuned(tmp_path: Path) -> Path:
    """A sweep with two trials, one of which another sweep compares, and a run of its own beside it."""
    runs = tmp_path / "runs"
    sweep = build_sweep(
        runs,
        {"none": {}, "norm": {"model.batch_norm": True}},
        seeds=range(2),
        curves=lambda arm, _, seed: {"status": "failed"} if (arm, seed) == ("norm", 1) else {},
    )
    trials = [build_run(runs, name="toggles", seed=1000, optim={"lr": lr}) for lr in (0.1, 0.3)]
    record = SweepRecord.read(sweep / "sweep.json")
    first = record.runs[0]
    added = [first.model_copy(update={"stage": "tune", "seed": 1000, "folder": path.name}) for path in trials]
    record.model_copy(update={"runs": (*added, *record.runs)}).write(sweep / "sweep.json")
    other = SweepFolder.named("other", "cpu", runs)
    other.path.mkdir()
    shared = [added[1].model_copy(update={"stage": "confirm"}), first]
    record.model_copy(update={"name": "other", "runs": tuple(shared)}).write(other.record)
    build_run(runs, name="alone")
    return sweep


def test_a_sweep_is_one_line(cli: Callable, tuned: Path) -> None:
    result = cli("runs")
    lines = result.out.splitlines()
    assert [" ".join(line.split()) for line in lines[:3]] == [
        "sweep arms x seeds runs",
        "runs/other 2 x 2 2 done",
        "runs/toggles 2 x 2 3 done, 1 failed; trials: 2 done",
    ]
    assert [line.split()[0].startswith("runs/alone-s0-") for line in lines[5:]] == [True]
    assert result.err == "`regx runs runs/other` lists the runs of one sweep, --each those of all.\n"


def test_trials_are_left_out_unless_asked_for(cli: Callable, tuned: Path) -> None:
    """A run that one sweep tried and another compares is not left out."""
    assert len(json.loads(cli("runs", "--json").out)) == 6
    assert len(json.loads(cli("runs", "--json", "--trials").out)) == 7
    each = cli("runs", "--each")
    assert len([line for line in each.out.splitlines() if line.startswith("runs/")]) == 6
    assert each.err == "left out: 1 trial of a tuning; --trials lists them.\n"
    by_arm = cli("runs", "runs/toggles")
    assert "tune" not in by_arm.out
    assert by_arm.err == "left out: 2 trials of a tuning; --trials lists them.\n"
    assert cli("runs", "runs/toggles", "--trials").out.count("tune ") == 2


def test_filters_go_run_by_run_also_in_json(cli: Callable, tuned: Path) -> None:
    failed = json.loads(cli("runs", "--json", "--where", "status=failed").out)
    assert [(run["seed"], run["sweeps"]) for run in failed] == [(1, ["runs/toggles"])]
    shared = json.loads(cli("runs", "--json", "--where", "optim.lr=0.3").out)
    assert [(run["sweeps"], run["optim.lr"]) for run in shared] == [(["runs/other", "runs/toggles"], 0.3)]
    table = cli("runs", "--where", "model.batch_norm=true", "--where", "seed<1").out.splitlines()
    assert len(table) == 2
    assert cli("runs", "--where", "seed=77").out == "runs: no run meets these conditions\n"


def test_sorting(cli: Callable, tmp_path: Path) -> None:
    for seed, error in enumerate((0.3, 0.1, 0.2)):
        build_run(tmp_path / "runs", seed=seed, test_error=error)
    build_run(tmp_path / "runs", seed=3, status="failed")

    def seeds(*words: str) -> list[int]:
        return [run["seed"] for run in json.loads(cli("runs", "--json", *words).out)]

    assert seeds("--sort", "test_error") == [1, 2, 0, 3]
    assert seeds("--sort", "-test_error") == [0, 2, 1, 3]
    assert seeds("--sort", "-seed") == [3, 2, 1, 0]
    lines = cli("runs", "--sort", "-optim.lr").out.splitlines()
    assert lines[0].split()[-1] == "optim.lr"
    assert lines[1].split()[-1] == "0.1"


def test_a_wrong_key_is_one_line(cli: Callable, tuned: Path) -> None:
    result = cli("runs", "--where", "lr=0.1")
    assert (result.code, result.err) == (2, "--where lr=0.1: unknown key 'lr'; did you mean optim.lr?\n")
    assert cli("runs", "--sort", "eror").code == 2


def test_a_damaged_sweep_is_named_and_its_runs_are_listed(cli: Callable, tuned: Path) -> None:
    (tuned / "sweep.json").write_text("{ half")
    result = cli("runs")
    assert "damaged: runs/toggles/sweep.json: is not valid JSON" in result.out
    assert result.out.count("runs/toggles-s") == 4


def test_runs_of_earlier_versions_belong_to_their_sweep(cli: Callable, tuned: Path) -> None:
    record = SweepRecord.read(tuned / "sweep.json")
    record.model_copy(update={"runs": record.runs[2:3]}).write(tuned / "sweep.json")
    record.write(tuned / "sweep-00000000.json")
    assert "1 done; of earlier versions: 5" in cli("runs").out


def test_inside_the_folder_of_a_sweep(cli: Callable, tuned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tuned)
    assert "not there" not in cli("runs", ".").out


def test_listing_needs_no_torch(tuned: Path) -> None:
    code = (
        "import sys; sys.argv = ['regx', 'runs', 'runs', '--where', 'optim.lr=0.1', '--sort', '-seed']\n"
        "from regx.cli import main\n"
        "try: main()\n"
        "finally: print('torch' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tuned.parents[1], capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1] == "False"
