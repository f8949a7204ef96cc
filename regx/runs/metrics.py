"""metrics.csv: one row per epoch that was evaluated, under a fixed header that is a public contract.

docs/metrics.md explains each column. Errors are fractions in [0, 1], losses mean cross-entropy in nats.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from regx.runs.files import read_lines

__all__ = ["COLUMNS", "HEADER", "TIME_COLUMNS", "EpochMetrics", "best_row", "read_rows"]


@dataclass(frozen=True, kw_only=True)
class EpochMetrics:
    """One row of metrics.csv.

    Attributes:
        epoch: Completed epochs.
        step: Completed optimiser steps.
        lr: Learning rate of the epoch's last step.
        momentum: Momentum of the epoch's last step.
        train_loss: Loss in eval mode on a fixed slice of the training images.
        train_error: Error, likewise.
        train_loss_running: Mean over the epoch's batches of the train-mode loss: dropout on, weights moving.
        valid_loss: Loss on the validation images.
        valid_error: Error on the validation images.
        valid_loss_running_stats: `valid_loss` with batch norm's running statistics in place of the
            re-estimated ones; absent where there is nothing to re-estimate.
        valid_error_running_stats: `valid_error`, likewise.
        train_seconds: Seconds spent in training steps since the run began.
        eval_seconds: Seconds spent in evaluation since the run began.
    """

    epoch: int
    step: int
    lr: float
    momentum: float
    train_loss: float
    train_error: float
    train_loss_running: float
    valid_loss: float
    valid_error: float
    valid_loss_running_stats: float | None = None
    valid_error_running_stats: float | None = None
    train_seconds: float
    eval_seconds: float

    @classmethod
    def from_csv(cls, line: str) -> Self:
        """Read the row from one line of text, without its end.

        Raises:
            ValueError: If a cell is missing, is no number or is not finite.
        """
        cells = line.split(",")
        if len(cells) != len(COLUMNS):
            raise ValueError(f"{len(cells)} cells where {len(COLUMNS)} belong")
        values = {name: _read_cell(name, cell) for name, cell in zip(COLUMNS, cells, strict=True)}
        return cls(**values)  # type: ignore[arg-type]  # _read_cell gives each field its own type

    def to_csv(self) -> str:
        """Write the row as one line of text, line end included."""
        return ",".join(self.cell(name) for name in COLUMNS) + "\n"

    def as_written(self) -> Self:
        """Return the row with the digits that metrics.csv has of it."""
        return self.from_csv(self.to_csv().removesuffix("\n"))

    def cell(self, column: str) -> str:
        """Return one value as metrics.csv has it."""
        value = getattr(self, column)
        if value is None:
            return ""
        return str(value) if isinstance(value, int) else format(value, ".9g")


COLUMNS = tuple(field.name for field in fields(EpochMetrics))
HEADER = ",".join(COLUMNS)
TIME_COLUMNS = ("train_seconds", "eval_seconds")
_INTEGERS = {"epoch", "step"}
_OPTIONAL = {"valid_loss_running_stats", "valid_error_running_stats"}


def best_row(rows: Sequence[EpochMetrics]) -> EpochMetrics | None:
    """Return the epoch with the lowest validation error, the earliest of equals; None without epochs."""
    return min(rows, key=lambda row: row.valid_error, default=None)


def read_rows(path: Path) -> list[EpochMetrics]:
    """Read all rows.

    Raises:
        ValueError: If the header is another, or a row is cut off or holds what is no number; the message
            names the line.
        OSError: If the file cannot be read.
    """
    rows: list[EpochMetrics] = []
    for place, line in read_lines(path, HEADER):
        try:
            rows.append(_read_row(line, after=rows[-1] if rows else None))
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{place}: damaged row ({error})") from None
    return rows


def _read_row(line: str, *, after: EpochMetrics | None) -> EpochMetrics:
    """Read a row that follows another one."""
    row = EpochMetrics.from_csv(line)
    if after is not None and (row.epoch <= after.epoch or row.step <= after.step):
        raise ValueError(f"epoch {row.epoch}, step {row.step} after epoch {after.epoch}, step {after.step}")
    return row


def _read_cell(name: str, text: str) -> int | float | None:
    if text == "" and name in _OPTIONAL:
        return None
    value = int(text) if name in _INTEGERS else float(text)
    if not math.isfinite(value) or value < 0 or (value > 1 and "_error" in name):
        raise ValueError(f"{name} is {text}")
    return value
