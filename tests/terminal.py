"""A program on a real terminal: keys are pressed, and what it shows is read."""

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 60  # on a machine that has other work to do


class Terminal:
    """The keyboard and the screen of a program.

    Attributes:
        shown: All that it has shown.
    """

    def __init__(self, process: subprocess.Popen[bytes], keyboard: int) -> None:
        self.process = process
        self.keyboard = keyboard
        self.shown = ""

    def press(self, keys: str) -> None:
        os.write(self.keyboard, keys.encode())

    def read_until(self, text: str) -> None:
        """Read until a text is shown that was not there before."""
        begin, deadline = len(self.shown), time.monotonic() + PATIENCE_SECONDS
        while text not in self.shown[begin:]:
            assert self._read(), f"ended before {text!r}:\n{self.shown}"
            assert time.monotonic() < deadline, f"waits for {text!r}:\n{self.shown}"

    def end(self) -> int:
        """Read all that is left, and return the exit code."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._read():
            assert time.monotonic() < deadline, f"does not end:\n{self.shown}"
        return self.process.wait()

    def _read(self) -> bool:
        """Read what is there; False where there is nothing and the program has ended."""
        has_ended = self.process.poll() is not None
        if not select.select([self.keyboard], [], [], 0.1)[0]:
            return not has_ended
        self.shown += os.read(self.keyboard, 4096).decode(errors="replace")
        return True


@contextmanager
def on_terminal(command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> Iterator[Terminal]:
    """Start a program whose standard streams are a terminal; what still runs in the end is killed.

    The shell opens the terminal anew, which makes it that of the new session: Ctrl-C reaches the program.
    """
    keyboard, program_side = pty.openpty()
    process = subprocess.Popen(
        ["sh", "-c", 'exec "$@" <"$0" >"$0" 2>"$0"', os.ttyname(program_side), *command],
        cwd=cwd,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield Terminal(process, keyboard)
    finally:
        process.kill()
        process.wait()
        os.close(program_side)
        os.close(keyboard)
