"""How a run is watched while it trains, and stopped. Imports nothing: commands name it at start-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regx.runs.metrics import EpochMetrics
    from regx.runs.record import RunRecord

__all__ = ["Observer", "Rows"]


class Observer:
    """Sees a run go by, and may stop it between two steps. This one says nothing and stops nothing.

    The training itself never prints: what a user sees comes from a class derived from this one.
    """

    def noticed(self, message: str) -> None:
        """Something is to be known of this run that no number shows: one line."""

    def started(self, record: RunRecord) -> None:
        """Training begins, or goes on, at `record.steps_completed`."""

    def before_step(self, step: int) -> bool:  # noqa: ARG002  # those derived from it look
        """A step is about to be taken, `step` are complete; return False to save the run and stop here.

        The rows of all epochs so far have been handed over by then.
        """
        return True

    def epoch_done(self, row: EpochMetrics) -> None:
        """An epoch is complete and evaluated; in a run with a folder, it is on disk."""


class Rows(Observer):
    """Keeps the metrics of each epoch that was evaluated."""

    def __init__(self) -> None:
        self.rows: list[EpochMetrics] = []

    def epoch_done(self, row: EpochMetrics) -> None:
        """Keep it."""
        self.rows.append(row)
