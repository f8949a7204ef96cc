"""All output of regx goes through here. Also the exit codes of every command."""

import codecs
import errno
import io
import json
import math
import os
import signal
import sys
import unicodedata
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TextIO

from regx.text import printable

if TYPE_CHECKING:
    from rich.console import Console  # noqa: TID251  # the type

__all__ = [
    "ENDINGS",
    "EPILOG",
    "SIGNALLED",
    "ExitCode",
    "echo",
    "plain_console",
    "prepare_streams",
    "print_json",
    "say",
    "say_wrapped",
    "stderr_width",
]


class ExitCode(IntEnum):
    """What a command tells the shell."""

    DONE = 0
    RUN_FAILED = 1
    WRONG_USAGE = 2
    CONTRADICTED = 3
    INTERRUPTED = 128 + signal.SIGINT


SIGNALLED = 128  # a command that a signal stopped ends with this and the number of the signal

ENDINGS = {
    ExitCode.DONE: "done",
    ExitCode.RUN_FAILED: "a run failed or diverged; a sweep is not complete; a sanity gate failed; `verify`"
    " found other numbers; or an error of the system, such as a full disk",
    ExitCode.WRONG_USAGE: "wrong usage, config or data: the message says what to repair",
    ExitCode.CONTRADICTED: "`reproduce --strict`: all is done, and a claim is contradicted",
    ExitCode.INTERRUPTED: "Ctrl-C: what was reached is saved, and the same command continues from there",
}
EPILOG = (
    "Exit codes: 0 done, 1 a run failed, 2 wrong usage, config or data, 3 a claim is contradicted "
    "(reproduce --strict), 130 Ctrl-C, and 128 + N for another signal N. "
    "The whole table, --json and shell completion: docs/command_line.md"
)


_ERRORS = "regx.transliterate"
_ALIKE = {
    "−": "-", "–": "-", "—": "-", "─": "-", "━": "-", "│": "|", "×": "x", "·": ".", "…": "...", "±": "+/-",
    "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "→": "->", "←": "<-", "“": '"', "”": '"', "„": '"', "‘": "'",
    "’": "'", "µ": "u", "μ": "u", "°": " deg", "\xa0": " ", "\u2009": " ", "\u202f": " ",
}  # fmt: skip


def echo(text: object = "", *, nl: bool = True) -> None:
    """Print a result on stdout."""
    _write(sys.stdout, text, nl=nl)


def say(text: str) -> None:
    """Print a line about the progress on stderr; results go to stdout."""
    _write(sys.stderr, text)


def stderr_width() -> int:
    """Width for `say`: that of the terminal, or COLUMNS, or else 80."""
    return plain_console(stderr=True).width


def say_wrapped(text: str, tell: Callable[[str], None] = say) -> None:
    """Print a sentence, wrapped to the width of the terminal; with `echo`, as a result."""
    from regx.cli.columns import hang

    for line in hang("", text, stderr_width(), 2):
        tell(line)


def print_json(content: object) -> None:
    """Print a document in ASCII, with null for what is no JSON number, so that every reader accepts it."""
    echo(json.dumps(_finite(content), indent=2, allow_nan=False))


def _finite(content: object) -> object:
    """Replace numbers that are infinite or NaN by null."""
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(item) for item in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def plain_console(*, stderr: bool = False) -> "Console":
    """Make a console of rich without markup or emoji. Text from files cannot control the terminal."""
    from rich.console import Console  # noqa: TID251  # the type
    from rich.segment import Segment

    class PlainConsole(Console):
        """Escapes what is not printable in whatever is drawn."""

        def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
            """Render, and escape the text of each piece."""
            for segment in super().render(renderable, options):
                text, style, control = segment
                yield segment if control else Segment(printable(text), style)

    return PlainConsole(stderr=stderr, highlight=False, markup=False, emoji=False)


def prepare_streams() -> None:
    """Make stdout and stderr survive a reader that goes away.

    Characters that the encoding does not have are replaced by similar ones. If a reader goes away (`regx
    claims | head`) or a terminal is closed, the command continues and its output is lost. Streams that were
    closed before the start are replaced as well, so that no file of a run gets their numbers.
    """
    codecs.register_error(_ERRORS, _transliterate)
    _fill_standard_numbers()
    sys.stdout = _prepared(sys.stdout, 1, "standard output")
    sys.stderr = _prepared(sys.stderr, 2, "")


def _write(stream: TextIO, text: object, *, nl: bool = True) -> None:
    stream.write(printable(str(text)) + "\n" * nl)
    stream.flush()


def _fill_standard_numbers() -> None:
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one


def _prepared(stream: TextIO | None, number: int, name: str) -> TextIO:
    """Return a stream to the same file that does not fail; a stream that is no file stays as it is."""
    if stream is None:
        raw, encoding, write_through = io.FileIO(number, "w", closefd=False), "utf-8", False
    elif isinstance(stream, io.TextIOWrapper):
        found = getattr(stream.buffer, "raw", stream.buffer)
        if type(found) is not io.FileIO:  # a console of Windows, or a test
            stream.reconfigure(errors=_ERRORS)
            return stream
        raw, encoding, write_through = found, stream.encoding, stream.write_through
    else:
        return stream
    patient = _PatientFile(raw, name)
    return io.TextIOWrapper(
        io.BufferedWriter(patient),
        encoding=encoding,
        errors=_ERRORS,
        line_buffering=patient.isatty(),
        write_through=write_through,
    )


class _PatientFile(io.FileIO):
    """A file that accepts output when nobody reads it any more.

    Args:
        raw: The file that it writes to.
        name: Its name in the message when it is full; empty if nobody would see the message.
    """

    def __init__(self, raw: io.FileIO, name: str) -> None:
        super().__init__(raw.fileno(), "w", closefd=False)
        self._called = name
        self._lost = False

    def write(self, content: Any) -> int:
        """Write, or drop the text."""
        if not self._lost:
            try:
                return super().write(content)
            except OSError as error:
                self._lost = True
                if self._called and error.errno not in (errno.EPIPE, errno.EIO, errno.EBADF):
                    raise OSError(error.errno, error.strerror, self._called) from None
        return memoryview(content).nbytes


def _transliterate(error: UnicodeError) -> tuple[str, int]:
    """Replace what an encoding does not have by similar ASCII characters."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(map(_alike, lacking)), error.end


def _alike(mark: str) -> str:
    if mark in _ALIKE:
        return _ALIKE[mark]
    plain = unicodedata.normalize("NFKD", mark).encode("ascii", "ignore").decode()
    return plain or "?"
