"""Ctrl-C and SIGTERM as a wish to stop at the next step."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from regx.cli.exit_codes import SIGNALLED

__all__ = ["StopSignal", "stop_on_signals"]


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
        """Take the first signal as a wish, the second as an order."""
        if self.wanted:
            raise KeyboardInterrupt
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
    """Turn SIGINT and SIGTERM into a wish to stop while the context lasts."""
    stop = StopSignal()
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
