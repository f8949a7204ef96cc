"""The engine that needs nothing: job after job, in this process."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from regx.sweeps.jobs import Engine, EngineOptions, Job, JobResult, Watch

__all__ = ["in_process"]


@contextmanager
def in_process(options: EngineOptions) -> Iterator[Engine]:
    """Train in this process, one run at a time.

    A time limit is seen between two steps: a run that hangs inside one is not ended by it.
    """
    yield _InProcess(options)


class _InProcess:
    def __init__(self, options: EngineOptions) -> None:
        self.options = options
        self.stopped = False

    def run(self, jobs: Sequence[Job], watch: Watch) -> Iterator[JobResult]:
        from regx.sweeps.worker import execute

        for job in jobs:
            yield execute(job, self.options, watch, lambda: self.stopped)

    def stop(self) -> None:
        self.stopped = True
