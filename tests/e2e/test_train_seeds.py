"""`regx train --seed 0-4`: several seeds, one after the other."""

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from small_config import small_yaml
from watching import timeless

from regx.data.load import load_dataset
from regx.runs.folder import RunFolder

CONFIG = small_yaml(model={"drop_prob": {"hidden": 0.2}}, train={"epochs": 2})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(CONFIG)
    return path


def seeds_in(folder: Path) -> list[int]:
    return sorted(RunFolder(path).read_record().seed for path in folder.iterdir())


def test_each_seed_has_its_lines_and_the_last_says_how_to_compare(cli: Callable, config: Path) -> None:
    result = cli("train", config, "--seed", "0-1,4")
    assert result.code == 0
    heads = [line for line in result.err.splitlines() if "parameters" in line]
    assert [head.split("; ")[2] for head in heads] == ["seed 0", "seed 1", "seed 4"]
    lines = result.out.splitlines()
    assert sum(line.startswith("done: runs/small-s") for line in lines) == 3
    assert lines[-1].startswith("next: regx compare 'runs/small-s*-")
    _, compare, *words = shlex.split(lines[-1].removeprefix("next: "), comments=True)
    assert cli(compare, *words).code == 0


def test_the_numbers_are_those_of_seeds_trained_alone(cli: Callable, config: Path) -> None:
    cli("train", config, "--seed", "0,1", "--quiet")
    cli("train", config, "--seed", "1", "--quiet", "--out", "alone")
    (alone,) = Path("alone").iterdir()
    assert timeless(Path("runs") / alone.name) == timeless(alone)


def test_quiet_prints_each_folder_and_data_are_loaded_once(
    cli: Callable, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = []
    target = "regx.data.load.load_dataset"
    monkeypatch.setattr(target, lambda *args, **kw: loads.append(1) or load_dataset(*args, **kw))
    result = cli("train", config, "--quiet", "--seed", "2-3", "--seed", "7")
    assert (result.code, result.err, len(loads)) == (0, "", 1)
    assert [Path(line).name.split("-")[1] for line in result.out.splitlines()] == ["s2", "s3", "s7"]


def test_what_is_trained_already_is_told_and_skipped(cli: Callable, config: Path) -> None:
    cli("train", config, "--seed", "1", "--quiet")
    result = cli("train", config, "--seed", "0-2")
    assert "seed 1: already trained; --fresh trains it again." in result.err
    assert "seed 1; cpu" not in result.err
    assert seeds_in(Path("runs")) == [0, 1, 2]


def test_the_exit_code_is_the_worst(cli: Callable, config: Path) -> None:
    wild = ("train", config, "--set", "optim.lr=1e6", "--set", "model.hidden_sizes=[64, 64, 64]")
    result = cli(*wild, "--seed", "0-1")
    assert result.code == 1
    assert result.out.count("diverged: runs/") == 2
    assert cli(*wild, "--seed", "0-1", "--quiet").code == 1


def test_a_seed_that_another_process_trains_is_left_to_it(cli: Callable, config: Path) -> None:
    folder = Path(cli("train", config, "--seed", "1", "--quiet").out.strip())
    with RunFolder(folder).lock():
        result = cli("train", config, "--seed", "0-2", "--fresh")
    assert result.code == 2
    assert f"{folder}: another process is training this run" in result.err
    assert seeds_in(Path("runs")) == [0, 1, 2]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--seed", "4-0"], "--seed 4-0: 4-0 runs backwards: write 0-4\n"),
        (["--seed", "1,1"], "--seed 1,1: has 1 twice\n"),
        (["--seed", "1", "--seed", "0-1"], "--seed 1,0-1: has 1 twice\n"),
        (["--seed", "-1"], "--seed -1: must be >= 0 (got -1)\n"),
        (["--seed", "x"], "--seed x: must be a seed, a range or several: 3, 0-4 or 0,1,5 (got 'x')\n"),
        (["--seed", "0-1000000"], "--seed 0-1000000: has too many seeds; at most 1,000 are allowed\n"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_trained(
    cli: Callable, config: Path, words: list[str], line: str
) -> None:
    result = cli("train", config, *words)
    assert (result.code, result.err, Path("runs").exists()) == (2, line, False)


def test_ctrl_c_stops_all_and_the_same_command_goes_on(cli: Callable, config: Path, tmp_path: Path) -> None:
    words = ["train", str(config), "--seed", "0-2", "--set", "train.epochs=100000"]
    command = [sys.executable, "-m", "regx", *words]
    with subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        for _ in range(600):
            if list(tmp_path.glob("runs/*/metrics.csv")):
                break
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "interrupted at step" in err
    assert err.splitlines()[-1] == "not started: 2 of the seeds; the same command trains them."
    assert seeds_in(tmp_path / "runs") == [0]
