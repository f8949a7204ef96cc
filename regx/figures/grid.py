"""grid.svg: validation error and loss of each arm against the axis of a grid."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from regx.compare.compare import Comparison
from regx.compare.groups import Group
from regx.figures import marks, theme
from regx.runs.record import Final

__all__ = ["GridLine", "draw_over_grid", "grid_caption", "save_grid", "set_grid_axis"]

WIDTH, HEIGHT = 7.8, 3.4  # inches
LABEL_LETTERS = 16
LOG_RANGE = 10.0  # highest over lowest value from which the axis is logarithmic
MOST_TICKS = 9
MARK = 0.07  # of the height of a panel, for the marks of one arm


@dataclass(frozen=True, kw_only=True)
class GridLine:
    """What the runs of one arm came to over the values of a grid.

    Attributes:
        numbers: For each value of the axis one per seed; None for a run that diverged or was stopped.
        num_censored: For each value how many of them only say that it took longer; none if left out.
    """

    numbers: Mapping[float, Sequence[float | None]]
    num_censored: Mapping[float, int]

    @property
    def has_diverged(self) -> bool:
        """Whether a run has no number."""
        return any(None in seeds for seeds in self.numbers.values())

    @property
    def has_band(self) -> bool:
        """Whether there are enough seeds for one."""
        return min(map(len, self.numbers.values()), default=0) >= marks.MIN_BAND


def save_grid(path: Path, comparison: Comparison) -> Figure:
    """Draw error and loss at the end of each run, mean and band over the seeds, and where runs diverged.

    Args:
        path: The SVG file to make or replace.
        comparison: One or more arms.

    Returns:
        What stands in the file.

    Raises:
        OSError: If the file cannot be written.
    """
    panels: dict[str, Callable[[Final], float]] = {
        "Validation error at the end (%)": lambda final: 100 * final.valid_error,
        "Validation loss at the end (nats)": lambda final: final.valid_loss,
    }
    title = f"{', '.join(arm.label for arm in comparison.groups)} over {comparison.axis}"
    with theme.svg_file(path, width=WIDTH, height=HEIGHT, title=title) as figure:
        for column, (name, value) in enumerate(panels.items()):
            axes = theme.add_panel(figure, 0.53 + 3.85 * column, 0.41, 2.26, 2.1, name)
            axes.set_title(name)
            lines = {arm.label: _line(arm, value) for arm in comparison.groups}
            draw_over_grid(axes, comparison.axis, lines, {label: index for index, label in enumerate(lines)})
        first, *others = grid_caption(lines.values())
        caption = "\n".join([first, "; ".join(others)]).strip()
        theme.add_caption(figure, 0.23, caption)
    return figure


def _line(arm: Group, value: Callable[[Final], float]) -> GridLine:
    finals = {x: [ladder[x].record.final for ladder in arm.ladders.values()] for x in arm.values}
    numbers = {x: [value(final) if final else None for final in found] for x, found in finals.items()}
    return GridLine(numbers=numbers, num_censored={})


def grid_caption(lines: Collection[GridLine]) -> list[str]:
    """Say what the marks of `draw_over_grid` mean."""
    words = "line: mean of the seeds where none diverged; dots: each seed"
    caption = [
        words + ("; band: 95 % t-interval of the mean" if any(line.has_band for line in lines) else "")
    ]
    if any(line.has_diverged for line in lines):
        caption.append("× at the top: runs that diverged or were stopped, and how many")
    if any(any(line.num_censored.values()) for line in lines):
        caption.append("△: runs that were not there when their steps ended, and how many")
    return caption


def draw_over_grid(axes: Axes, axis: str, lines: Mapping[str, GridLine], order: Mapping[str, int]) -> None:
    """Draw arms over the axis of their grid: dots, mean and band, what diverged or was not there in time.

    There is no mean where a number is missing, or where a budget stands for it.

    Args:
        axes: The panel.
        axis: What the grid varies.
        lines: Of each arm.
        order: Place of each arm, which gives its colour and dashes.
    """
    set_grid_axis(axes, sorted({x for line in lines.values() for x in line.numbers}), axis)
    numbers = [one for line in lines.values() for seeds in line.numbers.values() for one in seeds]
    present = [one for one in numbers if one is not None]
    if present:
        theme.set_value_axis(axes, present, wide_range=6)
    if len(present) < len(numbers) or any(any(line.num_censored.values()) for line in lines.values()):
        _leave_room(axes, len(lines))
    labels = []
    for place, (arm, line) in enumerate(lines.items()):
        style = theme.group_style(order[arm])
        whole: dict[float, list[float]] = {}
        for x, seeds in line.numbers.items():
            values = [one for one in seeds if one is not None]
            num_censored, num_diverged = line.num_censored.get(x, 0), len(seeds) - len(values)
            marks.draw_dots(axes, [x] * len(values), values, style["color"])
            _mark_runs(axes, x, num_censored, place, style["color"], marker="^")
            _mark_runs(axes, x, num_diverged, place, style["color"], marker="x")
            if not num_censored and not num_diverged:
                whole[x] = values
        if whole:
            end = marks.draw_mean_line(axes, whole, style, with_band=line.has_band)
            labels.append(marks.EndLabel(end, marks.in_two_lines(arm, LABEL_LETTERS), style["color"]))
    marks.label_line_ends(axes, labels, x=axes.get_xlim()[1], size=8)


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
    theme.plain_numbers(axes.xaxis)
    axes.tick_params(axis="x", labelrotation=45 if len(values) > 5 else 0, labelsize=7.5)
    axes.set_xlabel(name, labelpad=1)


def _leave_room(axes: Axes, num_arms: int) -> None:
    """Raise the top of a panel whose limits are set, so that marks of its arms do not hide what is there."""
    low, high = axes.get_ylim()
    share = 1 - MARK * num_arms
    is_log = axes.get_yscale() == "log"
    axes.set_ylim(top=low * (high / low) ** (1 / share) if is_log else low + (high - low) / share)


def _mark_runs(
    axes: Axes, x: float, count: int, place: int, color: str, *, marker: Literal["x", "^"]
) -> None:
    """Mark above the panel's lines how many runs diverged (x) or were not there in time (^).

    Args:
        axes: The panel.
        x: Value of the axis.
        count: Of the runs; nothing is drawn for none.
        place: Of the arm among the arms of the panel: each has a height of its own.
        color: Of the arm.
        marker: The two stand beside one another.
    """
    if not count:
        return
    transform, y = axes.get_xaxis_transform(), 0.97 - MARK * place
    side = 1 if marker == "x" else -1
    offset = ScaledTranslation(side * 3 / 72, 0, axes.figure.dpi_scale_trans)
    axes.plot(
        x, y, marker, markersize=4.5, color=color, mfc="white", mew=1.2, transform=transform + offset,
        clip_on=False,
    )  # fmt: skip
    axes.annotate(
        str(count), (x, y), xycoords=transform, xytext=(side * 7, 0), textcoords="offset points", size=6.5,
        color=color, va="center_baseline", ha="left" if side > 0 else "right",
    )  # fmt: skip
