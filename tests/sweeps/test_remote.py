"""A cluster that is there: workers with other code, without the folder, and a scheduler that dies."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from clusters import Scheduler, start_scheduler, start_worker, wait_until
from engine_jobs import Notebook, once, small_job, work_off
from watching import timeless

import regx
from regx.config.errors import UsageError
from regx.runs.folder import RunFolder
from regx.runs.load import load_run_folder
from regx.sweeps.dask_engine import remote
from regx.sweeps.jobs import EngineLostError, EngineOptions
from regx.sweeps.worker import in_process

slow = pytest.mark.slow


@pytest.fixture
def options(tmp_path: Path) -> EngineOptions:
    return EngineOptions(runs_dir=tmp_path / "runs")


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Scheduler]:
    with start_scheduler(tmp_path) as scheduler:
        yield scheduler


def another_disk_at(path: Path) -> tuple[str, ...]:
    """Make the words before a command that let it see an empty disk there, as on another machine."""
    words = ("unshare", "--map-root-user", "--mount", "sh", "-c")
    mount = f"mount -t tmpfs none {shlex.quote(str(path))}"
    possible = shutil.which("unshare") and not subprocess.call([*words, mount], stderr=subprocess.DEVNULL)
    if not possible:
        pytest.skip("needs `unshare --map-root-user --mount`, which this system does not allow")
    return (*words, f'{mount} && exec "$@"', "sh")


@pytest.fixture
def other_code(tmp_path: Path) -> dict[str, str]:
    """Environment of a regx that differs in one comment."""
    package = tmp_path / "other" / "regx"
    shutil.copytree(Path(regx.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    with (package / "sweeps" / "worker.py").open("a") as file:
        file.write("# another version\n")
    return {"PYTHONPATH": str(package.parent)}


@slow
def test_a_worker_with_other_code_gets_no_job(
    scheduler: Scheduler, options: EngineOptions, other_code: dict[str, str], tmp_path: Path
) -> None:
    with (
        start_worker(scheduler.address, tmp_path, "--name", "good"),
        start_worker(scheduler.address, tmp_path, "--name", "other", env=other_code),
    ):
        scheduler.wait_for_workers(2)
        watch = Notebook()
        with remote(options, address=scheduler.address) as engine:
            seed, results = 0, {}
            while not watch.notices and seed < 100:  # the others do not wait until it has said who it is
                results |= work_off(engine, [small_job(seed)], watch)
                seed += 1
    assert {result.ending for result in results.values()} == {"done"}
    assert set(watch.started_by.values()) == {"good"}
    (notice,) = watch.notices
    assert "has regx" in notice
    assert "install the same version there" in notice


@slow
def test_a_worker_that_comes_late_is_used(
    scheduler: Scheduler, options: EngineOptions, tmp_path: Path
) -> None:
    with ExitStack() as stack:

        class Hires(Notebook):
            def noticed(self, message: str) -> None:
                super().noticed(message)
                stack.enter_context(start_worker(scheduler.address, tmp_path))

        watch = Hires()
        with remote(options, address=scheduler.address) as engine:
            results = work_off(engine, [small_job()], watch)
    assert [result.ending for result in results.values()] == ["done"]
    assert watch.notices == [f"{scheduler.address}: no worker is there; waiting for one"]


@slow
def test_without_any_worker_that_fits_there_is_no_sweep(
    scheduler: Scheduler, options: EngineOptions, other_code: dict[str, str], tmp_path: Path
) -> None:
    without_sweeps = tmp_path / "old" / "regx"
    without_sweeps.mkdir(parents=True)
    (without_sweeps / "__init__.py").write_text('__version__ = "0.0.1"\n')
    with (
        start_worker(scheduler.address, tmp_path, env=other_code),
        start_worker(scheduler.address, tmp_path, env={"PYTHONPATH": str(without_sweeps.parent)}),
    ):
        scheduler.wait_for_workers(2)
        watch = Notebook()
        with (
            pytest.raises(EngineLostError, match="none of its workers can be used"),
            remote(options, address=scheduler.address) as engine,
        ):
            work_off(engine, [small_job()], watch)
    assert not list(options.runs_dir.glob("small-*"))


@slow
def test_a_worker_that_does_not_see_the_folder_sends_it(
    scheduler: Scheduler, options: EngineOptions, tmp_path: Path
) -> None:
    options.runs_dir.mkdir()
    (tmp_path / "scratch").mkdir()
    with (
        start_worker(
            scheduler.address,
            tmp_path,
            env={"TMPDIR": str(tmp_path / "scratch")},
            wrapper=another_disk_at(options.runs_dir),
        ),
        remote(options, address=scheduler.address) as engine,
    ):
        results = work_off(engine, [small_job(0), small_job(1)])
    assert {result.ending for result in results.values()} == {"done"}
    assert not list((tmp_path / "scratch").glob("regx-*"))
    with in_process(EngineOptions(runs_dir=tmp_path / "here")) as engine:
        work_off(engine, [small_job(0), small_job(1)])
    for job in (small_job(0), small_job(1)):
        assert load_run_folder(options.runs_dir / job.folder).record.status == "done"
        assert timeless(options.runs_dir / job.folder) == timeless(tmp_path / "here" / job.folder)


@slow
def test_a_scheduler_that_dies_ends_the_sweep_with_a_sentence(
    scheduler: Scheduler, options: EngineOptions, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    jobs = [small_job(seed, train={"epochs": 40}) for seed in range(3)]
    with (
        start_worker(scheduler.address, tmp_path),
        pytest.raises(EngineLostError, match=r"the scheduler is gone .* run the same command again"),
        remote(options, address=scheduler.address) as engine,
    ):
        work_off(engine, jobs, Notebook(once(lambda _: scheduler.process.kill())))
    assert capfd.readouterr().err == ""
    with in_process(options) as engine:  # the worker has let go of the run, or will in a moment
        assert {result.ending for result in work_off(engine, jobs).values()} == {"done"}


DRIVER = """
import sys
from pathlib import Path
from engine_jobs import Notebook, small_job
from regx.sweeps.dask_engine import remote
from regx.sweeps.jobs import EngineOptions
with remote(EngineOptions(runs_dir=Path(sys.argv[1])), address=sys.argv[2]) as engine:
    list(engine.run([small_job(train={"epochs": 20000})], Notebook()))
"""


@slow
def test_a_driver_that_is_killed_leaves_no_run_going(
    scheduler: Scheduler, options: EngineOptions, tmp_path: Path
) -> None:
    job = small_job(train={"epochs": 20000})
    folder = RunFolder(options.runs_dir / job.folder)
    with start_worker(scheduler.address, tmp_path):
        command = [sys.executable, "-c", DRIVER, str(options.runs_dir), scheduler.address]
        path = os.pathsep.join(sys.path)
        with subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}) as driver:
            wait_until(folder.metrics.exists, driver)
            assert folder.read_record().status == "running"
            driver.kill()
        wait_until(lambda: not folder.is_locked(), seconds=20)
    assert folder.read_record().status == "interrupted"
    assert folder.checkpoint.exists()


def test_nobody_there(options: EngineOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regx.sweeps.dask_client.CONNECT_SECONDS", 1.0)
    with (
        pytest.raises(UsageError, match=r"127\.0\.0\.1:9: cannot connect to a scheduler there"),
        remote(options, address="tcp://127.0.0.1:9"),
    ):
        pass


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), ("{}", "is not the file of a scheduler"), ("nonsense", "is not the file")],
)
def test_a_file_that_is_no_schedulers(
    content: str | None, message: str, options: EngineOptions, tmp_path: Path
) -> None:
    file = tmp_path / "scheduler.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UsageError, match=message), remote(options, scheduler_file=file):
        pass
