"""The program: `regx`, and `python -m regx`, which is the same.

Nothing heavy is imported before Ctrl-C is provided for.
"""

import os
import signal
import sys
from types import FrameType

__all__ = ["main"]

INTERRUPTED = 130  # what a shell expects of a program that Ctrl-C has ended


def main() -> None:
    """Run the command line."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where it is to be ignored
        signal.signal(signal.SIGINT, _interrupt)
    from regx.cli import main as run

    run()


def _interrupt(_number: int, frame: FrameType | None) -> None:
    """End at once while modules are being imported, else as Python does.

    An exception in the middle of an import of torch or numpy comes out as any error, or as none; there is
    nothing to clean up yet.
    """
    if not _is_importing(frame):
        raise KeyboardInterrupt
    show_cursor = b"\x1b[?25h" if sys.stderr and sys.stderr.isatty() else b""  # a progress bar hides it
    try:
        os.write(2, show_cursor + b"interrupted\n")
    finally:
        os._exit(INTERRUPTED)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


if __name__ == "__main__":
    main()
