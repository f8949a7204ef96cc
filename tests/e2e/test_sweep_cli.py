import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from small_config import small_yaml
from terminal import on_terminal

from regx.cli import sweep_display
from regx.cli.progress import stop_on_signals
from regx.runs.lock import hold
from regx.sweeps.jobs import JobResult
from regx.sweeps.ledger import LOCK_NAME

BASE = small_yaml(model={"hidden_sizes": [8]}, train={"epochs": 2})
EXPERIMENT = """
name: toggles
question: Does a wider network err less?
base: base.yaml
arms:
  none: {}
  wide: {model.hidden_sizes: [16]}
seeds: 2
tiers:
  smoke: {seeds: 1, set: {train.epochs: 1}}
"""

Cli = Callable[..., Any]


@pytest.fixture
def sweep(cli: Cli, tmp_path: Path) -> Cli:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "toggles.yaml").write_text(EXPERIMENT)
    return lambda *words: cli("sweep", "toggles.yaml", "--jobs", 1, *words)


def test_a_sweep_shows_its_plan_trains_and_says_what_comes_next(sweep: Cli, tmp_path: Path) -> None:
    result = sweep()
    assert result.code == 0, result.err
    assert "to compare: 2 arms x 2 seeds = 4 runs" in result.err
    assert "left: 4 runs" in result.err
    assert "about " in result.err
    assert "trained 4 runs" in result.err
    assert "1/4  none seed 0  valid error" in result.err
    assert "next: regx compare runs/toggles --out runs/toggles/compare" in result.out
    assert (tmp_path / "runs/toggles/sweep.json").exists()
    assert len(list(tmp_path.glob("runs/toggles.*/metrics.csv"))) == 4


@pytest.mark.usefixtures("sweep")
def test_on_a_terminal_a_table_of_the_arms_is_drawn(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "regx", "sweep", "toggles.yaml", "--jobs", "1"]
    environ = {"PYTHONPATH": str(ROOT), "COLUMNS": "80", "LINES": "24"}
    with on_terminal(command, tmp_path, environ) as terminal:
        assert terminal.end() == 0
    assert all(text in terminal.shown for text in ("training  4/4  1 at work", "valid error", "wide   2/2"))
    assert "done: runs/toggles" in terminal.shown


def test_the_command_that_comes_next_works(sweep: Cli, cli: Cli, tmp_path: Path) -> None:
    sweep("--quiet")
    result = cli("compare", "runs/toggles", "--out", "runs/toggles/compare")
    assert result.code == 0, result.err
    assert "none" in result.out
    assert "wide" in result.out
    assert (tmp_path / "runs/toggles/compare/compare.csv").exists()


def test_what_is_done_is_not_trained_again(sweep: Cli, tmp_path: Path) -> None:
    sweep()
    written = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/metrics.csv")}
    result = sweep()
    assert result.code == 0
    assert "done already: 4 runs; left: 0 runs" in result.err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/metrics.csv")} == written


def test_a_dry_run_trains_nothing(sweep: Cli, tmp_path: Path) -> None:
    result = sweep("--dry-run")
    assert result.code == 0
    assert "left: 4 runs" in result.out  # the plan is the result
    assert not result.err
    assert sweep("--dry-run", "--quiet").out == result.out  # asked for, so it is shown all the same
    assert not (tmp_path / "runs").exists()


TUNING = "\ntune: {over: {optim.lr: [0.1, 0.2]}, seeds: [1000]"


@pytest.mark.parametrize(
    ("more", "grows"), [("", True), (", extend: []", False), (", max_extensions: 0", False)]
)
def test_the_plan_says_whether_a_tuning_may_grow(sweep: Cli, tmp_path: Path, more: str, grows: bool) -> None:
    (tmp_path / "toggles.yaml").write_text(f"{EXPERIMENT}{TUNING}{more}}}\n")
    plan = " ".join(sweep("--dry-run").out.split())
    assert "2 trials for each arm x 1 seed = 4 runs" in plan
    assert ("more if the best value is the smallest or largest tried" in plan) == grows


def test_a_run_that_is_interrupted_does_not_count_as_ended(
    sweep: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The live table counts what has ended; what Ctrl-C stops is left for the next call."""
    shown: list[str] = []
    ended = sweep_display._Counts.ended

    def stop_after_the_first(counts: sweep_display._Counts, result: JobResult) -> None:
        ended(counts, result)
        shown.append(f"{counts.num_ended}/{counts.total} {result.ending}")
        if result.ending == "done":
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(sweep_display._Counts, "ended", stop_after_the_first)
    result = sweep()
    assert result.code == 130
    assert shown == ["1/4 done", *["1/4 interrupted"] * 3]
    assert len(list(tmp_path.glob("runs/toggles.*/run.json"))) == 1


def test_a_dry_run_looks_on_while_another_sweep_is_at_work(sweep: Cli, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    with hold(tmp_path / "runs" / LOCK_NAME):
        assert sweep("--dry-run").code == 0
        assert "another sweep is at work here" in sweep().err


def test_a_signal_that_came_before_the_engine_stops_it() -> None:
    called: list[str] = []
    with stop_on_signals() as stop:
        signal.raise_signal(signal.SIGINT)
        stop.call(lambda: called.append("stop"))
    assert (called, stop.exit_code) == (["stop"], 130)


def test_a_tier_is_a_sweep_of_its_own(sweep: Cli, tmp_path: Path) -> None:
    result = sweep("--tier", "smoke")
    assert result.code == 0
    assert "2 arms x 1 seed = 2 runs" in result.err
    assert (tmp_path / "runs/toggles-smoke/sweep.json").exists()


def test_quiet_prints_the_folder_alone(sweep: Cli) -> None:
    result = sweep("--quiet")
    assert (result.code, result.out, result.err) == (0, "runs/toggles\n", "")


def test_a_diverged_run_is_told_and_is_no_failure(sweep: Cli, tmp_path: Path) -> None:
    text = EXPERIMENT.replace(
        "wide: {model.hidden_sizes: [16]}", "wild: {model.hidden_sizes: [64, 64, 64], optim.lr: 1.0e+6}"
    )
    (tmp_path / "toggles.yaml").write_text(text)
    result = sweep()
    assert result.code == 0
    assert "trained 4 runs, 2 of them diverged" in result.err


def test_a_run_over_its_time_limit_has_failed(sweep: Cli, tmp_path: Path) -> None:
    text = EXPERIMENT.replace("seeds: 2", "seeds: 1\nset: {train.epochs: 100000}")
    (tmp_path / "toggles.yaml").write_text(text)
    result = sweep("--time-limit", "0.5")
    assert result.code == 1
    assert "failed: 2 runs; --retry-failed tries them again" in result.err
    assert "0.5 s" in result.err
    assert "not complete" in result.out
    again = sweep()
    assert again.code == 1
    assert "failed in an earlier sweep, or damaged: 2 runs" in again.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--scheduler", "tcp://127.0.0.1:1"),
            "--jobs or --per-gpu, --scheduler and --scheduler-file: choose one",
        ),
        (("--tier", "huge"), "smoke, cpu, gpu"),
        (("--per-gpu", "2"), "GPU"),
    ],
)
def test_wrong_words_are_one_line(sweep: Cli, words: tuple[str, ...], message: str) -> None:
    result = sweep(*words)
    assert result.code == 2
    assert message in result.err.replace("'", "")
    assert result.err.strip().count("\n") == 0


def test_a_wrong_experiment_is_shown_with_its_line(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "bad.yaml").write_text(
        EXPERIMENT.replace("wide: {model.hidden_sizes: [16]}", "wide: {optim.lr: -1.0}")
    )
    result = cli("sweep", "bad.yaml")
    assert result.code == 2
    assert "bad.yaml:7:" in result.err
    assert "must be > 0" in result.err
    assert not (tmp_path / "runs").exists()


def test_the_config_of_a_run_is_no_experiment(sweep: Cli, cli: Cli) -> None:
    result = cli("sweep", "base.yaml")
    assert (result.code, result.err) == (
        2,
        "base.yaml: is the config of a run; `regx train base.yaml` trains it\n",
    )
