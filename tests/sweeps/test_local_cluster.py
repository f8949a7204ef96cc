"""Workers on this machine: what dies, hangs or is asked to stop, and which GPU each sees."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from engine_jobs import Notebook, once, small_job, work_off
from watching import timeless

from regx.runs.folder import RunFolder
from regx.runs.record import RunRecord
from regx.sweeps import dask_engine
from regx.sweeps.dask_engine import local_cluster
from regx.sweeps.jobs import EngineOptions, Job
from regx.sweeps.local_workers import place
from regx.sweeps.worker import in_process

pytestmark = pytest.mark.slow

EPOCHS = 40


@pytest.fixture
def options(tmp_path: Path) -> EngineOptions:
    return EngineOptions(runs_dir=tmp_path / "runs")


def jobs(count: int, seed: int = 0) -> list[Job]:
    return [small_job(seed + index, train={"epochs": EPOCHS}) for index in range(count)]


def signal_worker(options: EngineOptions, number: int) -> Callable[[Job], None]:
    """Send a signal to the process that trains a job, when it tells of its first epoch."""

    def act(job: Job) -> None:
        pid = RunRecord.read(options.runs_dir / job.folder / "run.json").pid
        assert pid is not None
        assert pid != os.getpid()
        os.kill(pid, number)

    return once(act)


def undisturbed(folder: Path, all_jobs: list[Job]) -> Iterator[list[list[str]]]:
    with in_process(EngineOptions(runs_dir=folder)) as engine:
        work_off(engine, all_jobs)
    return (timeless(folder / job.folder) for job in all_jobs)


def test_a_killed_worker_costs_no_run(options: EngineOptions, tmp_path: Path) -> None:
    watch = Notebook(signal_worker(options, signal.SIGKILL))
    with local_cluster(options, [None] * 2) as engine:
        results = work_off(engine, jobs(3), watch)
    assert {result.ending for result in results.values()} == {"done"}
    assert [notice for notice in watch.notices if "is gone" in notice]
    found = [timeless(options.runs_dir / job.folder) for job in jobs(3)]
    assert found == list(undisturbed(tmp_path / "undisturbed", jobs(3)))


def test_a_worker_that_hangs_is_killed_past_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_engine, "GRACE_SECONDS", 0.5)
    options = EngineOptions(runs_dir=tmp_path / "runs", time_limit=12.0)
    watch = Notebook(signal_worker(options, signal.SIGSTOP))
    with local_cluster(options, [None] * 2) as engine:
        results = work_off(engine, jobs(3), watch)
    failed = [result for result in results.values() if result.ending == "failed"]
    assert len(failed) == 1
    assert failed[0].message == "took longer than the limit of 12 s, and hung"
    assert [result.ending for result in results.values()].count("done") == 2
    folder = RunFolder(options.runs_dir / failed[0].job.folder)
    record = folder.read_record()
    assert not folder.is_locked()
    assert record.status == "failed"
    assert record.failure is not None
    assert record.failure.kind == "time_limit"


def test_a_stop_saves_what_runs(options: EngineOptions, tmp_path: Path) -> None:
    all_jobs = jobs(4)
    with local_cluster(options, [None] * 2) as engine:
        results = work_off(engine, all_jobs, Notebook(once(lambda _: engine.stop())))
        later = work_off(engine, jobs(1, seed=9))
    endings = {result.ending for result in results.values()}
    assert "interrupted" in endings
    assert endings <= {"interrupted", "done"}
    assert {result.ending for result in later.values()} == {"interrupted"}
    assert list(options.runs_dir.glob("*/checkpoint.pt"))
    with in_process(options) as engine:
        work_off(engine, all_jobs)
    found = [timeless(options.runs_dir / job.folder) for job in all_jobs]
    assert found == list(undisturbed(tmp_path / "undisturbed", all_jobs))


def test_an_engine_that_is_left_leaves_no_process_behind(options: EngineOptions) -> None:
    """As after a second Ctrl-C: the iteration ends with an exception."""
    pids: list[int] = []

    def leave(job: Job) -> None:
        pids.append(RunRecord.read(options.runs_dir / job.folder / "run.json").pid or 0)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), local_cluster(options, [None]) as engine:
        work_off(engine, jobs(2), Notebook(leave))
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_ctrl_c_in_the_terminal_does_not_reach_the_workers(options: EngineOptions) -> None:
    """Its SIGINT goes to every process of the command; only the driver decides what it means."""
    watch = Notebook(signal_worker(options, signal.SIGINT))
    with local_cluster(options, [None]) as engine:
        results = work_off(engine, jobs(1), watch)
    assert {result.ending for result in results.values()} == {"done"}
    assert not watch.notices


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_worker_that_is_told_to_end_saves_and_its_run_goes_on(
    options: EngineOptions, number: signal.Signals
) -> None:
    watch = Notebook(signal_worker(options, number))
    (job,) = jobs(1)
    with local_cluster(options, [None]) as engine:
        results = work_off(engine, [job], watch)
    assert {result.ending for result in results.values()} == {"done"}
    assert len(watch.notices) == 1
    assert watch.epochs[job.folder] == sorted(watch.epochs[job.folder])  # it went on where it was


def test_nothing_listens_but_on_loopback(options: EngineOptions) -> None:
    with local_cluster(options, [None]) as engine:
        work_off(engine, jobs(1))
        here = psutil.Process()
        processes = [here, *here.children(recursive=True)]
        found = [one.laddr for process in processes for one in process.net_connections() if is_listening(one)]
    assert len(found) >= 3  # scheduler, nanny, worker
    assert {address.ip for address in found} == {"127.0.0.1"}
    assert 8787 not in {address.port for address in found}


def is_listening(connection: Any) -> bool:
    return connection.status == psutil.CONN_LISTEN


def test_each_worker_sees_its_gpu(options: EngineOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    with local_cluster(options, place(3, per_gpu=2)) as engine:
        seen = engine.client.run(os.getenv, "CUDA_VISIBLE_DEVICES")  # type: ignore[attr-defined]
        threads = engine.client.run(os.getenv, "OMP_NUM_THREADS")  # type: ignore[attr-defined]
    assert sorted(seen.values()) == ["4", "4", "7"]
    assert set(threads.values()) == {"1"}
