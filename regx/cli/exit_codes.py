"""How every command ends: the codes, and what they mean; docs/command_line.md has the table."""

import signal
from enum import IntEnum

__all__ = ["ENDINGS", "EPILOG", "SIGNALLED", "ExitCode"]


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
    ExitCode.WRONG_USAGE: "wrong usage, config or data: the message says what to mend",
    ExitCode.CONTRADICTED: "`reproduce --strict`: all is done, and a claim is contradicted",
    ExitCode.INTERRUPTED: "Ctrl-C: what was reached is saved, and the same command goes on from there",
}
EPILOG = (
    "Exit codes: 0 done, 1 a run failed, 2 wrong usage, config or data, 3 a claim is contradicted "
    "(reproduce --strict), 130 Ctrl-C, and 128 + N for another signal N. "
    "The whole table, --json and shell completion: docs/command_line.md"
)
