"""What every engine must do alike: in this process, on local workers, on workers started by hand."""

import resource
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from clusters import start_scheduler, start_worker
from engine_jobs import TOO_LARGE, Notebook, small_job, work_off
from watching import timeless

from regx.runs.folder import RunFolder
from regx.sweeps.dask_engine import local_cluster, remote
from regx.sweeps.jobs import Engine, EngineOptions, Job, JobResult
from regx.sweeps.worker import in_process

GOOD = [small_job(seed) for seed in range(4)]
DIVERGES = small_job(model={"family": "mlp", "hidden_sizes": [64, 64, 64]}, optim={"lr": 1e6})
RAISES = small_job(**TOO_LARGE)
JOBS = [*GOOD[:2], RAISES, DIVERGES, *GOOD[2:]]


@dataclass(frozen=True)
class Sweep:
    runs_dir: Path
    results: dict[str, JobResult]
    watch: Notebook

    def folder(self, job: Job) -> RunFolder:
        return RunFolder(self.runs_dir / job.folder)


@pytest.fixture(scope="module", autouse=True)
def little_memory() -> Iterator[None]:
    """Let this process and those that it starts have 16 GB each, so that RAISES raises on every machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (16_000_000_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def by_hand(stack: ExitStack, folder: Path, options: EngineOptions) -> Engine:
    scheduler = stack.enter_context(start_scheduler(folder))
    for _ in range(2):
        stack.enter_context(start_worker(scheduler.address, folder))
    scheduler.wait_for_workers(2)
    return stack.enter_context(remote(options, scheduler_file=scheduler.file))


def sweep_with(name: str, folder: Path) -> Sweep:
    options = EngineOptions(runs_dir=folder / "runs")
    with ExitStack() as stack:
        if name == "in_process":
            engine = stack.enter_context(in_process(options))
        elif name == "local_cluster":
            engine = stack.enter_context(local_cluster(options, [None] * 2))
        else:
            engine = by_hand(stack, folder, options)
        watch = Notebook()
        return Sweep(options.runs_dir, work_off(engine, JOBS, watch), watch)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    return sweep_with("in_process", tmp_path_factory.mktemp("reference"))


@pytest.fixture(scope="module", params=["in_process", "local_cluster", "by_hand"])
def sweep(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, reference: Sweep
) -> Sweep:
    if request.param == "in_process":
        return reference
    return sweep_with(request.param, tmp_path_factory.mktemp(request.param))


def test_contract(sweep: Sweep, reference: Sweep) -> None:
    """One test, so that each cluster is started once, on whichever process of pytest-xdist it runs."""
    for job in GOOD:
        assert sweep.results[job.folder].ending == "done"
        assert sweep.folder(job).read_record().status == "done"
        assert len(timeless(sweep.runs_dir / job.folder)) == 3
        assert timeless(sweep.runs_dir / job.folder) == timeless(reference.runs_dir / job.folder)
    check_divergence(sweep)
    check_failure(sweep)
    assert sweep.watch.started_by.keys() == sweep.results.keys()
    assert all(epochs == sorted(epochs) for epochs in sweep.watch.epochs.values())
    assert not sweep.watch.notices
    assert not list(sweep.runs_dir.glob(".sweep-*"))


def check_divergence(sweep: Sweep) -> None:
    result, record = sweep.results[DIVERGES.folder], sweep.folder(DIVERGES).read_record()
    assert (result.ending, record.status) == ("diverged", "diverged")
    assert record.failure is not None
    assert result.message == record.failure.message
    assert result.tail == ()


def check_failure(sweep: Sweep) -> None:
    result, folder = sweep.results[RAISES.folder], sweep.folder(RAISES)
    record = folder.read_record()
    assert (result.ending, record.status) == ("failed", "failed")
    assert result.message.startswith("RuntimeError: ")
    assert 1 < len(result.tail) <= 5
    assert result.tail[-1] == result.message
    assert folder.error.read_text().splitlines()[-1] == result.tail[-1]
    assert record.failure is not None
    assert record.failure.kind == "error"
