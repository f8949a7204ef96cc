"""A limit on the time that one run may take, counted from when its training begins, or goes on."""

import time

from regx.runs.folder import RunFolder

__all__ = ["Clock", "mark_late"]


class Clock:
    """Runs from `begin` on.

    Args:
        limit: Seconds; None for no limit.
    """

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self._began: float | None = None

    def begin(self) -> None:
        """Start, or start anew."""
        self._began = time.monotonic()

    @property
    def is_running(self) -> bool:
        """Whether it was started."""
        return self._began is not None

    def is_late(self, grace: float = 0.0) -> bool:
        """Whether the limit, and so many seconds on top of it, are over."""
        if self.limit is None or self._began is None:
            return False
        return time.monotonic() - self._began > self.limit + grace


def mark_late(folder: RunFolder, limit: float) -> str:
    """Record that a run took too long; its checkpoint stays, so that it can go on under a longer limit.

    Returns:
        The message that stands in run.json.

    Raises:
        FolderBusyError: If some process is still training it.
        OSError: If run.json cannot be read or written.
        ValueError: If run.json is damaged.
    """
    message = f"took longer than the limit of {limit:g} s"
    with folder.lock():
        record = folder.read_record()
        if not record.has_ended:
            record.failed("time_limit", message).write(folder.record)
    return message
