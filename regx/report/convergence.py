"""convergence.svg: how fast the validation error falls, in epochs and in seconds of training."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from regx.analysis.catalogue import Measure
from regx.analysis.compare import Cell, Comparison
from regx.analysis.groups import Group
from regx.analysis.measures import smoothed_valid_error
from regx.report.labels import EndLabel, label_line_ends, shorten
from regx.report.numbers import show_cell, show_percent
from regx.report.series import mean_curve, thin_out
from regx.report.theme import INK, MUTED, group_style, set_epoch_axis, set_value_axis, svg_file
from regx.runs.metrics import EpochMetrics
from regx.runs.table import Run

__all__ = ["save_convergence"]

WIDTH, HEIGHT = 7.8, 3.2  # inches
MAX_POINTS = 8000  # of all thin lines of a panel together: keeps the file small
LABEL_LETTERS = 19

X = Callable[[EpochMetrics], float]


def save_convergence(path: Path, comparison: Comparison) -> None:
    """Draw the validation error of all groups, the target, and when each run reached it.

    Args:
        path: The SVG file to make or replace.
        comparison: Two or more groups.

    Raises:
        OSError: If the file cannot be written.
    """
    title = "Convergence: " + ", ".join(group.label for group in comparison.groups)
    with svg_file(path, width=WIDTH, height=HEIGHT, title=title) as figure:
        draw_convergence(figure, comparison)


def draw_convergence(figure: Figure, comparison: Comparison) -> None:
    """Draw the content of convergence.svg on an empty figure; see `save_convergence`."""
    epoch_axes, second_axes = figure.subplots(1, 2, sharey=True)
    figure.subplots_adjust(left=0.068, right=0.815, top=0.885, bottom=0.215, wspace=0.66)
    num_epochs = max((len(run.rows) for group in comparison.groups for run in group.runs), default=0)
    set_epoch_axis(epoch_axes, num_epochs)
    second_axes.set_xlabel("training time (s)")
    errors = [100 * row.valid_error for group in comparison.groups for run in group.runs for row in run.rows]
    if errors:
        set_value_axis(epoch_axes, errors, wide_range=6)
    second_axes.tick_params(labelleft=True)
    epoch_axes.set_title("Validation error (%) against epochs")
    second_axes.set_title("against training time")
    _draw_panel(epoch_axes, comparison, lambda row: row.epoch, "epochs_to_target", "epochs")
    _draw_panel(second_axes, comparison, lambda row: row.train_seconds, "seconds_to_target", "s")
    figure.text(0.068, 0.03, _caption(comparison), color=MUTED, size=7.5)


def _draw_panel(axes: Axes, comparison: Comparison, x: X, measure: str, unit: str) -> None:
    row = comparison.row(measure)
    target = comparison.reference.target_error
    if target is not None:
        axes.axhline(100 * target, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    num_runs = sum(len(group.runs) for group in comparison.groups)
    labels = []
    for index, (group, cell) in enumerate(zip(comparison.groups, row.cells, strict=True)):
        style = group_style(index)
        color = style["color"]
        end = _draw_group(axes, group, x, style=style, max_points=max(20, MAX_POINTS // num_runs))
        if end is not None:
            text = f"{shorten(group.label, LABEL_LETTERS)}\n{_reached(cell, row.measure, unit)}"
            labels.append(EndLabel(y=end, text=text, color=color))
        if target is not None:
            _mark_times(axes, cell, 100 * target, color=color)
    if labels:
        label_line_ends(axes, labels, x=axes.get_xlim()[1], size=8, num_lines=2)


def _draw_group(axes: Axes, group: Group, x: X, *, style: dict[str, Any], max_points: int) -> float | None:
    """Draw one group's lines; return where the thick one ends, None where there is nothing to draw."""
    runs = [run for run in group.runs if run.rows]
    if not runs:
        return None
    alone = len(runs) == 1
    for run in runs:
        curve = [row.valid_error for row in run.rows] if alone else smoothed_valid_error(run.rows)
        points = thin_out(
            [(x(row), 100 * error) for row, error in zip(run.rows, curve, strict=True)], max_points
        )
        axes.plot(*zip(*points, strict=True), **style, linewidth=0.6, alpha=0.5)
    xs = mean_curve(runs, lambda run: [x(row) for row in run.rows])
    means = mean_curve(runs, _smoothed_percent)
    points = thin_out(list(zip(xs, means, strict=True)), 400)
    marker = "o" if len(points) <= 2 else ""
    axes.plot(*zip(*points, strict=True), **style, marker=marker)
    return means[-1]


def _mark_times(axes: Axes, cell: Cell, target: float, *, color: str) -> None:
    """Mark on the target line when each run reached it, and drop a line from the mean to the axis."""
    times = [value for value in cell.values if value is not None]
    if len(cell.values) > 1:
        axes.plot(
            times, [target] * len(times), "o", markersize=3.5, markerfacecolor="white", color=color, zorder=4
        )
    if cell.mean is not None:
        bottom = axes.get_ylim()[0]
        axes.plot([cell.mean] * 2, [target, bottom], color=color, linewidth=0.9, linestyle=(0, (1, 1.5)))
        axes.plot(cell.mean, target, "D", markersize=5.5, color=color, markeredgecolor="white", zorder=5)


def _reached(cell: Cell, measure: Measure, unit: str) -> str:
    text = show_cell(cell, measure)
    return text if cell.mean is None else f"{text} {unit}"


def _caption(comparison: Comparison) -> str:
    """Say what the marks mean."""
    target = comparison.reference.target_error
    alone = all(len(group.runs) == 1 for group in comparison.groups)
    parts = [
        "thick: 3-point median, thin: as measured" if alone else "thick: mean of the seeds, thin: each seed"
    ]
    if target is not None:
        parts.append(f"dashed: target {show_percent(target)}")
        parts.append(
            "diamond: target reached" if alone else "diamond: target reached on average, dots: by each seed"
        )
    empty = [group.label for group in comparison.groups if not any(run.rows for run in group.runs)]
    if empty:
        parts.append(f"no epoch completed: {shorten(', '.join(empty), 40)}")
    return "; ".join(parts)


def _smoothed_percent(run: Run) -> Sequence[float]:
    return [100 * error for error in smoothed_valid_error(run.rows)]
