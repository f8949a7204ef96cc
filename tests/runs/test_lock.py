"""Locks where a file system has them, and where it has none."""

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from small_config import small_yaml

from regx.data.cache import locked
from regx.runs.lock import hold, is_held
from regx.runs.record import RunRecord

# Lustre mounted without flock, NFS without its daemon, FUSE and others.
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL)
CONFIG = small_yaml()
EXPERIMENT = "name: two\nquestion: q\nbase: small.yaml\narms: {a: {}, b: {optim.lr: 0.3}}\nseeds: 1\n"


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Have the system say so of every lock."""

    def refuse(code: int) -> None:
        def flock(*_: object) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(fcntl, "flock", flock)

    return refuse


def test_one_holds_a_lock_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with hold(path) as missing:
        assert missing == ""
        assert is_held(path)
        with pytest.raises(BlockingIOError), hold(path, waits=(0.0,)):
            pass
    assert not is_held(path)
    with hold(path, waits=(0.0,)):  # the file stays, and means nothing
        pass


@pytest.mark.parametrize("code", NO_LOCKS, ids=errno.errorcode.get)
def test_without_locks_it_goes_on_and_says_what_that_means(
    code: int, without_locks: Callable[[int], None], tmp_path: Path
) -> None:
    without_locks(code)
    with hold(tmp_path / ".lock") as missing, hold(tmp_path / ".lock") as again:
        assert missing == again
        assert missing.startswith(f"{tmp_path}: file locks do not work there ({os.strerror(code)})")
        assert "two processes could train the same run at once" in missing
        assert "\n" not in missing
        assert not is_held(tmp_path / ".lock")


def test_without_locks_data_are_fetched_all_the_same(
    without_locks: Callable[[int], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGX_DATA", str(tmp_path))
    of_another_process = tmp_path / ".small.npz.abc.part"
    of_another_process.touch()
    without_locks(errno.ENOLCK)
    with locked("small", lambda: pytest.fail("there is nobody to wait for")):
        assert of_another_process.exists()


@pytest.mark.parametrize("code", NO_LOCKS, ids=errno.errorcode.get)
def test_without_locks_a_run_is_trained_and_one_line_says_so(
    code: int, without_locks: Callable[[int], None], cli: Callable, tmp_path: Path
) -> None:
    (tmp_path / "small.yaml").write_text(CONFIG)
    without_locks(code)
    result = cli("train", "small.yaml")
    assert result.code == 0, result.err
    (folder,) = (tmp_path / "runs").iterdir()
    assert RunRecord.read(folder / "run.json").status == "done"
    assert [line for line in result.err.splitlines() if "locks" in line] == [
        f"note: runs/{folder.name}: file locks do not work there ({os.strerror(code)}):"
        " two processes could train the same run at once; see that only one does"
    ]


def test_without_locks_a_sweep_says_so_once(
    without_locks: Callable[[int], None], cli: Callable, tmp_path: Path
) -> None:
    (tmp_path / "small.yaml").write_text(CONFIG)
    (tmp_path / "two.yaml").write_text(EXPERIMENT)
    without_locks(errno.ENOSYS)
    result = cli("sweep", "two.yaml", "--jobs", 1)
    assert result.code == 0, result.err
    assert "trained 2 runs" in result.err
    assert result.err.count("file locks do not work there") == 1
    assert f"{tmp_path / 'runs'}: file locks" in result.err
