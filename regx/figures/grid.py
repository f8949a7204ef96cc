"""grid.svg: validation error and loss of each arm against the axis of a grid."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from matplotlib.transforms import ScaledTranslation

from regx.compare.compare import Comparison
from regx.compare.select import Group
from regx.figures.labels import EndLabel, label_line_ends, shorten
from regx.figures.marks import MIN_BAND
from regx.figures.theme import MUTED, draw_band, group_style, set_value_axis, svg_file
from regx.runs.record import Final
from regx.stats.tests import mean_interval

__all__ = ["draw_ladder", "leave_room", "save_grid", "set_grid_axis"]

WIDTH, HEIGHT = 7.8, 3.4  # inches
LABEL_LETTERS = 16
LOG_RANGE = 10.0  # highest over lowest value from which the axis is logarithmic
MOST_TICKS = 9
MARK = 0.07  # of the height of a panel, for the marks of one arm

Value = Callable[[Final], float]


def save_grid(path: Path, comparison: Comparison) -> None:
    """Draw error and loss at the end of each run, mean and band over the seeds, and where runs diverged.

    Args:
        path: The SVG file to make or replace.
        comparison: One or more arms.

    Raises:
        OSError: If the file cannot be written.
    """
    title = f"{', '.join(arm.label for arm in comparison.groups)} over {comparison.axis}"
    with svg_file(path, width=WIDTH, height=HEIGHT, title=title) as figure:
        draw_grid(figure, comparison)


def draw_grid(figure: Figure, comparison: Comparison) -> None:
    """Draw the content of grid.svg on an empty figure; see `save_grid`."""
    panels: tuple[tuple[str, Value], ...] = (
        ("Validation error at the end (%)", lambda final: 100 * final.valid_error),
        ("Validation loss at the end (nats)", lambda final: final.valid_loss),
    )
    for column, (title, value) in enumerate(panels):
        axes = figure.add_axes((0.068 + 0.47 * column, 0.26, 0.29, 0.62), label=title)
        axes.set_title(title)
        tried = sorted({at for arm in comparison.groups for at in arm.values})
        set_grid_axis(axes, tried, comparison.axis)
        _draw_panel(axes, comparison, value)
    caption = "line: mean of the seeds where none diverged; dots: each seed"
    if any(len(arm.ladders) >= MIN_BAND for arm in comparison.groups):
        caption += "; band: 95 % t-interval of the mean"
    if any(arm.num_without_end(value) for arm in comparison.groups for value in arm.values):
        caption += "\n× at the top: runs that diverged or were stopped, and how many"
    figure.text(0.03, 0.03, caption, color=MUTED, size=7.5)


def set_grid_axis(axes: Axes, values: Sequence[float], name: str) -> None:
    """Put the ticks on the values that were tried, which are ascending."""
    if values[0] > 0 and values[-1] / values[0] >= LOG_RANGE:
        axes.set_xscale("log")
        axes.set_xlim(values[0] / 1.25, values[-1] * 1.25)
    else:
        margin = 0.06 * (values[-1] - values[0])
        axes.set_xlim(values[0] - margin, values[-1] + margin)
    stride = -(-len(values) // MOST_TICKS)
    axes.xaxis.set_major_locator(FixedLocator(values[::stride]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.tick_params(axis="x", labelrotation=45 if len(values) > 5 else 0, labelsize=7.5)
    axes.set_xlabel(name, labelpad=1)


def leave_room(axes: Axes, num_arms: int) -> None:
    """Raise the top of a panel whose limits are set, so that marks of its arms do not hide what is there."""
    low, high = axes.get_ylim()
    share = 1 - MARK * num_arms
    is_log = axes.get_yscale() == "log"
    axes.set_ylim(top=low * (high / low) ** (1 / share) if is_log else low + (high - low) / share)


def _draw_panel(axes: Axes, comparison: Comparison, value: Value) -> None:
    everything = [
        value(run.record.final)
        for arm in comparison.groups
        for ladder in arm.ladders.values()
        for run in ladder.values()
        if run.record.final
    ]
    if everything:
        set_value_axis(axes, everything, wide_range=6)
    if any(arm.num_without_end(at) for arm in comparison.groups for at in arm.values):
        leave_room(axes, len(comparison.groups))
    labels = []
    for index, arm in enumerate(comparison.groups):
        end = _draw_arm(axes, arm, value, index)
        if end is not None:
            text = shorten(arm.label, LABEL_LETTERS)
            labels.append(EndLabel(y=end, text=text, color=group_style(index)["color"]))
    if labels:
        label_line_ends(axes, labels, x=axes.get_xlim()[1])


def _draw_arm(axes: Axes, arm: Group, value: Value, index: int) -> float | None:
    points = {}
    for x in arm.values:
        finals = [ladder[x].record.final for ladder in arm.ladders.values()]
        points[x] = [None if final is None else value(final) for final in finals]
    return draw_ladder(axes, points, {x: arm.num_without_end(x) for x in arm.values}, index)


def draw_ladder(
    axes: Axes,
    points: Mapping[float, Sequence[float | None]],
    num_diverged: Mapping[float, int],
    index: int,
    num_censored: Mapping[float, int] | None = None,
) -> float | None:
    """Draw one arm over the axis of its grid: dots, mean and band, what diverged or was not there in time.

    There is no mean where a number is missing, or where a budget stands for it.

    Args:
        axes: The panel, with its limits set.
        points: For each value of the axis one number per seed, None where a run has none.
        num_diverged: Runs that diverged, by value of the axis.
        index: Of the arm among the arms of the panel.
        num_censored: Runs that only say that it took longer, by value of the axis.

    Returns:
        Where its line ends; None where no value has a mean.
    """
    style = group_style(index)
    color = style["color"]
    line: list[tuple[float, float, float, float]] = []
    for x, numbers in points.items():
        present = [number for number in numbers if number is not None]
        axes.plot([x] * len(present), present, "o", markersize=3, color=color, alpha=0.4, mew=0)
        censored = num_censored[x] if num_censored else 0
        if censored:
            _mark_runs(axes, x, censored, index, marker="^")
        if num_diverged[x]:
            _mark_runs(axes, x, num_diverged[x], index, marker="x")
        elif len(present) == len(numbers) and not censored:
            mean = fmean(present)
            interval = mean_interval(present) if len(present) >= MIN_BAND else None
            line.append((x, mean, interval.low if interval else mean, interval.high if interval else mean))
    if not line:
        return None
    xs, means, low, high = ([point[at] for point in line] for at in range(4))
    draw_band(axes, xs, low, high, color, 0.2)
    axes.plot(xs, means, **style, marker="o" if len(xs) == 1 else "")  # one point alone is no line
    return means[-1]


def _mark_runs(axes: Axes, x: float, count: int, index: int, *, marker: Literal["x", "^"]) -> None:
    """Mark above the panel's lines how many runs diverged (x) or were not there in time (^).

    Args:
        axes: The panel.
        x: Value of the axis.
        count: Of the runs.
        index: Of the arm among the arms of the panel: each has a height of its own.
        marker: The two stand beside one another.
    """
    place, y = axes.get_xaxis_transform(), 0.97 - MARK * index
    color, side = group_style(index)["color"], 1 if marker == "x" else -1
    offset = ScaledTranslation(side * 3 / 72, 0, axes.figure.dpi_scale_trans)
    axes.plot(
        x,
        y,
        marker,
        markersize=4.5,
        color=color,
        mfc="white",
        mew=1.2,
        transform=place + offset,
        clip_on=False,
    )
    axes.annotate(
        str(count), (x, y), xycoords=place, xytext=(side * 7, 0), textcoords="offset points", size=6.5,
        color=color, va="center_baseline", ha="left" if side > 0 else "right",
    )  # fmt: skip
