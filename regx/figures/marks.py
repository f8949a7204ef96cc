"""What all figures draw: seeds as lines or dots, their mean and its interval, rows, labels at lines' ends."""

import math
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from statistics import fmean
from typing import Any, TypeVar

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from regx.figures.theme import INK, MUTED, PALE, log_axis, plain_numbers
from regx.numbers import shorten

__all__ = [
    "MIN_BAND",
    "EndLabel",
    "Points",
    "draw_asked_for",
    "draw_dots",
    "draw_interval",
    "draw_mean_line",
    "draw_seed_line",
    "draw_seeds",
    "has_band",
    "in_two_lines",
    "label_line_ends",
    "row_text",
    "seeds_caption",
    "set_row_axis",
    "set_rows",
    "stacked",
    "thin_out",
]

Item = TypeVar("Item")
Points = Sequence[tuple[float, float]]  # of one line
Style = Mapping[str, Any]

MIN_BAND = 5  # seeds; the band of fewer is so wide that it hides the lines, which are drawn one by one then
MEAN_POINTS = 120  # of a thick line, at most
ALL_POINTS = 1000  # of all lines of a figure together: keeps the file small
FEWEST_POINTS = 20  # of a thin line
BAND, THIN, DOT = 0.25, 0.5, 0.45  # how opaque
SAME_PLACE = 0.02  # of an axis: dots that are nearer stand under one another
STEP = 0.13  # of a row, from one of these to the next
_TIE = {"arrowstyle": "-", "linewidth": 0.6, "alpha": 0.6, "shrinkA": 1, "shrinkB": 4, "relpos": (0, 0.5)}


def thin_out(items: Sequence[Item], max_items: int) -> list[Item]:
    """Keep at most about `max_items` at equal steps, the first and the last always among them."""
    if len(items) <= max_items:
        return list(items)
    stride = math.ceil((len(items) - 1) / (max_items - 1))
    kept = list(items[:-1:stride])
    return [*kept, items[-1]]


def has_band(lines: Sequence[Sized]) -> bool:
    """Whether seeds are shown as a band, not as a line each: they are enough, and equally long."""
    return len(lines) >= MIN_BAND and len(set(map(len, lines))) == 1


def draw_seeds(axes: Axes, lines: Sequence[Points], style: Style, *, num_curves: int) -> float:
    """Draw a thick line for the mean of the seeds, with its band, or a thin line for each where they are few.

    The mean goes as far as all of them go.

    Args:
        axes: The panel, with its limits set.
        lines: One per seed; point by point they belong together.
        style: Colour and dashes.
        num_curves: Thick lines of the figure: all together they have no more than so many points.

    Returns:
        Where the thick line ends.
    """
    with_band = has_band(lines)
    if len(lines) > 1 and not with_band:
        for line in lines:
            draw_seed_line(axes, line, style, num_lines=num_curves * len(lines))
    shared = thin_out(list(zip(*lines, strict=False)), min(MEAN_POINTS, ALL_POINTS // num_curves))
    values = {fmean(x for x, _ in points): [y for _, y in points] for points in shared}
    return draw_mean_line(axes, values, style, with_band=with_band)


def draw_seed_line(axes: Axes, line: Points, style: Style, *, num_lines: int) -> None:
    """Draw the thin line of one seed, one of so many in the figure."""
    points = thin_out(line, max(FEWEST_POINTS, ALL_POINTS // num_lines))
    axes.plot(*zip(*points, strict=True), **style, linewidth=0.6, alpha=THIN)


def draw_mean_line(
    axes: Axes, values: Mapping[float, Sequence[float]], style: Style, *, with_band: bool
) -> float:
    """Draw the mean of the seeds as a line, and the 95 % t-interval of it as a band; return where it ends.

    Args:
        axes: The panel, with its limits set.
        values: For each x one per seed.
        style: Colour and dashes.
        with_band: Whether to draw the band.
    """
    xs = list(values)
    if with_band:
        from regx.stats.tests import mean_interval  # takes scipy, which the curves of a run do without

        intervals = [mean_interval(seeds) for seeds in values.values()]
        floor = axes.get_ylim()[0]  # on a logarithmic axis an end of 0 or less would take the band with it
        low = [max(interval.low, floor) for interval in intervals]
        high = [interval.high for interval in intervals]
        axes.fill_between(xs, low, high, color=style["color"], alpha=BAND, linewidth=0)
    means = [fmean(seeds) for seeds in values.values()]
    axes.plot(xs, means, **style, marker="o" if len(xs) <= 2 else "")  # few points alone are no line
    return means[-1]


def seeds_caption(arms: Iterable[Sequence[Sized]]) -> list[str]:
    """Say what the lines of arms mean, each a line per seed; nothing for single ones."""
    many = [lines for lines in arms if len(lines) > 1]
    if not many:
        return []
    bands = list(map(has_band, many))
    band, thin = ["band: its 95 % t-interval"], ["thin: each seed"]
    return ["thick line: mean of the seeds", *(band if any(bands) else []), *([] if all(bands) else thin)]


def set_rows(axes: Axes, top: float, bottom: float) -> None:
    """Make a panel one of rows, numbered from above, in place of a y axis."""
    axes.set_ylim(bottom, top)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def set_row_axis(axes: Axes, values: Sequence[float], *, num_ticks: int, log: bool = False) -> None:
    """Fit the x axis of rows to all that stands on it, with a margin at both ends."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if log:
        axes.set_xscale("log")
        margin = (high / low) ** 0.07
        axes.set_xlim(low / margin, high * margin)
        log_axis(axes.xaxis, dense=high / low < 30)
        return
    margin = 0.07 * ((high - low) or abs(high) or 1.0)
    axes.set_xlim(low - margin, high + margin)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=num_ticks))
    plain_numbers(axes.xaxis)


def draw_asked_for(axes: Axes, dashed: Sequence[float] = (), grey: tuple[float, float] | None = None) -> None:
    """Draw 0 on the axis of a difference, and what had to come out.

    Args:
        axes: The panel, with its limits set.
        dashed: What had to be reached.
        grey: From where to where a difference is too small to matter; as far as the panel goes.
    """
    if grey is not None:
        axes.axvspan(grey[0], min(grey[1], axes.get_xlim()[1]), color=PALE, linewidth=0, zorder=0.2)
    for at in dashed:
        axes.axvline(at, color=MUTED, linewidth=1, linestyle=(0, (4, 2.5)), zorder=2)
    axes.axvline(0, color=INK, linewidth=0.9, zorder=2)


def row_text(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    """Write beside or over a row.

    Args:
        axes: The panel.
        x: As a fraction of its width; below 0 it is left of it, above 1 right of it.
        y: The row.
        text: The words.
        style: As of matplotlib.
    """
    axes.text(x, y, text, transform=axes.get_yaxis_transform(), **({"va": "center_baseline"} | style))


def draw_dots(axes: Axes, xs: Sequence[float], ys: Sequence[float], color: str, **shape: Any) -> None:
    """Draw a dot for each seed, in the look of all figures or another one."""
    look: dict[str, Any] = {"markersize": 3.6, "alpha": DOT, "markeredgewidth": 0, "zorder": 3} | shape
    axes.plot(xs, ys, "o", color=color, **look)


def stacked(axes: Axes, values: Sequence[float], y: float, *, room: float) -> list[float]:
    """Give the heights of dots in a row; those in the same place go down, so that one sees how many they are.

    Args:
        axes: The panel, with its limits set.
        values: Of the seeds.
        y: Where in the rows.
        room: How far they may go down.
    """
    to_axes = axes.transData + axes.transAxes.inverted()
    places = [round(float(to_axes.transform((value, y))[0]) / SAME_PLACE) for value in values]
    levels = [places[:index].count(place) for index, place in enumerate(places)]
    step = min(STEP, room / max([1, *levels]))
    return [y + step * level for level in levels]


def draw_interval(
    axes: Axes, mean: float, ends: tuple[float, float] | None, y: float, color: str, **shape: Any
) -> None:
    """Draw a mean as a diamond, or in another shape, on the line of its interval, if there is one."""
    if ends is not None:
        axes.plot(ends, [y, y], color=color, zorder=4)
    look: dict[str, Any] = {"marker": "D", "markersize": 4.8, "markeredgecolor": "white"} | shape
    axes.plot(mean, y, color=color, zorder=5, **look)


@dataclass(frozen=True)
class EndLabel:
    """What to write beside one line.

    Attributes:
        y: Where the line ends, in data units.
        text: The words.
        color: The line's colour.
    """

    y: float
    text: str
    color: str


def label_line_ends(axes: Axes, labels: Sequence[EndLabel], *, x: float, size: float = 8.5) -> None:
    """Write each label right of the panel at the height of its line, moved apart where they would overlap.

    Call it last: it reads the axis limits and scale as they are.

    Args:
        axes: The panel.
        labels: One per line.
        x: Where the lines end, in data units; a moved label is tied to its line from there.
        size: Of the letters, in points.
    """
    num_lines = 1 + max((label.text.count("\n") for label in labels), default=0)
    figure = axes.get_figure(root=True)
    if figure is None or not labels:
        return
    height_points = axes.get_position().height * figure.get_figheight() * 72
    to_axes = axes.transData + axes.transAxes.inverted()
    end_x = float(to_axes.transform((x, labels[0].y))[0])
    # A line may have left the panel (0 on a logarithmic axis): its label stands where it left.
    ends = [min(max(float(to_axes.transform((x, label.y))[1]), 0.0), 1.0) for label in labels]
    heights = _move_apart(ends, min_distance=(1.25 * num_lines + 0.1) * size / height_points)
    for label, end_y, height in zip(labels, ends, heights, strict=True):
        axes.annotate(
            label.text, (end_x, end_y), (1.045, height), "axes fraction", "axes fraction",
            color=label.color, size=size, va="center_baseline" if num_lines == 1 else "center",
            linespacing=1.15, annotation_clip=False, arrowprops={"color": label.color, **_TIE},
        )  # fmt: skip


def _move_apart(heights: Sequence[float], *, min_distance: float) -> list[float]:
    """Move heights as little as needed so that neighbours are `min_distance` apart, and keep their order.

    Those that collide are centred on their mean; all stay within [0, 1] where there is room.

    Args:
        heights: Wished heights, as fractions of the panel.
        min_distance: As a fraction of the panel.

    Returns:
        New heights, in the order of the input.
    """
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    offsets = [place * min_distance for place in range(len(heights))]
    wished = [heights[index] - offset for index, offset in zip(order, offsets, strict=True)]
    pools: list[list[float]] = []  # what collides moves as one
    for height in wished:
        pools.append([height])
        while len(pools) > 1 and fmean(pools[-2]) > fmean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    room = max(0.0, 1 - offsets[-1])
    placed = [min(max(fmean(pool), 0.0), room) for pool in pools for _ in pool]
    return [placed[place] + offsets[place] for place in map(order.index, range(len(heights)))]


def in_two_lines(name: str, max_letters: int) -> str:
    """Break a long name at the last underscore that leaves both parts whole, or near its middle."""
    breaks = [at + 1 for at, letter in enumerate(name) if letter == "_"]
    if len(name) <= max_letters or not breaks:
        return shorten(name, max_letters)
    whole = [at for at in breaks if max(at, len(name) - at) <= max_letters]
    end = whole[-1] if whole else min(breaks, key=lambda at: max(at, len(name) - at))
    return f"{shorten(name[:end], max_letters)}\n{shorten(name[end:], max_letters)}"
