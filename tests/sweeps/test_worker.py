"""One run on order, without any engine: refusals, time limits, places that do not work out."""

import fcntl
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from engine_jobs import small_job, timeless

from regx.config import RunConfig
from regx.runs.folder import RunFolder
from regx.sweeps import worker
from regx.sweeps.in_process import in_process
from regx.sweeps.jobs import EngineOptions, Job, Order, Report, order_of
from regx.sweeps.worker import execute

LONG = small_job(train={"epochs": 60})


@dataclass
class Line:
    """A driver that listens, and may want an end after so many epochs."""

    stop_after: int | None = None
    epochs: list[int] = field(default_factory=list)
    name: str = "tcp://here:1"

    def stop_wanted(self) -> bool:
        return self.stop_after is not None and bool(self.epochs) and self.epochs[-1] >= self.stop_after

    def progressed(self, epochs: int) -> None:
        self.epochs.append(epochs)


@pytest.fixture
def order(tmp_path: Path) -> Callable[..., Order]:
    def order(job: Job, token: str = "", **options: Any) -> Order:
        return order_of(job, EngineOptions(runs_dir=tmp_path / "runs", **options), token)

    return order


def folder_of(order: Order) -> RunFolder:
    return RunFolder(Path(order["runs_dir"]) / order["folder"])


def test_an_order_is_plain_data_and_holds_the_whole_config(order: Callable[..., Order]) -> None:
    sent = json.loads(json.dumps(order(LONG)))
    assert RunConfig.model_validate(sent["config"]) == LONG.config


def test_every_epoch_is_told_of(order: Callable[..., Order]) -> None:
    line = Line()
    assert execute(order(small_job()), line)["ending"] == "done"
    assert line.epochs == [0, 1, 2]


@pytest.mark.parametrize(("key", "value"), [("version", "0.0.7"), ("code", "0a1b2c3d")])
def test_other_code_is_refused_before_anything_is_touched(
    order: Callable[..., Order], key: str, value: str
) -> None:
    report = execute({**order(small_job()), key: value}, Line())  # type: ignore[typeddict-item]
    assert report["ending"] == "refused"
    assert report["message"].startswith("worker tcp://here:1: has regx ")
    assert value in report["message"].split("this sweep needs")[1]
    assert "\n" not in report["message"]
    assert not folder_of(order(small_job())).path.exists()


def test_a_stop_saves_and_the_next_order_goes_on(order: Callable[..., Order], tmp_path: Path) -> None:
    report = execute(order(LONG), Line(stop_after=5))
    assert report["ending"] == "interrupted"
    assert folder_of(order(LONG)).read_record().status == "interrupted"
    line = Line()
    assert execute(order(LONG), line)["ending"] == "done"
    assert line.epochs[0] == 5
    undisturbed = order(LONG, token="") | {"runs_dir": str(tmp_path / "undisturbed")}
    execute(undisturbed, Line())  # type: ignore[arg-type]
    assert timeless(tmp_path / "runs", LONG) == timeless(tmp_path / "undisturbed", LONG)


def test_a_run_past_its_limit_has_failed_and_can_go_on(order: Callable[..., Order]) -> None:
    report = execute(order(LONG, time_limit=0.05), Line())
    assert report["ending"] == "failed"
    assert report["message"] == "took longer than the limit of 0.05 s"
    record = folder_of(order(LONG)).read_record()
    assert record.status == "failed"
    assert record.failure is not None
    assert record.failure.kind == "time_limit"
    assert record.failure.step == record.steps_completed > 0
    line = Line()
    assert execute(order(LONG, time_limit=60), line)["ending"] == "done"
    assert line.epochs[0] == record.epochs_completed
    assert folder_of(order(LONG)).read_record().failure is None


def test_a_folder_that_is_held_for_a_moment_is_waited_for(order: Callable[..., Order]) -> None:
    folder = folder_of(order(small_job()))
    folder.create()
    with (folder.path / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        threading.Timer(1.0, fcntl.flock, (lock, fcntl.LOCK_UN)).start()
        began = time.monotonic()
        assert execute(order(small_job()), Line())["ending"] == "done"
        assert time.monotonic() - began > 1


def test_a_folder_that_stays_held_is_no_verdict(
    order: Callable[..., Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BUSY_SECONDS", 0.2)
    folder = folder_of(order(small_job()))
    folder.create()
    with folder.lock():
        report = execute(order(small_job()), Line())
    assert report["ending"] == "lost"
    assert "another process is training this run" in report["message"]
    assert not folder.record.exists()


def test_a_device_that_is_not_there_is_no_verdict(order: Callable[..., Order]) -> None:
    mps = Job(config=small_job().config.model_copy(update={"device": "mps"}), folder="mps")
    report = execute(order(mps), Line())
    assert report["ending"] == "lost"
    assert "no mps" in report["message"]
    assert not folder_of(order(mps)).path.exists()


def test_a_folder_that_cannot_be_written_is_no_verdict(order: Callable[..., Order], tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    report = execute(order(small_job()), Line())
    assert report["ending"] == "lost"
    assert str(tmp_path / "runs") in report["message"]


def test_the_traceback_goes_when_the_run_begins_again(order: Callable[..., Order]) -> None:
    folder = folder_of(order(small_job()))
    folder.create()
    folder.record.write_text("{")
    report = execute(order(small_job()), Line())
    assert report["ending"] == "failed"
    assert "is not valid JSON" in folder.error.read_text()
    folder.record.unlink()
    assert execute(order(small_job()), Line())["ending"] == "done"
    assert not folder.error.exists()


def test_without_the_drivers_folder_the_files_travel(order: Callable[..., Order]) -> None:
    report: Report = execute(order(small_job(), token="nobody-wrote-this"), Line())
    assert report["ending"] == "done"
    assert sorted(report["files"]) == ["config.yaml", "metrics.csv", "run.json"]
    assert not folder_of(order(small_job())).path.exists()


def test_stop_before_the_first_job(tmp_path: Path) -> None:
    with in_process(EngineOptions(runs_dir=tmp_path)) as engine:
        engine.stop()
        (outcome,) = engine.run([small_job()], None)  # type: ignore[arg-type]
    assert outcome.ending == "interrupted"
    assert not list(tmp_path.iterdir())
