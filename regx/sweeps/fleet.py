"""The workers behind a Dask scheduler: who is there, and who has the right code."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Literal

import regx
from regx.runs.checkout import code_digest
from regx.sweeps.dask_client import DaskClient, DaskFuture
from regx.sweeps.dask_task import Introduction, introduce
from regx.sweeps.jobs import EngineLostError
from regx.sweeps.wire import refusal

__all__ = ["AGAIN", "Fleet", "Member"]

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
