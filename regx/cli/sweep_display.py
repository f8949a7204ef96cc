"""How a sweep is shown while it goes on: a live table on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from regx.cli.columns import fold
from regx.cli.output import plain_console, say
from regx.cli.sweep_text import duration
from regx.numbers import shorten

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from regx.config import Experiment
    from regx.sweeps.driver import SweepWatch
    from regx.sweeps.jobs import Job, Outcome

__all__ = ["ArmLine", "live_lines", "sweep_display"]

GAP = "  "
LEAST_NAME = 12  # letters of an arm that are always there, with both its ends
LEAST_RUNNING = 12  # a narrower column would say nothing
BESIDE = 2  # lines of the screen that are not for arms: the title, and that of the cursor


@dataclass(frozen=True)
class ArmLine:
    """One arm.

    Attributes:
        name: Of the arm.
        ended: Runs that have ended.
        total: Runs that it has.
        error: Mean validation error so far.
        bad: How many runs ended badly, by kind.
        running: How far the runs that go on are; may be empty.
    """

    name: str
    ended: int
    total: int
    error: str
    bad: Mapping[str, int] = field(default_factory=dict)
    running: str = ""

    def cells(self, *, brief: bool) -> tuple[str, str, str]:
        """Write what is known of its runs: how many, their error, how many ended badly."""
        kinds = {"bad": sum(self.bad.values())} if brief and self.bad else self.bad
        return (
            f"{self.ended}/{self.total}",
            self.error,
            ", ".join(f"{count} {kind}" for kind, count in kinds.items()),
        )


def live_lines(title: str, arms: Sequence[ArmLine], width: int, height: int) -> list[str]:
    """Lay out the table so that it fits the screen.

    Where the screen is narrow, what is running gives way first; then names are folded. Where arms are more
    than lines, they stand side by side, without what is running; those that still find no place are counted.

    Args:
        title: What the sweep is at.
        arms: In the order of the experiment.
        width: Of the screen.
        height: Of the screen.
    """
    room = max(height - BESIDE, 3)  # for heads and arms
    lines = _table(arms, width, folds=True)
    if len(lines) > room:
        lines = _table(arms, width)
    if len(lines) > room:
        lines = _side_by_side(arms, width, room) or _with_the_rest_counted(arms, width, room)
    return [_cut(line, width) for line in (title, *lines)]


def _table(arms: Sequence[ArmLine], width: int, *, folds: bool = False) -> list[str]:
    """Write heads and one line per arm; more where a name is folded."""
    longest = max(cell_len(arm.name) for arm in arms)
    for brief in (False, True):
        cells = [("runs", "error" if brief else "valid error", "")]
        cells += [arm.cells(brief=brief) for arm in arms]
        runs, error, bad = (max(map(cell_len, column)) for column in zip(*cells, strict=True))
        taken = len(GAP) + runs + len(GAP) + error + (len(GAP) + bad if bad else 0)
        if taken + min(longest, LEAST_NAME) <= width:
            break
    name = max(min(longest, width - taken), min(longest, LEAST_NAME))
    running = width - name - taken - len(GAP)
    lines = []
    for who, what, (how_many, how_well, how_bad) in zip(
        ["arm", *(arm.name for arm in arms)], ["running", *(arm.running for arm in arms)], cells, strict=True
    ):
        first, *others = fold(who, name) if folds else [shorten(who, name)]
        line = [_left(first, name), _right(how_many, runs), _right(how_well, error)]
        line += [_left(how_bad, bad)] if bad else []
        line += [_cut(what, running)] if running >= LEAST_RUNNING else []
        lines += [GAP.join(line).rstrip(), *others]
    return lines


def _side_by_side(arms: Sequence[ArmLine], width: int, room: int) -> list[str]:
    """Write the arms in several tables beside one another; nothing where they do not fit."""
    parts = [arms[at : at + room - 1] for at in range(0, len(arms), room - 1)]
    share = (width + len(GAP)) // len(parts) - len(GAP)
    quiet = [[ArmLine(arm.name, arm.ended, arm.total, arm.error, arm.bad) for arm in part] for part in parts]
    tables = [_table(part, share) for part in quiet]
    if max(cell_len(line) for table in tables for line in table) > share:
        return []
    return [
        GAP.join(_left(line, share) for line in lines).rstrip()
        for lines in zip_longest(*tables, fillvalue="")
    ]


def _with_the_rest_counted(arms: Sequence[ArmLine], width: int, room: int) -> list[str]:
    """Write arms whose runs went wrong, then those at work, then the first ones; count the others."""
    ranked = sorted(range(len(arms)), key=lambda at: (not arms[at].bad, not arms[at].running, at))
    shown = sorted(ranked[: room - 2])
    rest = [arm for at, arm in enumerate(arms) if at not in shown]
    more = (
        f"and {len(rest)} more arms: {sum(arm.ended for arm in rest)}/{sum(arm.total for arm in rest)} runs"
    )
    if bad := sum(sum(arm.bad.values()) for arm in rest):
        more += f", {bad} bad"
    return [*_table([arms[at] for at in shown], width), more]


def _left(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def _cut(text: str, width: int) -> str:
    """Cut what is too long for its place: what is running, or a title."""
    return text if cell_len(text) <= width else set_cell_size(text, max(width - 1, 0)) + "…"


MAX_LINES = 100  # of runs that are done; what goes wrong is always shown


@contextmanager
def sweep_display(
    experiment: "Experiment", runs_dir: Path, num_workers: int, *, quiet: bool
) -> "Iterator[SweepWatch]":
    """Choose how a sweep is shown."""
    if quiet:
        yield _Silent()
    elif sys.stderr.isatty():
        from rich.live import Live

        with Live(console=plain_console(stderr=True), auto_refresh=False, transient=True) as live:
            yield _Screen(experiment, runs_dir, num_workers, live)
    else:
        yield _Lines(experiment, runs_dir, num_workers)


class _Silent:
    """Shows nothing but what went wrong."""

    def planned(self, jobs: "Sequence[Job]", num_ended: int) -> None:
        pass

    def started(self, job: "Job", worker: str) -> None:
        pass

    def progressed(self, job: "Job", epochs: int) -> None:
        pass

    def ended(self, outcome: "Outcome") -> None:
        pass

    def noticed(self, message: str) -> None:
        say(message)


@dataclass
class _Arm:
    """What is known of one arm in the stage that is going on."""

    total: int = 0
    errors: list[float] = field(default_factory=list)
    endings: list[str] = field(default_factory=list)


class _Counts(_Silent):
    """Counts what goes by."""

    def __init__(self, experiment: "Experiment", runs_dir: Path, num_workers: int) -> None:
        self.experiment = experiment
        self.runs_dir = runs_dir
        self.num_workers = num_workers
        self.stage = ""
        self.arms: dict[str, _Arm] = {}
        self.running: dict[str, tuple[Job, int]] = {}
        self.workers: set[str] = set()
        self.total = self.num_ended = self.num_before = 0
        self.seconds = 0.0

    def planned(self, jobs: "Sequence[Job]", num_ended: int) -> None:
        tuning = self.experiment.tune is not None and any(
            job.config.seed in self.experiment.tune.seeds for job in jobs
        )
        self.stage = "tuning" if tuning else "training"
        self.arms = {arm: _Arm() for arm in self.experiment.arms}
        for job in jobs:
            self.arms[job.arm].total += 1
        self.total, self.num_ended, self.seconds = len(jobs), 0, 0.0
        self.num_before = num_ended

    def started(self, job: "Job", worker: str) -> None:
        self.running[job.folder] = (job, 0)
        self.workers.add(worker)

    def progressed(self, job: "Job", epochs: int) -> None:
        if job.folder in self.running:
            self.running[job.folder] = (job, epochs)

    def ended(self, outcome: "Outcome") -> None:
        self.running.pop(outcome.job.folder, None)
        self.num_ended += 1
        self.seconds += outcome.seconds
        arm = self.arms[outcome.job.arm]
        arm.endings.append(outcome.ending)
        if (error := self.valid_error(outcome)) is not None:
            arm.errors.append(error)

    def valid_error(self, outcome: "Outcome") -> float | None:
        """Read the validation error of a run that is done; the test set is for the end."""
        from regx.runs.folder import NoRecord, RunFolder

        if outcome.ending != "done":
            return None
        record = RunFolder(self.runs_dir / outcome.job.folder).find_record()
        final = None if isinstance(record, NoRecord) else record.final
        return final.valid_error if final else None

    @property
    def left(self) -> str:
        """Say how long the stage will take from here."""
        if not self.num_ended:
            return ""
        workers = max(self.num_workers, len(self.running))  # of a cluster, more may have joined
        seconds = self.seconds / self.num_ended * (self.total - self.num_ended) / workers
        return f"{duration(seconds)} left" if self.total > self.num_ended else ""


def name_of(job: "Job") -> str:
    """Name a job by its arm, what is set beyond it, and its seed."""
    return " ".join(part for part in (job.arm, job.point, f"seed {job.config.seed}") if part)


class _Lines(_Counts):
    """One line per run, or per so many runs."""

    def planned(self, jobs: "Sequence[Job]", num_ended: int) -> None:
        super().planned(jobs, num_ended)
        if jobs:
            before = f", {self.num_before} done before" if self.num_before else ""
            say(f"{self.stage}: {self.total} runs{before}")

    def ended(self, outcome: "Outcome") -> None:
        super().ended(outcome)
        every = -(-self.total // MAX_LINES)
        if outcome.ending == "interrupted":  # the ending counts them
            return
        if outcome.ending != "done" or self.num_ended % every == 0 or self.num_ended == self.total:
            say(self.line(outcome))

    def line(self, outcome: "Outcome") -> str:
        """Say how a run ended."""
        job = outcome.job
        width = len(str(self.total))
        words = [f"{self.num_ended:>{width}}/{self.total}", name_of(job)]
        error = self.valid_error(outcome)
        words.append(outcome.ending if error is None else f"valid error {error:.2%}")
        words.append(f"{outcome.seconds:.1f} s")
        return "  ".join([*words, self.left]).rstrip()


class _Screen(_Counts):
    """A table of the arms that is drawn anew as runs go by."""

    def __init__(self, experiment: "Experiment", runs_dir: Path, num_workers: int, live: "Live") -> None:
        super().__init__(experiment, runs_dir, num_workers)
        self.live = live
        self.drawn = 0.0

    def planned(self, jobs: "Sequence[Job]", num_ended: int) -> None:
        super().planned(jobs, num_ended)
        self.draw(now=True)

    def started(self, job: "Job", worker: str) -> None:
        super().started(job, worker)
        self.draw()

    def progressed(self, job: "Job", epochs: int) -> None:
        super().progressed(job, epochs)
        self.draw()

    def ended(self, outcome: "Outcome") -> None:
        super().ended(outcome)
        if outcome.ending in ("failed", "lost"):
            self.live.console.print(f"{outcome.ending}: {outcome.job.folder}: {outcome.message}")
        self.draw(now=self.num_ended == self.total)

    def noticed(self, message: str) -> None:
        self.live.console.print(message)

    def draw(self, *, now: bool = False) -> None:
        """Draw, but not more often than an eye can follow."""
        if now or time.monotonic() - self.drawn > 0.2:
            self.drawn = time.monotonic()
            self.live.update(self.table(), refresh=True)

    def table(self) -> "Text":
        """Lay out the arms, what is running, and how much is left, as the screen is now."""
        from rich.text import Text

        title = f"{self.stage}  {self.num_ended}/{self.total}  {len(self.workers)} at work  {self.left}"
        size = self.live.console.size
        lines = live_lines(title, [self.line_of(name) for name in self.arms], size.width, size.height)
        return Text("\n".join(lines), no_wrap=True, overflow="crop")

    def line_of(self, name: str) -> "ArmLine":
        """Say how far an arm is."""
        arm = self.arms[name]
        return ArmLine(
            name,
            len(arm.endings),
            arm.total,
            f"{sum(arm.errors) / len(arm.errors):.2%}" if arm.errors else "-",
            {bad: arm.endings.count(bad) for bad in ("diverged", "failed", "lost") if bad in arm.endings},
            ", ".join(self.at_work(name)),
        )

    def at_work(self, arm: str) -> list[str]:
        """Say how far the running runs of an arm are."""
        return [
            f"{name_of(job).removeprefix(f'{arm} ')} epoch {epochs}/{job.config.train.epochs}"
            for job, epochs in self.running.values()
            if job.arm == arm
        ]
