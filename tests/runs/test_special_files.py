"""A named pipe, a device or a folder in the place of a run's file is refused; nothing waits for it."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from run_builder import remove_checksums
from small_config import small_yaml

CONFIG = small_yaml()
REFUSED = {
    os.mkfifo: "is a named pipe, not a file; put a regular file there, or move it away",
    Path.mkdir: "Is a directory; a file belongs there; move the folder away",
    lambda path: path.symlink_to("/dev/zero"): "is a device, not a file; put a regular file there, or move",
}


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    """Fail where something waits for ever."""

    def wake(*_: object) -> None:
        raise TimeoutError("something waits for ever")

    before = signal.signal(signal.SIGALRM, wake)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def folder(cli: Callable) -> Path:
    """The folder of a run that was interrupted after its end: every file is read to go on."""
    Path("small.yaml").write_text(CONFIG)
    folder = Path(cli("train", "small.yaml", "--quiet", "--keep-checkpoint").out.strip())
    remove_checksums(folder)
    record = (folder / "run.json").read_text().replace('"status": "done"', '"status": "interrupted"')
    (folder / "run.json").write_text(record)
    return folder


@pytest.mark.parametrize("put", REFUSED)
@pytest.mark.parametrize("name", ["run.json", "metrics.csv", "checkpoint.pt", ".lock", "probes.csv"])
def test_training_and_listing(cli: Callable, folder: Path, name: str, put: Callable[[Path], None]) -> None:
    (folder / name).unlink(missing_ok=True)
    put(folder / name)
    done = cli("train", "small.yaml")
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith(f"{folder / name}: {REFUSED[put]}")
    assert cli("runs", "runs").code == 0


def test_the_record_of_a_sweep(cli: Callable) -> None:
    Path("runs/e").mkdir(parents=True)
    os.mkfifo("runs/e/sweep.json")
    listed, compared = cli("runs", "runs"), cli("compare", "runs/e")
    assert f"damaged: runs/e/sweep.json: {REFUSED[os.mkfifo]}" in listed.out
    assert compared.code == 2
    assert f"runs/e/sweep.json: {REFUSED[os.mkfifo]}" in compared.err


def test_comparing(cli: Callable, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regx.reading.PATIENCE_SECONDS", 0.1)
    shutil.copytree(folder, "other")
    for name in ("metrics.csv", "config.yaml"):
        (folder / name).unlink()
        os.mkfifo(folder / name)
        done = cli("compare", folder, "other")
        assert done.code == 2
        assert f"{folder / name}: " in done.err
        assert "is a named pipe" in done.err


def test_the_cache_of_data(cli: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGX_DATA", str(tmp_path))
    os.mkfifo(tmp_path / "mnist.npz")
    done = cli("data", "check", "mnist")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "mnist.npz: is a named pipe, not a file" in done.err
    (tmp_path / "mnist.npz").unlink()
    os.mkfifo(tmp_path / ".mnist.lock")
    assert ".mnist.lock: is a named pipe, not a file" in cli("data", "fetch", "mnist").err


def test_leftovers_in_a_finished_run_go(cli: Callable, folder: Path) -> None:
    assert cli("train", "small.yaml", "--quiet").code == 0
    (folder / ".curves.svg.abcdefgh.part").write_text("half")
    assert cli("train", "small.yaml", "--quiet").code == 0
    assert not list(folder.glob(".*.part"))
