"""Small runs on the digits for tests of engines, and a watch that remembers what it saw."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from small_config import small_config

from regx.sweeps.jobs import Engine, Job, JobResult, Watch, folder_name

SMALL: dict[str, dict[str, Any]] = {
    "model": {"family": "cnn", "conv_channels": [4], "hidden_sizes": [8], "drop_prob": {"hidden": 0.2}},
    "train": {"epochs": 2},
}
# One activation of 17 GB, where the test allows its processes less.
TOO_LARGE: dict[str, Any] = {
    "data": {"train_size": 1000},
    "model": {
        "conv_channels": [65536],
        "hidden_sizes": [],
        "drop_prob": {},
        "kernel_size": 1,
        "pool": {"size": 8, "stride": 8},
    },
    "train": {"batch_size": 1000},
}


def small_job(seed: int = 0, **sections: Mapping[str, Any]) -> Job:
    """Make a job of a fraction of a second, with changes to its sections."""
    changes = SMALL | {name: SMALL.get(name, {}) | dict(section) for name, section in sections.items()}
    config = small_config(seed=seed, **changes)
    return Job(config=config, folder=folder_name(config))


class Notebook(Watch):
    """Watches, and writes down what it sees.

    Attributes:
        started_by: The worker of each job's last start, by folder.
        epochs: Those that were told of, by folder.
        notices: All of them.
        on_progress: Called with the job at each progress, if set.
    """

    def __init__(self, on_progress: Callable[[Job], None] | None = None) -> None:
        self.started_by: dict[str, str] = {}
        self.epochs: dict[str, list[int]] = {}
        self.notices: list[str] = []
        self.on_progress = on_progress

    def started(self, job: Job, worker: str) -> None:
        self.started_by[job.folder] = worker

    def progressed(self, job: Job, epochs: int) -> None:
        self.epochs.setdefault(job.folder, []).append(epochs)
        if self.on_progress:
            self.on_progress(job)

    def noticed(self, message: str) -> None:
        self.notices.append(message)


def once(act: Callable[[Job], None]) -> Callable[[Job], None]:
    """Do something the first time only."""
    left = [act]
    return lambda job: left.pop()(job) if left else None


def work_off(engine: Engine, jobs: Sequence[Job], watch: Notebook | None = None) -> dict[str, JobResult]:
    """Run jobs to the end; return their results by folder, of which there must be one each."""
    results = list(engine.run(jobs, watch or Notebook()))
    assert sorted(result.job.folder for result in results) == sorted(job.folder for job in jobs)
    return {result.job.folder: result for result in results}
