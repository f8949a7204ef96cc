"""overfitting.svg: how far training and validation loss come apart, group beside group."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from regx.analysis.compare import Comparison, Row
from regx.analysis.groups import Group
from regx.report.labels import EndLabel, label_line_ends, shorten
from regx.report.numbers import show_cell
from regx.report.series import band, curves_caption, has_band, mean_curve, shared_epochs, thin_out
from regx.report.theme import (
    BLUE,
    INK,
    MUTED,
    VERMILLION,
    draw_band,
    set_epoch_axis,
    set_value_axis,
    svg_file,
)
from regx.runs.table import Run

__all__ = ["save_overfitting"]

PANELS_PER_ROW = 3
PANEL_WIDTH, BARS_WIDTH, ROW_HEIGHT = 2.65, 2.5, 2.75  # inches
MAX_POINTS = 6000  # of all thin lines together: keeps the file small
TITLE_LETTERS = 26
MEAN_POINTS = 1000  # of the thick lines of all groups together
BAR = "#8A8A8A"  # blue and vermillion mean training and validation here


def save_overfitting(path: Path, comparison: Comparison) -> None:
    """Draw each group's losses on the same axes, the space between them shaded, and the gaps as bars.

    Args:
        path: The SVG file to make or replace.
        comparison: Two or more groups.

    Raises:
        OSError: If the file cannot be written.
    """
    columns = min(PANELS_PER_ROW, len(comparison.groups))
    rows = -(-len(comparison.groups) // columns)
    width, height = columns * PANEL_WIDTH + BARS_WIDTH, ROW_HEIGHT * rows + 0.45
    title = "Overfitting: " + ", ".join(group.label for group in comparison.groups)
    with svg_file(path, width=width, height=height, title=title) as figure:
        draw_overfitting(figure, comparison, columns=columns)


def draw_overfitting(figure: Figure, comparison: Comparison, *, columns: int) -> None:
    """Draw the content of overfitting.svg on an empty figure; see `save_overfitting`."""
    width, height = figure.get_size_inches()
    groups = comparison.groups
    num_epochs = max((run.last_epoch for group in groups for run in group.runs), default=0)
    losses = [
        loss
        for group in groups
        for run in group.runs
        for row in run.rows
        for loss in (row.train_loss, row.valid_loss)
    ]
    for index, group in enumerate(groups):
        column, line = index % columns, index // columns
        left, bottom = column * PANEL_WIDTH + 0.68, height - (line + 1) * ROW_HEIGHT + 0.26
        axes = figure.add_axes((left / width, bottom / height, 1.33 / width, (ROW_HEIGHT - 0.85) / height))
        axes.set_title(shorten(group.label, TITLE_LETTERS), pad=10)
        set_epoch_axis(axes, num_epochs)
        if losses:
            set_value_axis(axes, losses)
        if len(groups) > PANELS_PER_ROW:
            axes.yaxis.set_minor_locator(NullLocator())  # hundreds of ticks that nobody reads
        if column == 0:
            axes.set_ylabel("loss (nats)", labelpad=2)
        _draw_losses(
            axes,
            group,
            max_points=MAX_POINTS // sum(len(group.runs) for group in groups),
            mean_points=min(400, MEAN_POINTS // (2 * len(groups))),
        )
    figure.text(0.24 / width, 0.1 / height, curves_caption(comparison.groups), color=MUTED, size=7.5)
    for place, (name, title) in enumerate(
        (("loss_gap", "Loss gap, test − train (nats)"), ("error_gap", "Error gap, test − train (%)"))
    ):
        share = (height - 0.42) / 2
        bottom = height - 0.32 - (place + 1) * share + 0.28
        left = columns * PANEL_WIDTH + 0.22
        axes = figure.add_axes((left / width, bottom / height, 1.6 / width, (share - 0.5) / height))
        axes.set_title(title, pad=6, fontsize=8.5)
        _draw_bars(axes, comparison.row(name), [group.label for group in groups])


def _draw_losses(axes: Axes, group: Group, *, max_points: int, mean_points: int) -> None:
    """Draw one group: thick lines for the mean, and its band; thin lines for the seeds where they are few."""
    runs = [run for run in group.runs if run.rows]
    if not runs:
        axes.text(0.5, 0.5, group.runs[0].record.status, transform=axes.transAxes, ha="center", color=MUTED)
        return
    train = mean_curve(runs, lambda run: [row.train_loss for row in run.rows])
    valid = mean_curve(runs, lambda run: [row.valid_loss for row in run.rows])
    epochs = shared_epochs(runs)
    shown = thin_out(range(len(epochs)), mean_points)
    axes.fill_between(
        [epochs[i] for i in shown],
        [train[i] for i in shown],
        [valid[i] for i in shown],
        color=VERMILLION,
        alpha=0.13,
        linewidth=0,
    )
    for field, color in (("train_loss", BLUE), ("valid_loss", VERMILLION)):
        if has_band(runs):
            _draw_band(axes, runs, field, shown, color=color)
        elif len(runs) > 1:
            for run in runs:
                rows = thin_out(run.rows, max(20, max_points // 2))
                losses = [getattr(row, field) for row in rows]
                axes.plot([row.epoch for row in rows], losses, color=color, linewidth=0.6, alpha=0.45)
    marker = "o" if len(epochs) <= 2 else ""
    for values, color in ((train, BLUE), (valid, VERMILLION)):
        axes.plot([epochs[i] for i in shown], [values[i] for i in shown], color=color, marker=marker)
    labels = [
        EndLabel(y=valid[-1], text="valid", color=VERMILLION),
        EndLabel(y=train[-1], text="train", color=BLUE),
    ]
    label_line_ends(axes, labels, x=epochs[-1])
    unfinished = sorted({run.record.status for run in group.runs} - {"done"})
    if unfinished:
        axes.text(
            0.97, 0.95, " and ".join(unfinished), transform=axes.transAxes, ha="right", va="top", color=MUTED
        )


def _draw_band(axes: Axes, runs: Sequence[Run], field: str, shown: Sequence[int], *, color: str) -> None:
    """Shade the interval of the mean; on a logarithmic axis it ends where the panel does."""
    low, high = band(runs, lambda run: [getattr(row, field) for row in run.rows], shown)
    epochs = shared_epochs(runs)
    draw_band(axes, [epochs[index] for index in shown], low, high, color, 0.35)


def _draw_bars(axes: Axes, row: Row, labels: Sequence[str]) -> None:
    """Draw one bar per group with its value beside it and a dot per seed."""
    scale = 100.0 if row.measure.unit == "fraction" else 1.0
    everything = [scale * value for cell in row.cells for value in cell.values if value is not None]
    low, high = min([0.0, *everything]), max([0.0, *everything])
    span = (high - low) or 1.0
    axes.set_xlim(low - 0.02 * span, high + 0.05 * span)
    axes.set_ylim(len(labels) - 0.35, -0.75)
    axes.spines[["bottom", "left"]].set_visible(False)
    axes.set_yticks([])
    axes.set_xticks([])
    if low < 0:
        axes.axvline(0, color="#888888", linewidth=0.8)
    for index, (label, cell) in enumerate(zip(labels, row.cells, strict=True)):
        if cell.mean is not None:
            axes.barh(index, scale * cell.mean, height=0.34, color=BAR)
        if len(cell.values) > 1:
            dots = [scale * value for value in cell.values if value is not None]
            axes.plot(
                dots, [index] * len(dots), "o", markersize=3, mfc="white", color=INK, markeredgewidth=0.7
            )
        text = show_cell(cell, row.measure)
        axes.text(
            0, index - 0.26, shorten(label, 18), transform=axes.get_yaxis_transform(), va="bottom", size=7.5
        )
        axes.text(
            1.28,
            index - 0.26,
            text,
            transform=axes.get_yaxis_transform(),
            va="bottom",
            ha="right",
            size=7.5,
            weight="bold",
        )
