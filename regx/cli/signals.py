"""Signals as a wish to stop at the next step."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from regx.cli.exit_codes import SIGNALLED

__all__ = ["StopSignal", "stop_on_signals"]

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
