"""How a sweep is shown while it runs: a live table on a terminal, plain lines elsewhere."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len

from regx.cli.output import plain_console, say
from regx.cli.sweep_text import duration
from regx.numbers import shorten
from regx.sweeps.jobs import Watch

if TYPE_CHECKING:
    from rich.console import Console, Group  # noqa: TID251  # the type
    from rich.table import Table

    from regx.config import Experiment
    from regx.sweeps.jobs import Job, JobResult

__all__ = ["Arm", "lay_out", "sweep_display"]

PADDING = (0, 2, 0, 0)
LEAST_NAME = 12  # letters of an arm that are always there, with both its ends
LEAST_RUNNING = 12  # a narrower column would say nothing
BESIDE = 2  # lines of the screen that are not for arms: the title, and that of the cursor
ANY_WIDTH = 10_000


@dataclass
class Arm:
    """What is known of one arm in the stage that is going on.

    Attributes:
        name: Of the arm.
        total: Runs that it has.
        endings: Of those that have ended.
        errors: Validation errors of those that are done.
        running: How far the others are that have begun, by folder.
    """

    name: str
    total: int = 0
    endings: list[str] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    running: dict[str, str] = field(default_factory=dict)

    @property
    def bad(self) -> dict[str, int]:
        """How many runs ended badly, by ending."""
        endings = tuple(self.endings)
        return {bad: endings.count(bad) for bad in ("diverged", "failed", "lost") if bad in endings}


def lay_out(title: str, arms: Sequence[Arm], console: "Console") -> "Group":
    """Lay out the arms so that they fit the screen.

    Where it is narrow, what is running gives way first; then names are folded. Where arms are more than
    lines, names are shortened, then arms stand side by side; those that still find no place are counted.

    Args:
        title: What the sweep is at.
        arms: In the order of the experiment.
        console: Has the size of the screen.
    """
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    room = max(console.height - BESIDE, 3)  # for heads and arms
    head = Text(title, no_wrap=True, overflow="ellipsis")
    whole = _table(arms)
    if _width(whole, console) + PADDING[1] + LEAST_RUNNING <= console.width:
        whole = _table(arms, with_running=True)
    if len(console.render_lines(whole)) <= room:
        return Group(head, whole)
    letters = max(LEAST_NAME, console.width // 3)
    beside = Table.grid(padding=PADDING)
    beside.add_row(*(_table(arms[at : at + room - 1], letters) for at in range(0, len(arms), room - 1)))
    if _width(beside, console) <= console.width or len(arms) < room:
        return Group(head, beside)
    # Arms whose runs went wrong first, then those at work, then the first ones.
    ranked = sorted(range(len(arms)), key=lambda at: (not arms[at].bad, not arms[at].running, at))
    shown = set(ranked[: room - 2])
    rest = [arm for at, arm in enumerate(arms) if at not in shown]
    ended, total = sum(len(arm.endings) for arm in rest), sum(arm.total for arm in rest)
    bad = sum(map(_num_bad, rest))
    more = f"and {len(rest)} more arms: {ended}/{total} runs" + (f", {bad} bad" if bad else "")
    last = Text(more, no_wrap=True, overflow="ellipsis")
    return Group(head, _table([arms[at] for at in sorted(shown)], letters), last)


def _table(arms: Sequence[Arm], letters: int = 0, *, with_running: bool = False) -> "Table":
    """Write heads and arms.

    Args:
        arms: A line each, more where a name is folded.
        letters: A name and all else has one line, and a name no more letters than these; 0 for no limit.
        with_running: Whether to say how far the runs that go on are, in the room that is left.
    """
    from rich.table import Table

    table = Table(box=None, padding=PADDING, pad_edge=False, expand=with_running, header_style="")
    least = min(LEAST_NAME, max(cell_len(arm.name) for arm in arms))
    table.add_column("arm", overflow="fold", min_width=least, no_wrap=bool(letters))
    table.add_column("runs", justify="right", no_wrap=True)
    table.add_column("valid error", justify="right", no_wrap=bool(letters))
    table.add_column("", no_wrap=bool(letters))
    if with_running:
        table.add_column("running", ratio=1, no_wrap=True, overflow="ellipsis")
    for arm in arms:
        kinds = {"bad": _num_bad(arm)} if letters and arm.bad else arm.bad
        bad = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        name = shorten(arm.name, letters) if letters else arm.name
        error = f"{sum(arm.errors) / len(arm.errors):.2%}" if arm.errors else "-"
        cells = [name, f"{len(arm.endings)}/{arm.total}", error, bad, ", ".join(arm.running.values())]
        table.add_row(*cells[: len(table.columns)])
    return table


def _num_bad(arm: Arm) -> int:
    return sum(arm.bad.values())


def _width(table: "Table", console: "Console") -> int:
    """Return how wide a table would like to be."""
    return console.measure(table, options=console.options.update(max_width=ANY_WIDTH)).maximum


MAX_LINES = 100  # of runs that are done; what goes wrong is always shown


@contextmanager
def sweep_display(experiment: "Experiment", runs_dir: Path, *, quiet: bool) -> Iterator[Watch]:
    """Choose how a sweep is shown."""
    if quiet:
        yield _Silent()
    elif sys.stderr.isatty():
        from rich.live import Live

        screen = _Screen(experiment, runs_dir)
        with Live(get_renderable=screen.table, console=screen.console, transient=True):
            yield screen
    else:
        yield _Lines(experiment, runs_dir)


class _Silent(Watch):
    """Shows nothing but what went wrong."""

    def noticed(self, message: str) -> None:
        say(message)


class _Counts(_Silent):
    """Counts what goes by."""

    def __init__(self, experiment: "Experiment", runs_dir: Path) -> None:
        self.experiment = experiment
        self.runs_dir = runs_dir
        self.stage = ""
        self.arms: dict[str, Arm] = {}
        self.workers: set[str] = set()
        self.most_at_once = 1
        self.total = self.num_ended = 0
        self.seconds = 0.0

    def planned(self, jobs: "Sequence[Job]", num_ended: int) -> None:  # noqa: ARG002
        self.stage = "tuning" if any(job.stage == "tune" for job in jobs) else "training"
        totals = Counter(job.arm for job in jobs)
        self.arms = {arm: Arm(arm, totals[arm]) for arm in self.experiment.arms}
        self.total, self.num_ended, self.seconds = len(jobs), 0, 0.0

    def started(self, job: "Job", worker: str) -> None:
        self.progressed(job, 0)
        self.most_at_once = max(self.most_at_once, sum(len(arm.running) for arm in self.arms.values()))
        self.workers.add(worker)

    def progressed(self, job: "Job", epochs: int) -> None:
        run = str(job).removeprefix(f"{job.arm} ")
        self.arms[job.arm].running[job.folder] = f"{run} epoch {epochs}/{job.config.train.epochs}"

    def ended(self, result: "JobResult") -> None:
        arm = self.arms[result.job.arm]
        arm.running.pop(result.job.folder, None)
        if result.ending == "interrupted":  # it is left for the next call
            return
        self.num_ended += 1
        self.seconds += result.seconds
        arm.endings.append(result.ending)
        if (error := self.valid_error(result)) is not None:
            arm.errors.append(error)

    def valid_error(self, result: "JobResult") -> float | None:
        """Read the validation error of a run that is done; the test set is for the end."""
        from regx.runs.folder import NoRecord, RunFolder

        if result.ending != "done":
            return None
        record = RunFolder(self.runs_dir / result.job.folder).find_record()
        final = None if isinstance(record, NoRecord) else record.final
        return final.valid_error if final else None

    @property
    def left(self) -> str:
        """Say how long the stage will take from here."""
        if not self.num_ended:
            return ""
        seconds = self.seconds / self.num_ended * (self.total - self.num_ended) / self.most_at_once
        return f"{duration(seconds)} left" if self.total > self.num_ended else ""


class _Lines(_Counts):
    """One line per run, or per so many runs."""

    def planned(self, jobs: "Sequence[Job]", num_ended: int) -> None:
        super().planned(jobs, num_ended)
        if jobs:
            before = f", {num_ended} done before" if num_ended else ""
            say(f"{self.stage}: {self.total} runs{before}")

    def ended(self, result: "JobResult") -> None:
        super().ended(result)
        every = -(-self.total // MAX_LINES)
        if result.ending == "interrupted":  # the ending counts them
            return
        if result.ending != "done" or self.num_ended % every == 0 or self.num_ended == self.total:
            say(self.line(result))

    def line(self, result: "JobResult") -> str:
        """Say how a run ended."""
        job = result.job
        width = len(str(self.total))
        words = [f"{self.num_ended:>{width}}/{self.total}", str(job)]
        error = self.valid_error(result)
        words.append(result.ending if error is None else f"valid error {error:.2%}")
        words.append(f"{result.seconds:.1f} s")
        return "  ".join([*words, self.left]).rstrip()


class _Screen(_Counts):
    """A table of the arms that is drawn anew while runs go by, by a thread of rich."""

    def __init__(self, experiment: "Experiment", runs_dir: Path) -> None:
        super().__init__(experiment, runs_dir)
        self.console = plain_console(stderr=True)

    def ended(self, result: "JobResult") -> None:
        super().ended(result)
        if result.ending in ("failed", "lost"):
            self.console.print(f"{result.ending}: {result.job.folder}: {result.message}")

    def noticed(self, message: str) -> None:
        self.console.print(message)

    def table(self) -> "Group | str":
        """Lay out the arms, what is running, and how much is left, as the screen is now."""
        title = f"{self.stage}  {self.num_ended}/{self.total}  {len(self.workers)} at work  {self.left}"
        return lay_out(title, tuple(self.arms.values()), self.console) if self.arms else ""
