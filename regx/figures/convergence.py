"""convergence.svg: how fast the validation error falls, in epochs and in seconds of training."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator

from regx.compare.compare import Cell, Comparison
from regx.compare.select import Group
from regx.compare.tables import show_cell
from regx.figures.labels import EndLabel, label_line_ends, shorten
from regx.figures.marks import band, curves_caption, has_band, left_out_caption, mean_curve, thin_out
from regx.figures.theme import INK, MUTED, draw_band, group_style, set_epoch_axis, set_value_axis, svg_file
from regx.measures.curves import smoothed_valid_error
from regx.numbers import show_percent
from regx.runs.metrics import EpochMetrics
from regx.runs.table import Run

__all__ = ["save_convergence"]

WIDTH, CURVES, STRIP, FOOT = 7.8, 2.85, 0.17, 0.85  # inches; a strip is one group's line of dots
STRIPS_PAD = 0.2
MAX_POINTS = 8000  # of all thin lines of a panel together: keeps the file small
MEAN_POINTS = 120
LABEL_LETTERS = 19
STRIP_LETTERS, STRIP_LABEL = 22, (4, 12)  # of a number with its label; of the label, at least and at most

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
    height = CURVES + _strips_height(comparison) + FOOT
    with svg_file(path, width=WIDTH, height=height, title=title) as figure:
        draw_convergence(figure, comparison)


def draw_convergence(figure: Figure, comparison: Comparison) -> None:
    """Draw the content of convergence.svg on an empty figure; see `save_convergence`."""
    height = figure.get_figheight()
    num_epochs = max((run.last_epoch for group in comparison.groups for run in group.runs), default=0)
    errors = [100 * row.valid_error for group in comparison.groups for run in group.runs for row in run.rows]
    panels: tuple[tuple[str, X, str, str], ...] = (
        ("Validation error (%) against epochs", lambda row: row.epoch, "epochs_to_target", "epochs"),
        ("against training time", lambda row: row.train_seconds, "seconds_to_target", "s"),
    )
    for column, (title, x, measure, unit) in enumerate(panels):
        left, width = 0.068 + 0.47 * column, 0.265
        strips = _strips_height(comparison)
        axes = figure.add_axes(
            (left, (FOOT + strips) / height, width, (CURVES - 0.4) / height), label=f"curves {column}"
        )
        axes.set_title(title)
        set_epoch_axis(axes, num_epochs)
        if errors:
            set_value_axis(axes, errors, wide_range=6)
        lowest = axes
        if column == 1:
            axes.set_xlim(auto=True)
            axes.xaxis.set_major_locator(AutoLocator())
            axes.set_xlabel("training time (s)")
        _draw_panel(axes, comparison, x, measure, unit)
        if strips:
            box = (left, FOOT / height, width, (strips - STRIPS_PAD) / height)
            lowest = figure.add_axes(box, sharex=axes, label=f"strips {column}")
            _draw_strips(lowest, comparison, measure)
            lowest.set_xlabel(axes.get_xlabel())
            axes.set_xlabel("")
            axes.tick_params(labelbottom=False)
    figure.text(0.068, 0.1 / height, _caption(comparison), color=MUTED, size=7.5)


def _draw_panel(axes: Axes, comparison: Comparison, x: X, measure: str, unit: str) -> None:
    row = comparison.row(measure)
    target = comparison.reference.target_error
    alone = _strips_height(comparison) == 0
    if target is not None:
        axes.axhline(100 * target, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    num_runs = sum(len(group.runs) for group in comparison.groups)
    labels = []
    for index, (group, cell) in enumerate(zip(comparison.groups, row.cells, strict=True)):
        color = group_style(index)["color"]
        end = _draw_group(axes, group, x, index, max_points=max(20, MAX_POINTS // num_runs))
        if end is not None:
            reached = "" if cell.mean is None else f" {unit}"
            text = shorten(group.label, LABEL_LETTERS)
            text += f"\n{show_cell(cell, row.unit)}{reached}" if alone else ""
            labels.append(EndLabel(y=end, text=text, color=color))
        if target is not None and alone:
            _mark_time(axes, cell, 100 * target, color=color)
    if labels:
        label_line_ends(axes, labels, x=axes.get_xlim()[1], size=8)


def _draw_group(axes: Axes, group: Group, x: X, index: int, *, max_points: int) -> float | None:
    """Draw one group's lines; return where the thick one ends, None where there is nothing to draw."""
    runs = [run for run in group.runs if run.rows]
    if not runs:
        return None
    style = group_style(index)
    xs = mean_curve(runs, lambda run: [x(row) for row in run.rows])
    if has_band(runs):
        shown = thin_out(range(len(xs)), MEAN_POINTS)
        low, high = band(runs, _smoothed_percent, shown)
        draw_band(axes, [xs[at] for at in shown], low, high, style["color"], 0.25)
    else:
        for run in runs:
            curve = _smoothed_percent(run) if len(runs) > 1 else [100 * row.valid_error for row in run.rows]
            points = thin_out(list(zip(map(x, run.rows), curve, strict=True)), max_points)
            axes.plot(*zip(*points, strict=True), **style, linewidth=0.6, alpha=0.5)
    means = mean_curve(runs, _smoothed_percent)
    points = thin_out(list(zip(xs, means, strict=True)), MEAN_POINTS if has_band(runs) else 400)
    marker = "o" if len(points) <= 2 else ""
    axes.plot(*zip(*points, strict=True), **style, marker=marker)
    return means[-1]


def _mark_time(axes: Axes, cell: Cell, target: float, *, color: str) -> None:
    """Mark on the target line when the run reached it, and drop a line from there to the axis."""
    if cell.mean is not None:
        bottom = axes.get_ylim()[0]
        axes.plot([cell.mean] * 2, [target, bottom], color=color, linewidth=0.9, linestyle=(0, (1, 1.5)))
        axes.plot(cell.mean, target, "D", markersize=5.5, color=color, markeredgecolor="white", zorder=5)


def _draw_strips(axes: Axes, comparison: Comparison, measure: str) -> None:
    """Draw when each seed reached the target, a line of dots for each group, its mean and interval on it."""
    row = comparison.row(measure)
    axes.set_ylim(len(comparison.groups) - 0.4, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for index, cell in enumerate(row.cells):
        color = group_style(index)["color"]
        times = [value for value in cell.values if value is not None]
        axes.plot(times, [index] * len(times), "o", markersize=3.6, color=color, alpha=0.4, mew=0)
        if cell.mean is not None:
            width = cell.half_width or 0.0
            axes.plot([cell.mean - width, cell.mean + width], [index] * 2, color=color, linewidth=1.4)
            axes.plot(cell.mean, index, "D", markersize=4.0, color=color, mec="white", mew=0.4, zorder=5)
        number, (fewest, most) = show_cell(cell, row.unit), STRIP_LABEL
        letters = min(max(STRIP_LETTERS - len(number) - 2, fewest), most)
        text = f"{number}  {shorten(comparison.groups[index].label, letters)}"
        place = axes.get_yaxis_transform()
        axes.text(1.045, index, text, transform=place, color=color, size=7.5, va="center_baseline")


def _strips_height(comparison: Comparison) -> float:
    """Return the height of the lines of dots, in inches: none where every group is a single run."""
    if all(len(group.runs) == 1 for group in comparison.groups) or comparison.reference.target_error is None:
        return 0.0
    return STRIPS_PAD + STRIP * len(comparison.groups)


def _caption(comparison: Comparison) -> str:
    """Say what the marks mean."""
    target = comparison.reference.target_error
    strips = _strips_height(comparison) > 0
    parts = [curves_caption(comparison.groups) or "thick: 3-point median, thin: as measured"]
    if target is not None:
        parts.append(f"dashed: target {show_percent(target)}")
        parts += [] if strips else ["diamond: target reached"]
    empty = [group.label for group in comparison.groups if not any(run.rows for run in group.runs)]
    if empty:
        parts.append(f"no epoch completed: {shorten(', '.join(empty), 40)}")
    parts.append(left_out_caption(comparison))
    caption = "; ".join(filter(None, parts))
    if strips:
        caption += "\nbelow: when the target was reached; dots: each seed, diamond and bar: mean, interval"
    return caption


def _smoothed_percent(run: Run) -> list[float]:
    return [100 * error for error in smoothed_valid_error(run.rows)]
