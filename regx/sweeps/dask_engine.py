"""The engines that run on Dask: worker processes on this machine, or a cluster that is there."""

import contextlib
import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import regx
from regx.config.errors import UsageError
from regx.reading import explain, read_text
from regx.runs.checkout import code_digest
from regx.runs.folder import RunFolder
from regx.sweeps.dask_client import connect, dask_settings
from regx.sweeps.dask_worker import Event, Introduction, introduce, request_stop, resource, train
from regx.sweeps.jobs import Ending, Engine, EngineLostError, EngineOptions, Job, JobResult, Watch
from regx.sweeps.local_workers import local_workers
from regx.sweeps.shared_folder import deliver, mark
from regx.sweeps.worker import mark_late

__all__ = ["DaskEngine", "local_cluster", "remote"]

TICK_SECONDS = 0.5
ANSWER_SECONDS = 10.0  # for a result that is known to be there
GRACE_SECONDS = 10.0  # after its time limit, for a run to end by itself
STOP_SECONDS = 60.0  # for a run to save itself
RESTART_SECONDS = 30.0  # for a worker that hung to be started anew
PATIENCE_SECONDS = 120.0  # for a worker on this machine to come back: a busy one takes its time
FIT = ""  # what is to be said of a worker that takes part
AGAIN = "run the same command again: finished runs are kept"


@contextmanager
def local_cluster(options: EngineOptions, gpus: Sequence[str | None]) -> Iterator[Engine]:
    """Train in worker processes on this machine.

    Args:
        options: Of the engine.
        gpus: The one that each worker is to see; None leaves that as it is.

    Raises:
        UsageError: If the workers cannot be started, or the folder of runs cannot be written.
    """
    with (
        dask_settings(),
        local_workers(gpus) as cluster,
        _engine(cluster, "workers on this machine", options, PATIENCE_SECONDS) as engine,
    ):
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
        yield engine


@contextmanager
def _engine(
    target: object, name: str, options: EngineOptions, patience: float | None
) -> Iterator["DaskEngine"]:
    """Connect to a scheduler."""
    token = uuid.uuid4().hex[:12]
    client = connect(target, name)
    try:
        with mark(options.runs_dir, token):
            yield DaskEngine(client, name, options, token, patience)
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


@dataclass(eq=False)
class _Task:
    """A job that was handed to Dask.

    Attributes:
        job: The run.
        future: What Dask promises of it.
        worker: Address of the worker that has begun it; empty before.
        worker_name: What to call it in messages.
        trains_since: When its training began, or went on, at that worker.
        began: When it was handed over.
    """

    job: Job
    future: Any
    worker: str = ""
    worker_name: str = ""
    trains_since: float | None = None
    began: float = field(default_factory=time.monotonic)


class DaskEngine:
    """Hands jobs to Dask, as many as there are workers, and hears how they go.

    Dask chooses the workers, among those that have a resource of this sweep, and gives the run of a worker
    that died to the next. A worker takes the resource if it has our code, which a task asks it. (Dask has
    plugins for that; but one that cannot be loaded keeps a worker from starting, and it stays when a driver
    is killed.) A job is handed over when a worker is free for it: if a worker dies, Dask counts that against
    every job that waits there.

    Whatever happens elsewhere (in Dask's threads, in a signal handler) is put into an inbox as a function,
    and is called by `run` in its own thread: nothing here needs a lock.

    Args:
        client: A `distributed.Client`, connected to the scheduler.
        place: What to call the scheduler in messages.
        options: Of every engine.
        token: Of the sweep, by which workers know its folder, its runs, and its wish to stop.
        patience: Seconds to go without any worker; None to wait for as long as it takes.
    """

    def __init__(
        self, client: Any, place: str, options: EngineOptions, token: str, patience: float | None
    ) -> None:
        self.client = client
        self.place = place
        self.options = options
        self.token = token
        self.patience = patience
        self.watch = Watch()
        self.workers: dict[str, str | None] = {}  # why each cannot be used; None: not known yet
        self.tasks: dict[str, _Task] = {}
        self.results: deque[JobResult] = deque()
        self.inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.stopped = self.told_to_wait = False
        self.stops_at: float | None = None
        self.last_worker_at = time.monotonic()
        client.subscribe_topic("all", lambda event: self.inbox.put(partial(self.on_cluster_event, event[1])))
        client.subscribe_topic(
            resource(token), lambda event: self.inbox.put(partial(self.on_run_event, event[1]))
        )
        for address in client.nthreads():
            self.meet(address)

    def run(self, jobs: Sequence[Job], watch: Watch) -> Iterator[JobResult]:
        """Train every job."""
        self.watch = watch
        waiting = deque(jobs)
        try:
            while waiting or self.tasks or self.results:
                while self.results:
                    yield self.results.popleft()
                while waiting and self.stopped:
                    yield JobResult(job=waiting.popleft(), ending="interrupted")
                while waiting and len(self.tasks) < len(self.fit_workers):
                    self.submit(waiting.popleft())
                if waiting or self.tasks:
                    self.step()
        finally:
            for task in self.tasks.values():
                task.future.release()  # the worker sees that nobody wants it any more, and stops

    def stop(self) -> None:
        """Have the runs that are trained saved, and begin none after them."""
        self.stopped = True
        self.inbox.put(self.ask_to_stop)

    def step(self) -> None:
        """Wait for something to happen, for a moment at most, and handle it.

        Raises:
            EngineLostError: If the scheduler is lost, or no worker can be used.
        """
        with contextlib.suppress(Empty):
            self.inbox.get(timeout=TICK_SECONDS)()
        if self.client.status != "running":
            raise EngineLostError(f"{self.place}: the scheduler is gone (the connection broke); {AGAIN}")
        self.check_workers()
        for task in list(self.tasks.values()):
            self.check(task)

    @property
    def fit_workers(self) -> list[str]:
        """Addresses of those that take part."""
        return [address for address, complaint in self.workers.items() if complaint == FIT]

    def check_workers(self) -> None:
        """See that there are workers, and not only such as cannot be used.

        Raises:
            EngineLostError: If not.
        """
        now = time.monotonic()
        if self.workers:
            self.last_worker_at, self.told_to_wait = now, False
            if all(self.workers.values()):
                complaint = list(self.workers.values())[-1]
                raise EngineLostError(f"{self.place}: none of its workers can be used: {complaint}")
        elif self.patience is not None and now - self.last_worker_at > self.patience:
            raise EngineLostError(f"{self.place}: no worker for {self.patience:.0f} s; {AGAIN}")
        elif self.patience is None and not self.told_to_wait:
            self.told_to_wait = True
            self.watch.noticed(f"{self.place}: no worker is there; waiting for one")

    def on_cluster_event(self, event: dict[str, Any]) -> None:
        """Hear that a worker has come or gone."""
        if event.get("action") == "add-worker":
            self.meet(event["worker"])
        elif event.get("action") == "remove-worker":
            self.workers.pop(event["worker"], None)
            for task in [task for task in self.tasks.values() if task.worker == event["worker"]]:
                task.trains_since = None  # Dask gives it to another
                if self.stopped:
                    self.end(task, "interrupted", "its worker died")

    def meet(self, address: str) -> None:
        """Ask a worker whether it has our code; one that hangs gets nothing to do."""
        if address in self.workers or self.stopped:
            return
        self.workers[address] = None
        future = self.client.submit(
            introduce,
            self.token,
            regx.__version__,
            code_digest(),
            workers=[address],
            allow_other_workers=False,
            pure=False,
        )
        future.add_done_callback(lambda _: self.inbox.put(partial(self.met, address, future)))

    def met(self, address: str, future: Any) -> None:
        """Hear from a worker whether it can be used."""
        if address not in self.workers or future.status == "cancelled":
            return
        try:
            said: Introduction = future.result(timeout=ANSWER_SECONDS)
        except TimeoutError:
            self.inbox.put(partial(self.met, address, future))
            return
        except Exception as error:
            first = str(error).partition("\n")[0]
            remedy = f"install regx {regx.__version__} there"
            complaint = f"worker {address}: cannot load regx ({first}); {remedy}"
            said = Introduction(threads=1, complaint=complaint)
        self.workers[address] = said["complaint"]
        if said["complaint"] != FIT:
            self.watch.noticed(said["complaint"])
        elif said["threads"] > 1:
            self.watch.noticed(
                f"worker {address}: has {said['threads']} threads and uses one; start it with"
                f" --nthreads 1 --nworkers {said['threads']}"
            )

    def submit(self, job: Job) -> None:
        """Hand a job to Dask."""
        key = f"regx-{job.folder}-{uuid.uuid4().hex[:8]}"
        needs = {resource(self.token): 1}
        future = self.client.submit(
            train, job, self.options, self.token, key=key, resources=needs, pure=False
        )
        self.tasks[key] = _Task(job, future)
        self.await_result(self.tasks[key])

    def await_result(self, task: _Task) -> None:
        """Have `settle` called when Dask says that a task has ended."""
        task.future.add_done_callback(lambda _: self.inbox.put(partial(self.settle, task)))

    def settle(self, task: _Task) -> None:
        """Read what a worker answered."""
        from distributed import KilledWorker

        if task.future.key not in self.tasks or task.future.status == "cancelled":
            return
        if task.future.status in ("pending", "lost"):  # on its way to us: Dask makes the result again
            self.await_result(task)
            return
        try:
            result: JobResult = task.future.result(timeout=ANSWER_SECONDS)
            if result.files:
                deliver(self.options.runs_dir, task.job.folder, result.files)
        except TimeoutError:
            self.inbox.put(partial(self.settle, task))
        except KilledWorker as error:
            self.end(task, "lost", f"{error.allowed_failures + 1} workers were lost with it")
        except (OSError, UsageError) as error:
            self.end(task, "lost", explain(error))
        except Exception as error:
            self.end(task, "lost", str(error).partition("\n")[0] or type(error).__name__)
        else:
            self.results.append(replace(result, files={}))
            self.forget(task)

    def end(self, task: _Task, ending: Ending, message: str) -> None:
        """Note the end of a job of which no worker tells."""
        if task.future.key not in self.tasks:
            return
        seconds = time.monotonic() - task.began
        self.results.append(JobResult(job=task.job, ending=ending, message=message, seconds=seconds))
        self.forget(task)

    def forget(self, task: _Task) -> None:
        """Let go of a task."""
        self.tasks.pop(task.future.key)
        task.future.release()

    def on_run_event(self, event: Event) -> None:
        """Pass on what a worker tells of a run."""
        task = self.tasks.get(event["key"])
        if task is None:
            return
        if event["notice"]:
            self.watch.noticed(event["notice"])
        elif event["epochs"] is None:
            if task.worker:
                self.watch.noticed(f"worker {task.worker_name}: is gone; {task.job.folder} goes to the next")
            task.worker, task.worker_name, task.trains_since = event["worker"], event["name"], None
            self.watch.started(task.job, event["name"])
        else:
            task.trains_since = task.trains_since or time.monotonic()
            self.watch.progressed(task.job, event["epochs"])

    def check(self, task: _Task) -> None:
        """End a job whose worker will not do so."""
        now, limit, since = time.monotonic(), self.options.time_limit, task.trains_since
        if limit is not None and since is not None and now > since + limit + GRACE_SECONDS:
            worker, task.worker, task.trains_since = task.worker, "", None
            task.future.release()
            threading.Thread(target=self.kill, args=(task, worker, limit), daemon=True).start()
        elif self.stops_at is not None and now > self.stops_at:
            self.end(task, "interrupted", f"did not end within {STOP_SECONDS:.0f} s")

    def kill(self, task: _Task, worker: str, limit: float) -> None:
        """Start the worker of a run that hangs anew, and record why; runs in a thread of its own.

        No watchdog in the worker could: where its process is stopped, its threads are too.
        """
        message = f"took longer than the limit of {limit:g} s, and hung"
        try:
            self.client.restart_workers([worker], timeout=RESTART_SECONDS)
        except Exception as error:
            message += f"; its worker {worker} could not be started again ({error})"
        with contextlib.suppress(UsageError, OSError, ValueError):  # a folder that only the worker has
            mark_late(RunFolder(self.options.runs_dir / task.job.folder), limit)
        self.inbox.put(partial(self.end, task, "failed", message))

    def ask_to_stop(self) -> None:
        """Ask the workers to save their runs; in a thread, since one that hangs would not answer."""
        if self.stops_at is None:
            self.stops_at = time.monotonic() + STOP_SECONDS
            threading.Thread(target=self.tell_to_stop, args=(self.fit_workers,), daemon=True).start()

    def tell_to_stop(self, addresses: list[str]) -> None:
        """Tell workers, beside what they are doing; one that died meanwhile need not be told."""
        with contextlib.suppress(Exception):
            self.client.run(request_stop, self.token, workers=addresses, on_error="ignore")
