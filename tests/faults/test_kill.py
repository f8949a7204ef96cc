"""SIGKILL at a random moment, then the same command again: the bytes of a run that was never killed."""

import contextlib
import multiprocessing
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest
from watching import timeless

from regx.runs.record import RunRecord

pytestmark = pytest.mark.faults

MOMENTS = 20
CONFIG = """
name: kill
data: {name: digits, augment: crop_flip}
model:
  family: cnn
  conv_channels: [16, 32]
  batch_norm: true
  drop_prob: {input: 0.1, conv: 0.1, hidden: 0.5}
optim:
  lr: 0.1
  lr_decay: {kind: cosine}
  momentum: {start: 0.5, end: 0.9, steps: 200}
  max_norm: 3.0
train: {epochs: 5, batch_size: 20}
probes: [movement, settling, weight_norms]
device: cpu
"""

forkserver = multiprocessing.get_context("forkserver")
# What takes seconds to import is imported once.
forkserver.set_forkserver_preload(["regx.training.run", "regx.cli", "regx.config.load", "regx.figures.run"])


def train(config: Path, out: Path, log: Path) -> None:
    """Run the command line in a process of its own."""
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        sys.stdout = sys.stderr = file
        from regx.cli import main

        words = ["regx", "train", config, "--out", out, "--checkpoint-seconds", "0.02", "--offline"]
        sys.argv = [str(word) for word in words]
        with contextlib.suppress(SystemExit):
            main()


class Training:
    """`regx train` in a process that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.out = folder / "runs"
        self.log = folder / "log.txt"
        config = folder / "kill.yaml"
        config.write_text(CONFIG)
        self.process = forkserver.Process(target=train, args=(config, self.out, self.log))
        self.process.start()

    def wait_for_start(self) -> None:
        while not list(self.out.glob("*/run.json")) and self.process.is_alive():
            time.sleep(0.005)

    def kill(self) -> None:
        assert self.process.pid is not None
        with contextlib.suppress(ProcessLookupError):  # it was faster than we were
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.join(60)

    def finish(self) -> str:
        self.process.join(120)
        assert self.process.exitcode == 0, self.log.read_text()
        return self.log.read_text()

    def probe_rows(self) -> bytes:
        (path,) = self.out.glob("*/probes.csv")
        return path.read_bytes()

    def timeless_metrics(self) -> list[list[str]]:
        (path,) = self.out.glob("*/metrics.csv")
        return timeless(path.parent)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[list[str]], bytes, float]:
    training = Training(tmp_path_factory.mktemp("undisturbed"))
    training.finish()
    (record,) = training.out.glob("*/run.json")
    return training.timeless_metrics(), training.probe_rows(), RunRecord.read(record).seconds


def test_killed_at_random_moments(tmp_path: Path, undisturbed: tuple[list[list[str]], bytes, float]) -> None:
    expected, probe_rows, seconds = undisturbed
    assert len(expected) == 6
    rng = random.Random(0)
    resumed = mid_epoch = 0
    for moment in range(MOMENTS):
        folder = tmp_path / str(moment)
        folder.mkdir()
        for _ in range(2):  # killed twice: a restart is killed as well
            training = Training(folder)
            training.wait_for_start()
            time.sleep(rng.uniform(0.1, 0.8) * seconds)
            training.kill()
        log = Training(folder)
        text = log.finish()
        assert log.timeless_metrics() == expected, f"moment {moment}"
        assert log.probe_rows() == probe_rows, f"moment {moment}"
        if "going on at step" in text:
            step = int(text.split("going on at step ")[1].split()[0].replace(",", ""))
            resumed += 1
            mid_epoch += step % 50 != 0
    # most restarts begin from a checkpoint, in the middle of an epoch
    assert resumed >= MOMENTS // 2
    assert mid_epoch >= MOMENTS // 2
