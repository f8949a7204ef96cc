"""Watching runs that tests train, stopping them, and comparing what they wrote."""

from pathlib import Path

from regx.runs.metrics import TIME_COLUMNS
from regx.training.observer import Observer

__all__ = ["Quiet", "timeless"]


class Quiet(Observer):
    """Keeps what a user would be told; with `stop`, stops the run after so many steps of this process."""

    def __init__(self, stop: int | None = None) -> None:
        self.notices: list[str] = []
        self.taken, self.stop = 0, stop

    def noticed(self, message: str) -> None:
        self.notices.append(message)

    def before_step(self, step: int) -> bool:  # noqa: ARG002
        self.taken += 1
        return self.stop is None or self.taken <= self.stop


def timeless(folder: Path) -> list[list[str]]:
    """Read the metrics.csv of a run, which has some epochs, without the columns that are time."""
    lines = [line.split(",") for line in (folder / "metrics.csv").read_text().splitlines()]
    assert len(lines) > 1, folder
    kept = [index for index, name in enumerate(lines[0]) if name not in TIME_COLUMNS]
    return [[cells[index] for index in kept] for cells in lines]
