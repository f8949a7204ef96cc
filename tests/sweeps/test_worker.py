"""One run on order, without any engine: refusals, time limits, places that do not work out."""

import fcntl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine_jobs import small_job
from watching import timeless

from regx.runs.folder import RunFolder
from regx.sweeps import worker
from regx.sweeps.jobs import EngineOptions, Job, JobResult, Watch
from regx.sweeps.worker import execute, in_process

LONG = small_job(train={"epochs": 60})


class Line(Watch):
    """A driver that listens, and may want an end after so many epochs."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.stop_after = stop_after
        self.epochs: list[int] = []

    def stop_wanted(self) -> bool:
        return self.stop_after is not None and bool(self.epochs) and self.epochs[-1] >= self.stop_after

    def progressed(self, job: Job, epochs: int) -> None:  # noqa: ARG002  # the method's name
        self.epochs.append(epochs)


Train = Callable[..., JobResult]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Train a job into the folder `runs`."""

    def train(job: Job, line: Line | None = None, token: str = "", **options: Any) -> JobResult:
        line = line or Line()
        chosen = EngineOptions(**{"runs_dir": tmp_path / "runs", **options})
        return execute(job, chosen, line, line.stop_wanted, token)

    return train


def folder_of(job: Job, tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "runs" / job.folder)


def test_every_epoch_is_told_of(train: Train) -> None:
    line = Line()
    assert train(small_job(), line).ending == "done"
    assert line.epochs == [0, 1, 2]


def test_a_stop_saves_and_the_next_order_goes_on(train: Train, tmp_path: Path) -> None:
    result = train(LONG, Line(stop_after=5))
    assert result.ending == "interrupted"
    assert folder_of(LONG, tmp_path).read_record().status == "interrupted"
    line = Line()
    assert train(LONG, line).ending == "done"
    assert line.epochs[0] == 5
    train(LONG, runs_dir=tmp_path / "undisturbed")
    assert timeless(tmp_path / "runs" / LONG.folder) == timeless(tmp_path / "undisturbed" / LONG.folder)


def test_a_run_past_its_limit_has_failed_and_can_go_on(train: Train, tmp_path: Path) -> None:
    result = train(LONG, time_limit=0.05)
    assert result.ending == "failed"
    assert result.message == "took longer than the limit of 0.05 s"
    record = folder_of(LONG, tmp_path).read_record()
    assert record.status == "failed"
    assert record.failure is not None
    assert record.failure.kind == "time_limit"
    assert record.failure.step == record.steps_completed > 0
    line = Line()
    assert train(LONG, line, time_limit=60).ending == "done"
    assert line.epochs[0] == record.epochs_completed
    assert folder_of(LONG, tmp_path).read_record().failure is None


def test_a_folder_that_is_held_for_a_moment_is_waited_for(train: Train, tmp_path: Path) -> None:
    folder = folder_of(small_job(), tmp_path)
    folder.create()
    with (folder.path / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        threading.Timer(1.0, fcntl.flock, (lock, fcntl.LOCK_UN)).start()
        began = time.monotonic()
        assert train(small_job()).ending == "done"
        assert time.monotonic() - began > 1


def test_a_folder_that_stays_held_is_no_verdict(
    train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BUSY_SECONDS", 0.2)
    folder = folder_of(small_job(), tmp_path)
    folder.create()
    with folder.lock():
        result = train(small_job())
    assert result.ending == "lost"
    assert "another process is training this run" in result.message
    assert not folder.record.exists()


def test_a_device_that_is_not_there_is_no_verdict(train: Train, tmp_path: Path) -> None:
    mps = Job(config=small_job().config.model_copy(update={"device": "mps"}), folder="mps")
    result = train(mps)
    assert result.ending == "lost"
    assert "no mps" in result.message
    assert not folder_of(mps, tmp_path).path.exists()


def test_a_folder_that_cannot_be_written_is_no_verdict(train: Train, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    result = train(small_job())
    assert result.ending == "lost"
    assert str(tmp_path / "runs") in result.message


def test_the_traceback_goes_when_the_run_begins_again(train: Train, tmp_path: Path) -> None:
    folder = folder_of(small_job(), tmp_path)
    folder.create()
    folder.record.write_text("{")
    result = train(small_job())
    assert result.ending == "failed"
    assert "is not valid JSON" in folder.error.read_text()
    folder.record.unlink()
    assert train(small_job()).ending == "done"
    assert not folder.error.exists()


def test_without_the_drivers_folder_the_files_travel(train: Train, tmp_path: Path) -> None:
    result = train(small_job(), token="nobody-wrote-this")
    assert result.ending == "done"
    assert sorted(result.files) == ["config.yaml", "metrics.csv", "run.json"]
    assert not folder_of(small_job(), tmp_path).path.exists()


def test_stop_before_the_first_job(tmp_path: Path) -> None:
    with in_process(EngineOptions(runs_dir=tmp_path)) as engine:
        engine.stop()
        (result,) = engine.run([small_job()], None)  # type: ignore[arg-type]
    assert result.ending == "interrupted"
    assert not list(tmp_path.iterdir())
