"""The engine that needs nothing: job after job, in this process."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from regx.sweeps.jobs import Engine, EngineOptions, Job, Outcome, Watch, order_of, outcome_of

__all__ = ["in_process"]


@contextmanager
def in_process(options: EngineOptions) -> Iterator[Engine]:
    """Train in this process, one run at a time.

    A time limit is seen between two steps: a run that hangs inside one is not ended by it.
    """
    yield _InProcess(options)


class _InProcess:
    num_workers = 1

    def __init__(self, options: EngineOptions) -> None:
        self.options = options
        self.stopped = False

    def run(self, jobs: Sequence[Job], watch: Watch) -> Iterator[Outcome]:
        for job in jobs:
            yield Outcome(job=job, ending="interrupted") if self.stopped else self.train(job, watch)

    def train(self, job: Job, watch: Watch) -> Outcome:
        from regx.sweeps.worker import execute

        began = time.monotonic()
        watch.started(job, "")
        report = execute(order_of(job, self.options), _Link(self, job, watch))
        return outcome_of(job, report, time.monotonic() - began)

    def stop(self) -> None:
        self.stopped = True


@dataclass(frozen=True)
class _Link:
    """Between a run and the engine in the same process."""

    engine: _InProcess
    job: Job
    watch: Watch
    name: str = "in this process"

    def stop_wanted(self) -> bool:
        return self.engine.stopped

    def noticed(self, message: str) -> None:
        self.watch.noticed(message)

    def progressed(self, epochs: int) -> None:
        if epochs:
            self.watch.progressed(self.job, epochs)
