"""Sweeps whose driver and workers are killed at random moments: the same command again, the same bytes."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from clusters import start_scheduler, start_worker, wait_until
from watching import timeless

from regx.runs.record import RunRecord

pytestmark = pytest.mark.faults

Results = dict[str, tuple[str, list[list[str]]]]
SEEDS = 4
BASE = """
name: base
data: {name: digits}
model:
  family: cnn
  conv_channels: [8, 16]
  batch_norm: true
  drop_prob: {hidden: 0.5}
optim: {lr: 0.03}
train: {epochs: 8, batch_size: 20}
device: cpu
"""
EXPERIMENT = f"""
name: faults
question: Does a kill change anything?
base: base.yaml
arms: {{none: {{}}, dropout: {{model.drop_prob: {{input: 0.1, conv: 0.1, hidden: 0.5}}}}}}
seeds: {SEEDS}
"""


COMMAND = (sys.executable, "-m", "regx", "sweep", "faults.yaml", "--offline")


def write_files(folder: Path) -> None:
    (folder / "base.yaml").write_text(BASE)
    (folder / "faults.yaml").write_text(EXPERIMENT)


class Sweep:
    """`regx sweep` in a process of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        write_files(folder)
        self.log = folder / "log.txt"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*COMMAND, *words],
                cwd=folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_for_training(self) -> None:
        """Wait until some run of this sweep has begun."""
        before = time.monotonic()
        while not self.begun() and self.process.poll() is None and time.monotonic() - before < 60:
            time.sleep(0.02)

    def begun(self) -> list[RunRecord]:
        found = [RunRecord.read(path) for path in self.folder.glob("runs/faults.*/run.json")]
        return [record for record in found if record.status == "running"]

    def workers(self) -> list[psutil.Process]:
        """Find the worker processes: what trains is what has torch threads, a child of the driver."""
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.process.pid).children(recursive=True)
            return [child for child in children if child.pid in {r.pid for r in self.begun()}]
        return []

    def starts_workers(self) -> bool:
        """Whether the driver has started a process for a worker, which takes seconds to answer."""
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(self.process.pid).children()
            return any("spawn_main" in " ".join(child.cmdline()) for child in children)
        return False

    def finish(self, code: int = 0) -> str:
        assert self.process.wait(180) == code, self.log.read_text()
        return self.log.read_text()

    def results(self) -> Results:
        """Read the status of every run, and its metrics.csv without the time columns."""
        return {path.name: read_result(path) for path in self.folder.glob("runs/faults.*")}


def read_result(run: Path) -> tuple[str, list[list[str]]]:
    return RunRecord.read(run / "run.json").status, timeless(run)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Results:
    sweep = Sweep(tmp_path_factory.mktemp("undisturbed"), "--jobs", "1")
    sweep.finish()
    found = sweep.results()
    assert len(found) == 2 * SEEDS
    assert all(status == "done" and len(lines) == 1 + 8 for status, lines in found.values())
    return found


def test_the_driver_is_killed_again_and_again(tmp_path: Path, undisturbed: Results) -> None:
    rng = random.Random(1)
    for _ in range(4):
        sweep = Sweep(tmp_path, "--jobs", "2")
        sweep.wait_for_training()
        time.sleep(rng.uniform(0.0, 2.0))
        sweep.process.send_signal(signal.SIGKILL)
        sweep.process.wait(30)
    last = Sweep(tmp_path, "--jobs", "2")
    last.finish()
    assert last.results() == undisturbed


def of_the_driver(sweep: Sweep, number: signal.Signals) -> None:
    sweep.process.send_signal(number)


def of_all(sweep: Sweep, number: signal.Signals) -> None:
    """As Ctrl-C and a terminal that is closed do, and Slurm."""
    os.killpg(sweep.process.pid, number)


@pytest.mark.parametrize(
    ("send", "number"),
    [
        (of_the_driver, signal.SIGKILL),
        (of_the_driver, signal.SIGHUP),
        (of_all, signal.SIGHUP),
        (of_all, signal.SIGUSR1),
        (of_all, signal.SIGTERM),
        (of_all, signal.SIGINT),
    ],
)
def test_a_sweep_that_is_ended_saves_what_its_workers_do(
    tmp_path: Path, undisturbed: Results, send: Callable[..., None], number: signal.Signals
) -> None:
    sweep = Sweep(tmp_path, "--jobs", "2")
    wait_until(lambda: len(sweep.workers()) == 2, sweep.process)
    workers = sweep.workers()
    send(sweep, number)
    assert sweep.process.wait(60) == (-number if number == signal.SIGKILL else 128 + number)
    assert not psutil.wait_procs(workers, timeout=30)[1]
    assert "Traceback" not in sweep.log.read_text()
    records = {path.parent: RunRecord.read(path) for path in tmp_path.glob("runs/faults.*/run.json")}
    unfinished = [path for path, record in records.items() if record.status != "done"]
    assert unfinished
    assert {records[path].status for path in unfinished} == {"interrupted"}
    assert all((path / "checkpoint.pt").exists() for path in unfinished)  # none is old enough for another
    again = Sweep(tmp_path, "--jobs", "2")
    again.finish()
    assert again.results() == undisturbed


def to_the_nanny(nanny: psutil.Process, number: signal.Signals) -> None:
    nanny.send_signal(number)


def to_its_worker(nanny: psutil.Process, number: signal.Signals) -> None:
    for child in nanny.children():
        child.send_signal(number)


def to_both(nanny: psutil.Process, number: signal.Signals) -> None:
    os.killpg(nanny.pid, number)


@pytest.mark.parametrize(
    ("send", "number"),
    [
        (to_the_nanny, signal.SIGKILL),
        (to_the_nanny, signal.SIGTERM),
        (to_its_worker, signal.SIGTERM),
        (to_both, signal.SIGTERM),
        (to_both, signal.SIGUSR1),
        (to_both, signal.SIGHUP),
    ],
)
def test_a_worker_of_a_cluster_saves_before_it_ends(
    tmp_path: Path, send: Callable[..., None], number: signal.Signals
) -> None:
    with start_scheduler(tmp_path) as scheduler, start_worker(scheduler.address, tmp_path) as process:
        sweep = Sweep(tmp_path, "--scheduler", scheduler.address)
        sweep.wait_for_training()
        (record,) = sweep.begun()
        assert record.pid is not None
        worker = psutil.Process(record.pid)
        send(psutil.Process(process.pid), number)
        assert not psutil.wait_procs([worker], timeout=30)[1]
        sweep.process.kill()
        sweep.process.wait(30)
    assert list(tmp_path.glob("runs/faults.*/checkpoint.pt"))


def test_a_worker_without_a_nanny_saves_before_it_ends(tmp_path: Path) -> None:
    with (
        start_scheduler(tmp_path) as scheduler,
        start_worker(scheduler.address, tmp_path, "--no-nanny") as worker,
    ):
        sweep = Sweep(tmp_path, "--scheduler", scheduler.address)
        sweep.wait_for_training()
        worker.send_signal(signal.SIGUSR1)
        worker.wait(30)
        sweep.process.kill()
        sweep.process.wait(30)
    assert list(tmp_path.glob("runs/faults.*/checkpoint.pt"))


def test_workers_of_a_cluster_save_when_the_driver_is_killed(tmp_path: Path) -> None:
    with start_scheduler(tmp_path) as scheduler, start_worker(scheduler.address, tmp_path):
        sweep = Sweep(tmp_path, "--scheduler", scheduler.address)
        sweep.wait_for_training()
        sweep.process.kill()
        sweep.process.wait(30)
        wait_until(lambda: bool(list(tmp_path.glob("runs/faults.*/checkpoint.pt"))), seconds=30)


def test_workers_are_killed_while_the_sweep_goes_on(tmp_path: Path, undisturbed: Results) -> None:
    rng = random.Random(2)
    sweep = Sweep(tmp_path, "--jobs", "2")
    killed = 0
    while killed < 4 and sweep.process.poll() is None:
        sweep.wait_for_training()
        time.sleep(rng.uniform(0.1, 1.0))
        if workers := sweep.workers():
            with contextlib.suppress(psutil.NoSuchProcess):
                rng.choice(workers).kill()
                killed += 1
        time.sleep(1.0)
    assert killed >= 3
    sweep.process.wait(180)
    again = Sweep(tmp_path, "--jobs", "2")  # a run that was struck too often waits for this
    again.finish()
    assert again.results() == undisturbed


def test_the_scheduler_is_killed_again_and_again(tmp_path: Path, undisturbed: Results) -> None:
    rng = random.Random(3)
    for number in range(3):
        with contextlib.ExitStack() as stack:
            folder = tmp_path / f"cluster{number}"
            folder.mkdir()
            scheduler = stack.enter_context(start_scheduler(folder))
            for worker in range(2):
                (folder / str(worker)).mkdir()
                stack.enter_context(start_worker(scheduler.address, folder / str(worker)))
            sweep = Sweep(tmp_path, "--scheduler", scheduler.address)
            sweep.wait_for_training()
            time.sleep(rng.uniform(0.0, 1.5))
            alive = sweep.process.poll() is None
            scheduler.process.kill()
            text = sweep.finish(code=1 if alive else 0)
            assert "Traceback" not in text
            if alive:
                assert "the scheduler is gone" in text.splitlines()[-1]
                assert "run the same command again" in text.splitlines()[-1]
    again = Sweep(tmp_path, "--jobs", "2")  # on this machine: truth is on disk, not in the engine
    again.finish()
    assert again.results() == undisturbed


def test_a_worker_that_hangs_is_given_up(tmp_path: Path, undisturbed: Results) -> None:
    sweep = Sweep(tmp_path, "--jobs", "2", "--time-limit", "20")
    sweep.wait_for_training()
    stopped = None
    while stopped is None and sweep.process.poll() is None:
        for worker in sweep.workers():
            worker.send_signal(signal.SIGSTOP)
            stopped = worker.pid
            break
    assert stopped is not None
    text = sweep.finish(code=1)
    assert "longer than the limit of 20 s" in text
    assert not psutil.pid_exists(stopped)
    again = Sweep(tmp_path, "--jobs", "2", "--retry-failed")
    again.finish()
    assert again.results() == undisturbed


FULL_DISK = """
mount -t tmpfs -o size=100k tmpfs runs || exit 77
"$@"; echo "first: $?"
mount -o remount,size=50m runs
"$@"; echo "second: $?"
cp -a runs/. kept/
"""


def test_a_disk_that_fills_loses_nothing(tmp_path: Path, undisturbed: Results) -> None:
    write_files(tmp_path)
    (tmp_path / "runs").mkdir()
    (tmp_path / "kept").mkdir()
    command = ["unshare", "-rm", "sh", "-c", FULL_DISK, "sh", *COMMAND, "--jobs", "1"]
    try:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip("no right to mount a small disk here")
    assert "first: 1" in done.stdout, done.stdout + done.stderr
    assert "second: 0" in done.stdout, done.stdout + done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: read_result(path) for path in tmp_path.glob("kept/faults.*")} == undisturbed


def test_an_interrupted_sweep_saves_and_goes_on(tmp_path: Path, undisturbed: Results) -> None:
    sweep = Sweep(tmp_path, "--jobs", "2")
    sweep.wait_for_training()
    os.kill(sweep.process.pid, signal.SIGINT)
    text = sweep.finish(code=130)
    assert "the same command continues" in text
    assert not sweep.begun()
    again = Sweep(tmp_path, "--jobs", "2")
    again.finish()
    assert again.results() == undisturbed


def test_ctrl_c_while_the_workers_start_ends_with_a_sentence(tmp_path: Path) -> None:
    sweep = Sweep(tmp_path, "--jobs", "2")
    before = time.monotonic()
    while not sweep.starts_workers() and time.monotonic() - before < 60:
        time.sleep(0.02)
    sweep.process.send_signal(signal.SIGINT)
    text = sweep.finish(code=130)
    assert "the same command continues" in text
    assert "distributed" not in text
