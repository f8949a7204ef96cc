"""How a run is shown while it trains, and how signals stop it at the next step."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from regx.cli.output import SIGNALLED, plain_console, say
from regx.text import counted
from regx.training.observer import Observer

if TYPE_CHECKING:
    from rich.progress import Progress

    from regx.config import RunConfig
    from regx.runs.metrics import EpochMetrics
    from regx.runs.record import RunRecord

__all__ = ["StopSignal", "observer_for", "stop_on_signals"]

# Ctrl-C, `kill`, a terminal that was closed, Slurm's warning; Windows has but the first two.
WISHES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")


class StopSignal:
    """Set by the first signal.

    Attributes:
        wanted: Whether to stop.
        exit_code: What the shell expects of a process that ended by that signal.
    """

    def __init__(self) -> None:
        self.wanted = False
        self.exit_code = 0
        self._on_first: Callable[[], None] | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """The first signal asks to stop. A Ctrl-C after it stops at once.

        Other signals may come twice by themselves: from the system and from the shell when a terminal is
        closed, to the process and to its group from Slurm.
        """
        if self.wanted:
            if number == signal.SIGINT:
                raise KeyboardInterrupt
            return
        self.wanted = True
        self.exit_code = SIGNALLED + number
        if self._on_first:
            self._on_first()

    def call(self, on_first: Callable[[], None]) -> None:
        """Call something at the first signal, or now, if the signal has already come."""
        self._on_first = on_first
        if self.wanted:
            on_first()


@contextmanager
def stop_on_signals() -> Iterator[StopSignal]:
    """Let SIGINT, SIGTERM, SIGHUP and SIGUSR1 ask to stop, as long as the context lasts."""
    stop = StopSignal()
    numbers = [getattr(signal, name) for name in WISHES if hasattr(signal, name)]
    # Under nohup SIGHUP is ignored, and stays so.
    heeded = [number for number in numbers if not _is_ignored_hangup(number)]
    before = {number: signal.signal(number, stop) for number in heeded}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_ignored_hangup(number: int) -> bool:
    return number == getattr(signal, "SIGHUP", None) and signal.getsignal(number) is signal.SIG_IGN


MAX_LINES = 20  # of a whole run: a log of 10,000 epochs helps nobody
REFRESH_SECONDS = 0.1


@contextmanager
def observer_for(config: "RunConfig", stop: StopSignal, *, quiet: bool) -> Iterator[Observer]:
    """Choose how a run is shown; the first signal stops it at the next step."""
    if quiet:
        yield _Stoppable(stop)
    elif sys.stderr.isatty():
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:.0f}%"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=plain_console(stderr=True), auto_refresh=False) as progress:
            yield _Bar(config, stop, progress)
    else:
        yield _Lines(config, stop)


class _Stoppable(Observer):
    """Shows nothing."""

    def __init__(self, stop: StopSignal) -> None:
        self.stop = stop

    def before_step(self, step: int) -> bool:  # noqa: ARG002  # those derived from it look
        return not self.stop.wanted


class _Lines(_Stoppable):
    """One line per epoch, or per so many epochs."""

    def __init__(self, config: "RunConfig", stop: StopSignal, tell: Callable[[str], None] = say) -> None:
        super().__init__(stop)
        self.config, self.tell = config, tell
        self.first = config.train.eval_every
        self.every = self.first * -(-config.train.epochs // (MAX_LINES * self.first))

    def noticed(self, message: str) -> None:
        self.tell(f"note: {message}")

    def started(self, record: "RunRecord") -> None:
        self.tell(opening(self.config, record))

    def epoch_done(self, row: "EpochMetrics") -> None:
        """Show the first epoch, the last, and some between."""
        epochs = self.config.train.epochs
        if row.epoch % self.every == 0 or row.epoch in (self.first, epochs):
            self.tell(epoch_line(row, epochs))


class _Bar(_Lines):
    """A progress bar over steps, with the lines of the epochs above it."""

    def __init__(self, config: "RunConfig", stop: StopSignal, progress: "Progress") -> None:
        super().__init__(config, stop, progress.console.print)
        self.progress = progress
        self.task = progress.add_task(config.name)
        self.drawn = 0.0

    def started(self, record: "RunRecord") -> None:
        super().started(record)
        self.progress.update(self.task, total=self.config.num_steps, completed=record.steps_completed)

    def before_step(self, step: int) -> bool:
        now = time.monotonic()
        if now - self.drawn >= REFRESH_SECONDS:
            self.drawn = now
            self.progress.update(self.task, completed=step)
            self.progress.refresh()
        return super().before_step(step)

    def epoch_done(self, row: "EpochMetrics") -> None:
        super().epoch_done(row)
        self.progress.update(self.task, completed=row.step)
        self.progress.refresh()


def opening(config: "RunConfig", record: "RunRecord") -> str:
    """Say what begins, or goes on, on what and where, in one line."""
    what = f"{config.name}: {config.model.family} on {config.data.num_train:,} images of {config.data.name}"
    environment = record.environment
    place = f"{environment.device}, {counted(environment.threads, 'thread')}"
    where = f"; going on at step {record.steps_completed:,}" if record.steps_completed else ""
    return f"{what}; {record.num_parameters:,} parameters; seed {record.seed}; {place}{where}"


def epoch_line(row: "EpochMetrics", epochs: int) -> str:
    """Say how an epoch ended."""
    width = len(str(epochs))
    return (
        f"epoch {row.epoch:>{width}}/{epochs}  train/valid loss {row.train_loss:.4f} {row.valid_loss:.4f}  "
        f"error {row.train_error:6.2%} {row.valid_error:6.2%}  {row.train_seconds:.1f} s"
    )
