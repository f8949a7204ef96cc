"""Handing jobs to the workers of a fleet, one to each, until all of them have an outcome."""

import contextlib
import threading
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from regx.config.errors import UsageError
from regx.config.os_errors import explain
from regx.runs.folder import FolderBusyError, RunFolder
from regx.sweeps.dask_client import DaskFuture
from regx.sweeps.dask_task import Progress, request_stop, topic, train
from regx.sweeps.fleet import ANSWER_SECONDS, Fleet, Member
from regx.sweeps.jobs import Ending, EngineOptions, Job, Outcome, Watch
from regx.sweeps.shared_folder import deliver
from regx.sweeps.time_limit import Clock, mark_late
from regx.sweeps.wire import Report, order_of, outcome_of

__all__ = ["Dispatch"]

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
