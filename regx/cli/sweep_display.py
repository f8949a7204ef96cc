"""How a sweep is shown while it goes on: a live table on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from regx.cli.output import plain_console, say
from regx.cli.sweep_text import duration

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from regx.cli.sweep_table import ArmLine
    from regx.config import Experiment
    from regx.sweeps.driver import SweepWatch
    from regx.sweeps.jobs import Job, Outcome

__all__ = ["sweep_display"]

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

        from regx.cli.sweep_table import live_lines

        title = f"{self.stage}  {self.num_ended}/{self.total}  {len(self.workers)} at work  {self.left}"
        size = self.live.console.size
        lines = live_lines(title, [self.line_of(name) for name in self.arms], size.width, size.height)
        return Text("\n".join(lines), no_wrap=True, overflow="crop")

    def line_of(self, name: str) -> "ArmLine":
        """Say how far an arm is."""
        from regx.cli.sweep_table import ArmLine

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
