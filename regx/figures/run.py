"""curves.svg: how one run learned, as a figure of two panels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from regx.figures import marks, theme
from regx.numbers import shorten, show_fixed, show_number
from regx.runs.metrics import EpochMetrics, best_row
from regx.runs.record import RunRecord

__all__ = ["save_curves"]

WIDTH, HEIGHT = 7.4, 3.1  # inches: across two columns of a paper
MAX_POINTS = 500  # of one line
MOST_MARKED = 25  # epochs, each with a dot on its line
HUGE = 100_000  # from here on a number has no room
MAX_TITLE = 84  # letters that fit on the figure's width


def save_curves(path: Path, rows: Sequence[EpochMetrics], record: RunRecord, *, title: str) -> Figure:
    """Draw loss and error against epochs, for training and validation, with the test set at the end.

    The generalisation gap is written above the curves; the space between them is shaded where the axis is
    linear, since areas mean nothing on a logarithmic one. Drawn twice from the same rows, the file has the
    same bytes.

    Args:
        path: The SVG file to make or replace.
        rows: Completed epochs; none is fine (a run that diverged in its first).
        record: The run's record: status, test metrics.
        title: What the figure is headed with, e.g. name and seed.

    Returns:
        What stands in the file.

    Raises:
        OSError: If the file cannot be written.
    """
    with theme.svg_file(path, width=WIDTH, height=HEIGHT, title=title) as figure:
        loss_axes, error_axes = figure.subplots(1, 2)
        figure.subplots_adjust(left=0.105, right=0.88, top=0.735, bottom=0.15, wspace=0.7)
        figure.text(0.012, 0.955, shorten(title, MAX_TITLE), size=10.5, weight="bold", va="center")
        ending = _ending(record)
        if ending:
            figure.text(
                0.988, 0.955, ending, size=9, color=theme.VERMILLION, weight="bold", va="center", ha="right"
            )
        shown, final = marks.thin_out(rows, MAX_POINTS), record.final
        epochs = [row.epoch for row in shown]
        losses = [row.train_loss for row in shown], [row.valid_loss for row in shown]
        errors = [row.train_error for row in shown], [row.valid_error for row in shown]
        _draw_panel(loss_axes, "nats", epochs, *losses, final.test_loss if final else None)
        _draw_panel(error_axes, "fraction", epochs, *errors, final.test_error if final else None)
        _mark_best_epoch(loss_axes, error_axes, rows)
    return figure


def _draw_panel(
    axes: Axes,
    unit: Literal["nats", "fraction"],
    epochs: Sequence[int],
    train: Sequence[float],
    valid: Sequence[float],
    test: float | None,
) -> None:
    """Draw one panel; `test` is what came out at the end, None where it was not measured."""
    title, scale = ("Error (%)", 100.0) if unit == "fraction" else ("Loss (nats)", 1.0)
    axes.set_title(title, pad=25)
    if not epochs:
        axes.set_axis_off()
        axes.text(
            0.5, 0.5, "no epoch was completed", transform=axes.transAxes, ha="center", color=theme.MUTED
        )
        return
    theme.set_count_axis(axes, epochs[-1])
    marker = "o" if len(epochs) <= MOST_MARKED else ""
    lower, upper = ([scale * value for value in values] for values in (train, valid))
    axes.plot(epochs, lower, color=theme.BLUE, marker=marker, markersize=2.6)
    axes.plot(epochs, upper, color=theme.VERMILLION, marker=marker, markersize=2.6)
    theme.set_value_axis(axes, [*lower, *upper, *([] if test is None else [scale * test])])
    if axes.get_yscale() == "linear":
        axes.fill_between(epochs, lower, upper, color=theme.VERMILLION, alpha=0.13, linewidth=0)
    ends = {"valid": (valid[-1], theme.VERMILLION), "train": (train[-1], theme.BLUE)}
    gap, gap_name = valid[-1] - train[-1], "valid − train"
    if test is not None:
        gap, gap_name = test - train[-1], "test − train"
        axes.plot(
            epochs[-1], scale * test, color=theme.INK, marker="D", markersize=4.5, zorder=4, clip_on=False
        )
        ends["test"] = (test, theme.INK)
    labels = [
        marks.EndLabel(scale * end, f"{name}  {_number(scale * end)}", color)
        for name, (end, color) in ends.items()
    ]
    text = f"gap at the end ({gap_name}): {_number(scale * gap)} {'points' if scale > 1 else unit}"
    axes.text(0, 1.115, text, transform=axes.transAxes, color=theme.MUTED, size=8)
    marks.label_line_ends(axes, labels, x=epochs[-1])


def _mark_best_epoch(loss_axes: Axes, error_axes: Axes, rows: Sequence[EpochMetrics]) -> None:
    """Mark the epoch with the lowest validation error, the earliest of equals."""
    best = best_row(rows)
    if best is None:
        return
    for axes in (loss_axes, error_axes):
        axes.axvline(best.epoch, color=theme.MUTED, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
        share = (best.epoch - rows[0].epoch) / max(1, rows[-1].epoch - rows[0].epoch)
        axes.annotate(
            f"best epoch: {best.epoch}",
            xy=(best.epoch, 1),
            xycoords=axes.get_xaxis_transform(),
            xytext=(0, 2),
            textcoords="offset points",
            ha="left" if share < 0.25 else "right" if share > 0.75 else "center",
            color=theme.MUTED,
            size=7.5,
        )
    error_axes.plot(
        best.epoch,
        100 * best.valid_error,
        marker="o",
        markersize=6.5,
        markerfacecolor="none",
        markeredgecolor=theme.VERMILLION,
        markeredgewidth=1.2,
        zorder=4,
    )


def _ending(record: RunRecord) -> str:
    """Say how a run ended that did not simply finish."""
    after = f"after epoch {record.epochs_completed}" if record.epochs_completed else "in the first epoch"
    if record.status in ("diverged", "failed", "interrupted", "stopped"):
        return f"{record.status} {after}"
    return record.ending if record.note else ""


def _number(value: float) -> str:
    """Write a loss or a percentage with three digits that count and at most four places."""
    size = abs(value)
    if size == 0 or size >= HUGE:
        return show_number(value, "")
    return show_fixed(value, 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 else 4)
