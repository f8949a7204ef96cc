"""How a run is shown while it trains, and signals as a wish to stop at the next step."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from regx.cli.output import SIGNALLED, plain_console, say
from regx.text import counted

if TYPE_CHECKING:
    from rich.progress import Progress

    from regx.config import RunConfig
    from regx.runs.metrics import EpochMetrics
    from regx.runs.record import RunRecord
    from regx.training.run import Observer

__all__ = ["StopSignal", "observer_for", "say_wrapped", "stderr_width", "stop_on_signals"]

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
        """Take the first signal as a wish, a Ctrl-C after it as an order.

        Others come twice by themselves: a closed terminal's from the system and from the shell, Slurm's to
        the process and to its group.
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
        """Have something called by the first signal; at once where that has come already."""
        self._on_first = on_first
        if self.wanted:
            on_first()


@contextmanager
def stop_on_signals() -> Iterator[StopSignal]:
    """Turn SIGINT, SIGTERM, SIGHUP and SIGUSR1 into a wish to stop while the context lasts."""
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


def stderr_width() -> int:
    """Width of what `say` writes to: the terminal's, or COLUMNS; 80 without either."""
    return plain_console(stderr=True).width


def say_wrapped(text: str, tell: Callable[[str], None] = say) -> None:
    """Print a sentence, in as many lines as the terminal makes of it; with `echo` as a result."""
    from regx.cli.columns import hang

    for line in hang("", text, stderr_width(), 2):
        tell(line)


@contextmanager
def observer_for(config: "RunConfig", *, quiet: bool) -> Iterator["Observer"]:
    """Choose how a run is shown."""
    if quiet:
        yield _Silent()
    elif sys.stderr.isatty():
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:.0f}%"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=plain_console(stderr=True), auto_refresh=False) as progress:
            yield _Bar(config, progress)
    else:
        yield _Lines(config)


class _Silent:
    """Shows nothing."""

    def noticed(self, message: str) -> None:
        pass

    def started(self, record: "RunRecord") -> None:
        pass

    def stepped(self, step: int) -> None:
        pass

    def epoch_done(self, row: "EpochMetrics") -> None:
        pass


class _Lines(_Silent):
    """One line per epoch, or per so many epochs."""

    def __init__(self, config: "RunConfig") -> None:
        self.epochs = config.train.epochs
        self.first = config.train.eval_every
        self.every = self.first * -(-self.epochs // (MAX_LINES * self.first))
        self.head = headline(config)

    def noticed(self, message: str) -> None:
        say(f"note: {message}")

    def started(self, record: "RunRecord") -> None:
        say(opening(self.head, record))

    def epoch_done(self, row: "EpochMetrics") -> None:
        if self.is_shown(row):
            say(epoch_line(row, self.epochs))

    def is_shown(self, row: "EpochMetrics") -> bool:
        """Whether an epoch gets a line: the first, the last, and some between."""
        return row.epoch % self.every == 0 or row.epoch in (self.first, self.epochs)


class _Bar(_Silent):
    """A progress bar over steps, with the lines of the epochs above it."""

    def __init__(self, config: "RunConfig", progress: "Progress") -> None:
        self.lines = _Lines(config)
        self.progress = progress
        self.num_steps = config.num_steps
        self.task = progress.add_task(config.name)
        self.drawn = 0.0

    def noticed(self, message: str) -> None:
        self.progress.console.print(f"note: {message}")

    def started(self, record: "RunRecord") -> None:
        self.progress.console.print(opening(self.lines.head, record))
        self.progress.update(self.task, total=self.num_steps, completed=record.steps_completed)

    def stepped(self, step: int) -> None:
        now = time.monotonic()
        if now - self.drawn >= REFRESH_SECONDS:
            self.drawn = now
            self.progress.update(self.task, completed=step)
            self.progress.refresh()

    def epoch_done(self, row: "EpochMetrics") -> None:
        if self.lines.is_shown(row):
            self.progress.console.print(epoch_line(row, self.lines.epochs))
        self.progress.update(self.task, completed=row.step)
        self.progress.refresh()


def headline(config: "RunConfig") -> str:
    """Say what is trained on what, in one line."""
    return f"{config.name}: {config.model.family} on {config.data.num_train:,} images of {config.data.name}"


def opening(head: str, record: "RunRecord") -> str:
    """Say what begins, or goes on, and where."""
    environment = record.environment
    place = f"{environment.device}, {counted(environment.threads, 'thread')}"
    where = f"; going on at step {record.steps_completed:,}" if record.steps_completed else ""
    return f"{head}; {record.num_parameters:,} parameters; seed {record.seed}; {place}{where}"


def epoch_line(row: "EpochMetrics", epochs: int) -> str:
    """Say how an epoch ended."""
    width = len(str(epochs))
    return (
        f"epoch {row.epoch:>{width}}/{epochs}  train/valid loss {row.train_loss:.4f} {row.valid_loss:.4f}  "
        f"error {row.train_error:6.2%} {row.valid_error:6.2%}  {row.train_seconds:.1f} s"
    )
