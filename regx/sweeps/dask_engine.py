"""The engines that run on Dask: worker processes on this machine, or a cluster that is there."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from regx.config.errors import UsageError
from regx.config.os_errors import explain
from regx.config.reading import read_text
from regx.sweeps.dask_client import connect
from regx.sweeps.dask_settings import dask_settings
from regx.sweeps.dispatch import Dispatch
from regx.sweeps.fleet import Fleet
from regx.sweeps.jobs import Engine, EngineOptions, Job, Outcome, Watch
from regx.sweeps.local_workers import local_workers
from regx.sweeps.placement import place
from regx.sweeps.shared_folder import mark

__all__ = ["local_cluster", "remote"]

MEET_SECONDS = 30.0  # for workers that are there already to load what they need
PATIENCE_SECONDS = 60.0  # for a worker on this machine to come back


@contextmanager
def local_cluster(
    options: EngineOptions, *, num_workers: int, per_gpu: int | None = None, gpus: bool = True
) -> Iterator[Engine]:
    """Train in worker processes on this machine.

    Args:
        options: Of the engine.
        num_workers: Runs at the same time.
        per_gpu: Workers that may share a GPU; None for one each.
        gpus: Whether runs may use GPUs at all; if not, workers are not placed on them.

    Raises:
        UsageError: If there are not GPUs enough, or the folder of runs cannot be written.
    """
    places = place(num_workers, per_gpu) if gpus or per_gpu else [None] * num_workers
    with (
        dask_settings(),
        local_workers(places) as cluster,
        _engine(cluster, "workers on this machine", options, PATIENCE_SECONDS) as engine,
    ):
        engine.expected = num_workers
        yield engine


@contextmanager
def remote(
    options: EngineOptions, *, address: str | None = None, scheduler_file: Path | None = None
) -> Iterator[Engine]:
    """Train on the workers of a scheduler that is there.

    Args:
        options: Of the engine.
        address: As in `tcp://host:8786` or `tls://host:8786`.
        scheduler_file: File in which the scheduler wrote its address; instead of `address`.

    Raises:
        UsageError: If no scheduler answers there, or it refuses us.
    """
    if scheduler_file is not None:
        address = _read_address(scheduler_file)
    if address is None:
        raise UsageError("--scheduler: give the address of a scheduler, as in tcp://host:8786")
    with dask_settings(), _engine(address, address, options, None) as engine:
        engine.fleet.settle(MEET_SECONDS)
        yield engine


@contextmanager
def _engine(
    target: object, name: str, options: EngineOptions, patience: float | None
) -> Iterator["_DaskEngine"]:
    """Connect to a scheduler."""
    token = uuid.uuid4().hex[:12]
    client = connect(target, name)
    try:
        with mark(options.runs_dir, token):
            fleet = Fleet(client, name, patience)
            try:
                yield _DaskEngine(fleet, options, token)
            finally:
                fleet.close()
    finally:
        client.close(timeout=5)


def _read_address(path: Path) -> str:
    """Read the file that a scheduler writes when it starts."""
    try:
        address = json.loads(read_text(path))["address"]
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file; has the scheduler started?") from None
    except OSError as error:
        raise UsageError(explain(error)) from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(
            f"{path}: is not the file of a scheduler (dask scheduler --scheduler-file)"
        ) from None
    return str(address)


class _DaskEngine:
    def __init__(self, fleet: Fleet, options: EngineOptions, token: str) -> None:
        self.fleet = fleet
        self.options = options
        self.token = token
        self.expected = 1
        self.stopped = False
        self.dispatch: Dispatch | None = None

    @property
    def num_workers(self) -> int:
        return max(self.expected, self.fleet.num_fit)

    def run(self, jobs: Sequence[Job], watch: Watch) -> Iterator[Outcome]:
        self.dispatch = Dispatch(self.fleet, jobs, watch, self.options, self.token)
        if self.stopped:
            self.dispatch.stop()
        return self.dispatch.outcomes()

    def stop(self) -> None:
        self.stopped = True
        if self.dispatch:
            self.fleet.inbox.put(self.dispatch.stop)
