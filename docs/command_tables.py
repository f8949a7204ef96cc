"""The table of exit codes in docs/command_line.md, from the constants that the commands end with."""

import signal

from markdown_blocks import table

from regx.cli.output import ENDINGS, SIGNALLED

__all__ = ["exit_code_table"]


def exit_code_table() -> str:
    """Write one row per code; after a signal the shell is told which."""
    rows = [(str(int(code)), meaning) for code, meaning in ENDINGS.items()]
    stopped = f"{SIGNALLED} + N"
    terminated = SIGNALLED + signal.SIGTERM
    rows.append((stopped, f"stopped by the signal N, as by Ctrl-C; {terminated} for SIGTERM"))
    return table(("code", "means"), rows)
