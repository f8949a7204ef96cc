"""Configs from files, pipes and standard input; what is none of them is refused at once."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from regx.config import ConfigError, load_experiment, load_run
from regx.config.load import kind_of_file
from regx.config.load_experiment import load_tiers

RUN = "name: piped\ndata: {name: digits}\nmodel: {family: mlp, hidden_sizes: [8]}\noptim: {lr: 0.1}\n"
EXPERIMENT = """
name: mine
question: Which?
base: run.yaml
arms: {a: {}, b: {optim.lr: 0.2}}
seeds: 2
tiers: {smoke: {seeds: 1}}
"""


def regx(*words: str, config: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "regx", *words]
    return subprocess.run(
        command, input=config, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def pipe() -> Callable[[str], Path]:
    """Hand a text over as bash does with `<(...)`."""

    def make(text: str) -> Path:
        reader, writer = os.pipe()
        os.write(writer, text.encode())
        os.close(writer)
        return Path(f"/dev/fd/{reader}")

    return make


def test_a_pipe_is_read_once_and_answers_every_question(pipe: Callable[[str], Path]) -> None:
    path = pipe(RUN)
    assert kind_of_file(path) == "run"
    assert load_run(path).name == "piped"
    assert load_run(path, ["optim.lr=0.2"]).optim.lr == 0.2


def test_two_pipes_are_two_configs(pipe: Callable[[str], Path]) -> None:
    one, other = pipe(RUN), pipe(RUN.replace("piped", "other"))
    assert [load_run(path).name for path in (one, other, one)] == ["piped", "other", "piped"]


def test_an_experiment_through_a_pipe_builds_on_files_of_this_folder(
    pipe: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run.yaml").write_text(RUN)
    path = pipe(EXPERIMENT)
    assert load_experiment(path, "smoke").seeds == (0,)
    assert set(load_tiers(path)) == {"cpu", "smoke"}
    assert load_run(pipe("extends: run.yaml\nseed: 3\n")).seed == 3


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
def test_standard_input(tmp_path: Path, name: str) -> None:
    done = regx("validate", name, config=RUN, folder=tmp_path)
    shown = "standard input" if name == "-" else name
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{shown}: ok (mlp, ")
    wrong = regx("validate", name, config="nme: a\n", folder=tmp_path)
    assert f"{shown}:1:1: nme: unknown key" in wrong.stderr


def test_a_sweep_from_standard_input(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(RUN)
    done = regx("sweep", "-", "--dry-run", "--jobs", "1", config=EXPERIMENT, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 arms x 2 seeds = 4 runs" in done.stdout
    given_a_run = regx("sweep", "-", config=RUN, folder=tmp_path)
    assert given_a_run.stderr == "-: is the config of a run; `regx train -` trains it\n"


def test_a_named_pipe_is_read_where_someone_writes(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    threading.Thread(target=path.write_text, args=(RUN,), daemon=True).start()
    assert kind_of_file(path) == "run"
    assert load_run(path).name == "piped"


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as here:
        here.bind(str(path))


def make_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_pipe, "is a named pipe that nobody writes to; start its writer first, or give a file"),
        (make_socket, "is a socket, not a file; put a regular file there, or move it away"),
        (make_device, "is a device, not a file; put a regular file there, or move it away"),
        (Path.mkdir, "is a folder, not a YAML file"),
    ],
)
def test_what_is_no_file_is_refused_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], message: str
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    monkeypatch.setattr("regx.reading.PATIENCE_SECONDS", 0.1)
    make(Path("a.yaml"))
    began = time.monotonic()
    with pytest.raises(ConfigError, match=message):
        load_run("a.yaml")
    assert time.monotonic() - began < 5


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_file_that_the_disk_does_not_give(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"/proc/self/mem: cannot be read: Input/output error; look after the"
    ):
        load_run("/proc/self/mem")
