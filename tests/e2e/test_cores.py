"""More threads than cores: a note before the run, whatever command trains it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from small_config import small_yaml

from regx.config.warnings import available_cores

CONFIG = small_yaml(train={"epochs": 1, "threads": 3})
EXPERIMENT = "name: mine\nquestion: Does it?\nbase: small.yaml\narms: {plain: {}}\nseeds: 0-1\n"
NOTE = "note: train.threads 3 on 2 cores: with more threads than cores, training is far slower"


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("regx.config.warnings.available_cores", lambda: 2)
    (tmp_path / "small.yaml").write_text(CONFIG)
    (tmp_path / "mine.yaml").write_text(EXPERIMENT)


def test_train_says_it(cli: Callable) -> None:
    assert cli("train", "small.yaml").err.splitlines()[0] == NOTE
    assert "core" not in cli("train", "small.yaml", "--set", "train.threads=2").err


def test_validate_says_it(cli: Callable) -> None:
    assert cli("validate", "small.yaml").err == f"small.yaml: {NOTE}\n"
    assert cli("validate", "mine.yaml").err == f"mine.yaml: {NOTE}\n"


def test_a_sweep_counts_the_runs_that_train_at_the_same_time(
    cli: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    def notes(*words: str) -> list[str]:
        return [
            line for line in cli("sweep", "mine.yaml", "--dry-run", *words).err.splitlines() if "note" in line
        ]

    assert notes("--jobs", "1") == [NOTE]
    assert notes("--jobs", "2") == [
        "note: train.threads 3 in 2 runs at the same time on 2 cores: with more threads than cores, "
        "training is far slower; fewer threads would be faster"
    ]
    assert notes("--scheduler", "tcp://elsewhere:8786") == []


@pytest.mark.parametrize(("granted", "least"), [("100000 100000", 1), ("50000 100000", 1), ("1 100000", 1)])
def test_a_container_may_grant_fewer_cores(tmp_path: Path, granted: str, least: int) -> None:
    (tmp_path / "cpu.max").write_text(granted + "\n")
    assert available_cores(tmp_path / "cpu.max") == least


@pytest.mark.parametrize("content", ["max 100000", "", "a b", "1 0"])
def test_what_grants_all_limits_nothing(tmp_path: Path, content: str) -> None:
    bound = available_cores(tmp_path / "not there")
    (tmp_path / "cpu.max").write_text(content)
    assert available_cores(tmp_path / "cpu.max") == bound >= 1
