"""The engines that run on Dask: worker processes on this machine, or a cluster that is there."""

import contextlib
import json
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Literal

import regx
from regx.config.errors import UsageError
from regx.reading import explain, read_text
from regx.runs.checkout import code_digest
from regx.runs.folder import FolderBusyError, RunFolder
from regx.sweeps.dask_client import DaskClient, DaskFuture, connect, dask_settings
from regx.sweeps.dask_worker import Introduction, Progress, introduce, request_stop, topic, train
from regx.sweeps.jobs import (
    Ending,
    Engine,
    EngineLostError,
    EngineOptions,
    Job,
    Outcome,
    Report,
    Watch,
    order_of,
    outcome_of,
    refusal,
)
from regx.sweeps.local_workers import local_workers, place
from regx.sweeps.shared_folder import deliver, mark
from regx.sweeps.worker import Clock, mark_late

__all__ = ["AGAIN", "Dispatch", "Fleet", "Member", "local_cluster", "remote"]

POLL_SECONDS = 0.5
SILENCE_SECONDS = 30.0  # of a scheduler, until it counts as lost
ANSWER_SECONDS = 10.0  # for a result that is known to be there
AGAIN = "run the same command again: what was done is done"


@dataclass
class Member:
    """One worker.

    Attributes:
        address: Where it listens; a worker that is started anew has another.
        label: What to call it in messages.
        threads: It has; a run takes one.
        state: `asked` who it is, `idle`, `busy`, `unfit` for this sweep, or `gone`.
    """

    address: str
    label: str
    threads: int
    state: Literal["asked", "idle", "busy", "unfit", "gone"] = "asked"


class Fleet:
    """Keeps the list of workers.

    Whatever happens elsewhere (in Dask's threads, in a signal handler) is put into an inbox as a function to
    be called, and is called by `step`, in the thread of the sweep: nothing here needs a lock.

    Args:
        client: Connected to the scheduler.
        place: What to call the scheduler in messages.
        patience: Seconds to go without any worker; None to wait for as long as it takes.
    """

    def __init__(self, client: DaskClient, place: str, patience: float | None = None) -> None:
        self.client = client
        self.place = place
        self.patience = patience
        self.members: dict[str, Member] = {}
        self.notices: list[str] = []
        self.inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._listed = self._waiting = False
        self._complaint = ""
        self._heard = self._manned = time.monotonic()
        self._introductions: dict[str, DaskFuture] = {}
        self._closing = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="regx-fleet", daemon=True)
        self._watcher.start()

    def step(self, seconds: float) -> None:
        """Wait for something to happen, at most so long, and handle it.

        Raises:
            EngineLostError: If the scheduler is lost, or there is no worker.
        """
        with contextlib.suppress(Empty):
            self.inbox.get(timeout=seconds)()
        now = time.monotonic()
        if now - self._heard > SILENCE_SECONDS:
            self.lose(f"silent for {SILENCE_SECONDS:.0f} s")
        if self.members:
            self._manned = now
        elif self.patience is not None and now - self._manned > self.patience:
            raise EngineLostError(f"{self.place}: no worker for {self.patience:.0f} s; {AGAIN}")

    def settle(self, seconds: float) -> None:
        """Wait until every worker that is there has said who it is, but at most so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not (self._listed and not self._with("asked")):
            self.step(0.1)

    @property
    def num_fit(self) -> int:
        """Workers that take part, or may yet."""
        return len(self.members) - len(self._with("unfit"))

    def idle(self) -> Member | None:
        """Find a worker that has nothing to do."""
        return next(iter(self._with("idle")), None)

    def check_hope(self) -> None:
        """See that not all workers are unfit.

        Raises:
            EngineLostError: If they are.
        """
        if self.members and not self.num_fit:
            raise EngineLostError(f"{self.place}: none of its workers can be used: {self._complaint}")

    def refuse(self, member: Member, complaint: str) -> None:
        """Use a worker no more."""
        member.state = "unfit"
        self.notices.append(complaint)
        self._complaint = complaint

    def take_notices(self) -> list[str]:
        """Hand over what a user should know, once."""
        notices, self.notices = self.notices, []
        return notices

    def lose(self, reason: str) -> None:
        """Give up.

        Raises:
            EngineLostError: In any case.
        """
        raise EngineLostError(f"{self.place}: the scheduler is gone ({reason}); {AGAIN}")

    def close(self) -> None:
        """Stop watching."""
        self._closing.set()
        self._watcher.join(timeout=2)

    def _with(self, state: str) -> list[Member]:
        return [member for member in self.members.values() if member.state == state]

    def _watch(self) -> None:
        """Ask the scheduler again and again for its workers; runs in a thread of its own."""
        while True:
            try:
                threads = dict(self.client.nthreads())
                if self.client.status != "running":
                    raise ConnectionError(f"connection {self.client.status}")
            except Exception as error:  # whatever it is, the scheduler cannot be asked
                reason = str(error).partition("\n")[0] or type(error).__name__
                self.inbox.put(partial(self.lose, reason))
                return
            self.inbox.put(partial(self._see, threads))
            if self._closing.wait(POLL_SECONDS):
                return

    def _see(self, threads: dict[str, int]) -> None:
        """Compare the list of workers with what we know."""
        self._listed, self._heard = True, time.monotonic()
        for address in self.members.keys() - threads.keys():
            self.members.pop(address).state = "gone"
            self._introductions.pop(address, None)
        if not threads and self.patience is None and not self._waiting:
            self.notices.append(f"{self.place}: no worker is there; waiting for one")
        self._waiting = not threads
        for address in threads.keys() - self.members.keys():
            self._ask(Member(address=address, label=address, threads=threads[address]))

    def _ask(self, member: Member) -> None:
        """Have a worker load what it needs and say who it is; one that hangs gets nothing to do."""
        self.members[member.address] = member
        future = self.client.submit(
            introduce, workers=[member.address], allow_other_workers=False, pure=False
        )
        self._introductions[member.address] = future
        future.add_done_callback(lambda _: self.inbox.put(partial(self._meet, member, future)))

    def _meet(self, member: Member, future: DaskFuture) -> None:
        """Take a worker into service, or not."""
        if member.state != "asked":
            return
        try:
            said = future.result(timeout=ANSWER_SECONDS)
        except TimeoutError:
            self.inbox.put(partial(self._meet, member, future))
        except Exception as error:
            first = str(error).partition("\n")[0]
            remedy = f"install regx {regx.__version__} there"
            self.refuse(member, f"worker {member.address}: cannot load regx ({first}); {remedy}")
        else:
            self._judge(member, said)

    def _judge(self, member: Member, said: Introduction) -> None:
        """See whether it has our code."""
        member.label = said["name"]
        has, needs = (said["version"], said["code"]), (regx.__version__, code_digest())
        if complaint := refusal(member.address, has, needs):
            self.refuse(member, complaint)
            return
        if member.threads > 1:
            self.notices.append(
                f"worker {member.address}: has {member.threads} threads and uses one; start it with"
                f" --nthreads 1 --nworkers {member.threads}"
            )
        member.state = "idle"


TICK_SECONDS = 0.5
MOST_DEATHS = 3  # of workers that had the same job, until the job counts as lost
STOP_SECONDS = 60.0  # for a run to save itself


@dataclass(eq=False)
class _Task:
    """A job at a worker."""

    job: Job
    member: Member
    key: str
    future: DaskFuture
    clock: Clock
    began: float = field(default_factory=time.monotonic)
    being_killed: bool = False

    def outcome(self, ending: Ending, message: str) -> Outcome:
        seconds = time.monotonic() - self.began
        return Outcome(job=self.job, ending=ending, message=message, seconds=seconds)


class Dispatch:
    """One call of an engine's `run`.

    Each job is pinned to one worker that has nothing else to do, so it is always known who has what: who must
    be started anew when a run hangs, and which runs go elsewhere when a worker dies.

    Args:
        fleet: The workers.
        jobs: What to train, in this order.
        watch: Sees them go by.
        options: Of the engine.
        token: Of the sweep, by which workers know its folder and its wish to stop.
    """

    def __init__(
        self, fleet: Fleet, jobs: Sequence[Job], watch: Watch, options: EngineOptions, token: str
    ) -> None:
        self.fleet = fleet
        self.watch = watch
        self.options = options
        self.token = token
        self.todo = deque(jobs)
        self.tasks: dict[str, _Task] = {}
        self.ended: deque[Outcome] = deque()
        self.deaths: Counter[str] = Counter()
        self.stops_at: float | None = None

    def outcomes(self) -> Iterator[Outcome]:
        """Work all jobs off; one outcome for each, as it ends.

        Raises:
            EngineLostError: If the scheduler is lost, or no worker can be used.
        """
        client = self.fleet.client
        client.subscribe_topic(topic(self.token), self.on_event)
        try:
            while self.todo or self.tasks or self.ended:
                while self.ended:
                    yield self.ended.popleft()
                self.assign()
                if self.tasks or self.todo:
                    self.fleet.step(TICK_SECONDS)
                self.look_after()
                for notice in self.fleet.take_notices():
                    self.watch.noticed(notice)
        finally:
            for task in self.tasks.values():
                task.future.release()  # the worker sees that nobody wants it any more, and stops
            client.unsubscribe_topic(topic(self.token))

    def stop(self) -> None:
        """Begin nothing more, and ask what runs to save itself."""
        if self.stops_at is not None:
            return
        self.stops_at = time.monotonic() + STOP_SECONDS
        self.ended += [Outcome(job=job, ending="interrupted") for job in self.todo]
        self.todo.clear()
        if busy := [task.member.address for task in self.tasks.values()]:
            # In a thread: a worker that hangs would not answer.
            threading.Thread(target=self.ask_to_stop, args=(busy,), daemon=True).start()

    def ask_to_stop(self, addresses: list[str]) -> None:
        """Tell workers, beside what they are doing; one that died meanwhile need not be told."""
        with contextlib.suppress(Exception):
            self.fleet.client.run(request_stop, self.token, workers=addresses, on_error="ignore")

    def assign(self) -> None:
        """Give every idle worker a job."""
        self.fleet.check_hope()
        while self.todo and (member := self.fleet.idle()):
            job = self.todo.popleft()
            key = f"regx-{job.folder}-{uuid.uuid4().hex[:8]}"
            future = self.fleet.client.submit(
                train,
                order_of(job, self.options, self.token),
                key=key,
                workers=[member.address],
                allow_other_workers=False,
                pure=False,
            )
            task = _Task(job, member, key, future, Clock(self.options.time_limit))
            member.state = "busy"
            self.tasks[key] = task
            self.await_end(task)
            self.watch.started(job, member.label)

    def await_end(self, task: _Task) -> None:
        """Have `settle` called when Dask says that a task has ended."""
        inbox = self.fleet.inbox
        task.future.add_done_callback(lambda _: inbox.put(partial(self.settle, task)))

    def settle(self, task: _Task) -> None:
        """Read what a worker reported."""
        if task.key not in self.tasks or task.being_killed or task.member.state == "gone":
            return
        status = task.future.status
        if status == "cancelled":
            self.fleet.lose("the connection broke")
        if status in ("pending", "lost"):  # the result was lost on its way, and Dask makes it again
            self.await_end(task)
            return
        try:
            report = task.future.result(timeout=ANSWER_SECONDS)
        except TimeoutError:
            self.fleet.inbox.put(partial(self.settle, task))
        except Exception as error:
            self.crashed(task, error)
        else:
            self.accept(task, report)

    def accept(self, task: _Task, report: Report) -> None:
        """Turn a report into an outcome; a refusal is none, nor is an interruption that we did not wish."""
        if report["ending"] == "refused":
            self.fleet.refuse(task.member, report["message"])
            self.tasks.pop(task.key)
            self.todo.appendleft(task.job)
            return
        if report["ending"] == "interrupted" and self.stops_at is None:
            self.watch.noticed(f"worker {task.member.label}: is ending; {task.job.folder} goes to the next")
            self.again(task, "its worker was told to end")
            return
        outcome = outcome_of(task.job, report, time.monotonic() - task.began)
        if report["files"]:
            try:
                deliver(self.options.runs_dir, task.job.folder, report["files"])
            except (OSError, UsageError) as error:
                outcome = task.outcome("lost", explain(error))
        self.end(task, outcome)

    def crashed(self, task: _Task, error: Exception) -> None:
        """Give a job to another worker when this one could not even begin it."""
        first = str(error).partition("\n")[0] or type(error).__name__
        self.fleet.refuse(task.member, f"worker {task.member.address}: is not used any more ({first})")
        self.again(task, first)

    def end(self, task: _Task, outcome: Outcome) -> None:
        """Note an outcome, and free the worker."""
        self.tasks.pop(task.key)
        task.future.release()
        if task.member.state == "busy":
            task.member.state = "idle"
        self.ended.append(outcome)

    def again(self, task: _Task, reason: str) -> None:
        """Put a job that a worker did not finish first in the queue, unless it does that to all of them."""
        self.tasks.pop(task.key)
        task.future.release()
        self.deaths[task.job.folder] += 1
        if self.stops_at is not None:
            self.ended.append(task.outcome("interrupted", reason))
        elif self.deaths[task.job.folder] >= MOST_DEATHS:
            self.ended.append(task.outcome("lost", f"{MOST_DEATHS} workers were lost with it; {reason}"))
        else:
            self.todo.appendleft(task.job)

    def look_after(self) -> None:
        """See to tasks that will not end by themselves."""
        now = time.monotonic()
        for task in list(self.tasks.values()):
            if task.being_killed:
                continue
            if task.member.state == "gone":
                self.watch.noticed(f"worker {task.member.label}: is gone; {task.job.folder} goes to the next")
                self.again(task, "its worker died")
            elif task.clock.is_late(self.options.grace_seconds):
                task.being_killed = True
                threading.Thread(target=self.kill, args=(task,), daemon=True).start()
            elif self.stops_at is not None and now > self.stops_at:
                self.end(task, task.outcome("interrupted", f"did not end within {STOP_SECONDS:.0f} s"))

    def kill(self, task: _Task) -> None:
        """Start the worker of a run that hangs anew, and record why; runs in a thread of its own."""
        assert self.options.time_limit is not None
        message = f"took longer than the limit of {self.options.time_limit:g} s, and hung"
        task.future.release()
        try:
            self.fleet.client.restart_workers([task.member.address], timeout=30)
        except Exception as error:
            message += f"; its worker {task.member.address} could not be started anew ({error})"
        folder = RunFolder(self.options.runs_dir / task.job.folder)
        for _ in range(50):
            try:
                mark_late(folder, self.options.time_limit)
                break
            except FolderBusyError:
                time.sleep(0.2)
            except (OSError, ValueError):  # a folder that only the worker has
                break
        self.fleet.inbox.put(partial(self.killed, task, message))

    def killed(self, task: _Task, message: str) -> None:
        """Note the end of a run that hung; its worker is new, or of no use."""
        if task.member.state == "busy":
            task.member.state = "unfit"
        self.end(task, task.outcome("failed", message))

    def on_event(self, event: tuple[float, Progress]) -> None:
        """Take an event of a worker; called in Dask's thread."""
        self.fleet.inbox.put(partial(self.progressed, event[1]))

    def progressed(self, progress: Progress) -> None:
        """Pass it on; the first event of a task says that its training begins."""
        task = self.tasks.get(progress["key"])
        if task is None:
            return
        if progress["notice"]:
            self.watch.noticed(progress["notice"])
            return
        if not task.clock.is_running:
            task.clock.begin()
        if progress["epochs"]:
            self.watch.progressed(task.job, progress["epochs"])


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
