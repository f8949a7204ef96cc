"""`regx train` as a user runs it: what it prints, how it ends, what it leaves."""

import os
import pty
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from small_config import small_yaml

from regx.runs.record import RunRecord

CONFIG = small_yaml(
    data={"train_size": 200}, model={"hidden_sizes": [32], "drop_prob": {"hidden": 0.2}}, train={"epochs": 4}
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(CONFIG)
    return path


def test_train_says_what_it_does_and_where_things_are(cli: Callable, config: Path) -> None:
    result = cli("train", config, "--seed", 3)
    assert result.code == 0, result.err
    lines = result.err.splitlines()
    assert lines[0] == "small: mlp on 200 images of digits; 2,410 parameters; seed 3; cpu, 1 thread"
    assert [line.split()[:2] for line in lines[1:]] == [["epoch", f"{epoch}/4"] for epoch in (1, 2, 3, 4)]
    assert result.out.startswith("test error ")
    (folder,) = Path("runs").iterdir()
    assert folder.name.startswith("small-s3-")
    assert f"done: {folder}" in result.out
    assert {path.name for path in folder.glob("[!.]*")} == {
        "config.yaml",
        "metrics.csv",
        "run.json",
        "curves.svg",
    }


def test_quiet_prints_the_folder_alone(cli: Callable, config: Path) -> None:
    result = cli("train", config, "--quiet", "--out", "elsewhere")
    assert (result.code, result.err) == (0, "")
    assert Path(result.out.strip()).is_dir()


def test_overrides_make_another_run(cli: Callable, config: Path) -> None:
    cli("train", config, "--quiet")
    result = cli(
        "train", config, "--quiet", "--set", "optim.lr=0.05", "--set", "optim.lr_decay={kind: cosine}"
    )
    assert result.code == 0
    assert len(list(Path("runs").iterdir())) == 2


def test_a_finished_run_is_reported_not_repeated(cli: Callable, config: Path) -> None:
    first = cli("train", config)
    again = cli("train", config)
    assert again.code == 0
    assert again.out == first.out
    assert "already trained" in again.err
    assert "--fresh" in again.err
    assert "epoch" not in again.err


def test_curves_that_are_gone_are_drawn_again(cli: Callable, config: Path) -> None:
    folder = Path(cli("train", config, "--quiet").out.strip())
    curves = (folder / "curves.svg").read_bytes()
    (folder / "curves.svg").unlink()
    cli("train", config, "--quiet")
    assert (folder / "curves.svg").read_bytes() == curves


def test_keep_checkpoint_keeps_the_weights(cli: Callable, config: Path) -> None:
    folder = Path(cli("train", config, "--quiet", "--keep-checkpoint").out.strip())
    assert (folder / "checkpoint.pt").stat().st_size > 4 * 2410


def test_divergence_is_one_sentence_and_exit_code_1(cli: Callable, config: Path) -> None:
    result = cli("train", config, "--set", "optim.lr=1e6", "--set", "model.hidden_sizes=[64, 64, 64]")
    assert result.code == 1
    assert "diverged" in result.err
    assert "smaller optim.lr" in result.err
    assert cli("train", config, "--set", "optim.lr=1e6", "--set", "model.hidden_sizes=[64, 64, 64]").code == 1


def test_a_bad_config_is_refused_before_anything_is_made(cli: Callable, config: Path) -> None:
    result = cli("train", config, "--set", "optim.lr=-1")
    assert result.code == 2
    assert result.err == "--set optim.lr=-1: must be > 0 (got -1)\n"
    assert not Path("runs").exists()


def test_a_device_that_is_not_there_is_refused_before_data_are_read(
    cli: Callable, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("regx.data.load.load_dataset", None)  # must not be called
    result = cli("train", config, "--device", "cuda")
    said = "device: this machine has no cuda that torch can use; write device: auto\n"
    assert (result.code, result.err) == (2, said)
    assert not Path("runs").exists()


def test_an_output_folder_that_cannot_be(cli: Callable, config: Path) -> None:
    Path("occupied").write_text("a file")
    result = cli("train", config, "--out", "occupied")
    assert result.code == 2
    assert result.err.startswith("occupied/small-s0-")
    assert result.err.endswith(": Not a directory; choose another place with --out\n")
    assert len(result.err.splitlines()) == 1


def test_a_damaged_record_is_named(cli: Callable, config: Path) -> None:
    folder = Path(cli("train", config, "--quiet").out.strip())
    (folder / "run.json").write_text("{")
    result = cli("train", config)
    assert result.code == 2
    assert str(folder / "run.json") in result.err
    assert "--fresh" in result.err
    assert cli("train", config, "--fresh", "--quiet").code == 0


def start(config: Path, *words: str, limit: int | None = None) -> subprocess.Popen[str]:
    """Start `regx train` in a process of its own, optionally with a limit to the size of any file."""

    def set_limit() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "regx", "train", str(config), "--offline", *words]
    return subprocess.Popen(
        command,
        cwd=config.parent,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=set_limit,  # noqa: PLW1509  # no threads here
    )


LONG = ("--set", "train.epochs=100000")


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        # The same code, see test_signals; Ctrl-C and a closed terminal have tests of their own.
        *(
            pytest.param(number, marks=pytest.mark.slow)
            for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
        ),
    ],
)
def test_a_signal_stops_safely(config: Path, number: signal.Signals) -> None:
    process = start(config, *LONG)
    runs = config.parent / "runs"
    deadline = time.monotonic() + 60
    while not list(runs.glob("*/metrics.csv")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "continues from there" in err
    assert "Traceback" not in err
    (folder,) = runs.iterdir()
    record = RunRecord.read(folder / "run.json")
    assert record.status == "interrupted"
    assert record.steps_completed > 0
    assert (folder / "checkpoint.pt").exists()


def test_a_terminal_that_is_closed_costs_no_step(config: Path) -> None:
    """As when an ssh connection breaks: SIGHUP, and whatever is printed afterwards is an error."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "regx", "train", str(config), "--offline", *LONG]
    process = subprocess.Popen(
        ["setsid", "--ctty", *command], cwd=config.parent, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    while b"epoch" not in shown:
        shown += os.read(ours, 1024)
    os.close(ours)
    assert process.wait(60) == 128 + signal.SIGHUP
    (folder,) = (config.parent / "runs").iterdir()
    assert RunRecord.read(folder / "run.json").status == "interrupted"
    assert (folder / "checkpoint.pt").exists()


def test_a_full_disk_is_one_line_and_leaves_whole_files(cli: Callable, config: Path) -> None:
    """A limit on the size of files fails writes as a full disk does, in the middle of metrics.csv."""
    process = start(config, "--set", "train.epochs=60", limit=4000)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert "metrics.csv: No space left on device; free some space there" in err.splitlines()[-1]
    (folder,) = (config.parent / "runs").iterdir()
    text = (folder / "metrics.csv").read_text()
    assert text.endswith("\n")
    assert len(text.splitlines()) > 10
    assert not list(folder.glob(".*.part"))
    assert cli("train", config, "--set", "train.epochs=60", "--quiet").code == 0  # there is room again


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train", "Missing argument 'config'; see regx train --help"),
        ("trian", "no such command: trian; did you mean train?"),
        ("train small.yml", "small.yml: no such file (did you mean 'small.yaml'?)"),
        ("train small.yaml --checkpoint-seconds -1", "Invalid value for '--checkpoint-seconds'"),
    ],
)
def test_a_wrong_word_is_one_line(cli: Callable, config: Path, words: str, message: str) -> None:
    result = cli(*words.split())
    assert result.code == 2
    assert result.err.startswith(message)
    assert len(result.err.splitlines()) == 1
