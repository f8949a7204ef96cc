"""differences.svg: each later group minus the first, seed by seed."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from regx.compare.compare import Comparison, Row
from regx.compare.tables import show_interval, show_label
from regx.figures.labels import shorten
from regx.figures.marks import left_out_caption
from regx.figures.theme import INK, MUTED, group_style, svg_file
from regx.numbers import equals, show_p, show_signed
from regx.stats.inference import Inference

__all__ = ["has_pairs", "save_differences"]

LABELS, PANEL, GAP = 1.35, 2.15, 0.25  # inches
HEAD, ROW, FOOT = 0.42, 0.42, 0.72
LABEL_LETTERS = 18


def has_pairs(comparison: Comparison) -> bool:
    """Whether there is a difference to draw: some groups share seeds."""
    return any(
        one is not None and one.method == "paired" for row in comparison.headlines() for one in row.inferences
    )


def save_differences(path: Path, comparison: Comparison) -> None:
    """Draw the headline measures side by side, one line for each later group.

    Args:
        path: The SVG file to make or replace.
        comparison: Groups that share seeds; see `has_pairs`.

    Raises:
        OSError: If the file cannot be written.
    """
    first, *others = (group.label for group in comparison.groups)
    rows = comparison.headlines()[:3]
    width = LABELS + len(rows) * (PANEL + GAP)
    height = HEAD + ROW * len(others) + FOOT
    title = f"Differences: {', '.join(others)} minus {first}"
    with svg_file(path, width=width, height=height, title=title) as figure:
        draw_differences(figure, comparison, rows)


def draw_differences(figure: Figure, comparison: Comparison, rows: list[Row]) -> None:
    """Draw the content of differences.svg on an empty figure; see `save_differences`."""
    width, height = figure.get_size_inches()
    num_lines = len(comparison.groups) - 1
    for column, row in enumerate(rows):
        left = LABELS + column * (PANEL + GAP)
        box = (left / width, FOOT / height, PANEL / width, ROW * num_lines / height)
        axes = figure.add_axes(box, label=row.measure.name)
        axes.set_title(show_label(row.measure), pad=6, fontsize=8.5)
        _draw_panel(axes, comparison, row)
        if column == 0:
            for index, group in enumerate(comparison.groups[1:], start=1):
                axes.text(
                    -0.06, index, shorten(group.label, LABEL_LETTERS), transform=axes.get_yaxis_transform(),
                    ha="right", va="center_baseline", size=8.5, color=group_style(index)["color"],
                )  # fmt: skip
    first = shorten(comparison.groups[0].label, LABEL_LETTERS)
    caption = f"minus {first}; diamond: mean, bar: its 95 % t-interval, dots: each seed"
    if num_lines > 1:
        caption += "; p: corrected for the number of groups (Holm)"
    if comparison.num_left_out:
        caption += f"\n{left_out_caption(comparison)}"
    figure.text(0.1 / width, 0.1 / height, caption, color=MUTED, size=7.5)


def _draw_panel(axes: Axes, comparison: Comparison, row: Row) -> None:
    scale = 100.0 if row.measure.unit == "fraction" else 1.0
    axes.set_ylim(len(comparison.groups) - 0.5, 0.35)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=INK, linewidth=0.9, zorder=1)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    axes.set_xlabel(f"{row.measure.better} is better" if row.measure.better else "", labelpad=2)
    for index, (one, cell) in enumerate(zip(row.inferences, row.cells, strict=True)):
        if index == 0:
            continue
        if one is None:
            text = cell.missing or row.cells[0].missing or ""
        else:
            _draw_line(axes, one, index, scale=scale)
            like = max(abs(cell.mean or 0.0), abs(row.cells[0].mean or 0.0))
            text = _words(one, row, like=like)
        axes.text(
            0.5, index - 0.34, text, transform=axes.get_yaxis_transform(),
            ha="center", va="center_baseline", size=7, color=INK, zorder=5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
        )  # fmt: skip
    _pad(axes)


def _draw_line(axes: Axes, one: Inference, index: int, *, scale: float) -> None:
    """Draw one group's dots, and mean and interval over them."""
    color = group_style(index)["color"]
    dots = [scale * value for value in one.values]
    axes.plot(dots, [index + 0.2] * len(dots), "o", markersize=3.6, color=color, alpha=0.45, mew=0, zorder=3)
    if one.low is not None and one.high is not None:
        axes.plot([scale * one.low, scale * one.high], [index] * 2, color=color, linewidth=1.6, zorder=2)
    axes.plot(scale * one.difference, index, "D", markersize=4.8, color=color, mec="white", zorder=4)


def _words(one: Inference, row: Row, *, like: float) -> str:
    text = f"{show_signed(one.difference, row.measure.unit, like=like)} "
    text += show_interval(one, row.measure.unit, like=like)
    return text if one.p_holm is None else f"{text}, p {equals(show_p(one.p_holm))}"


def _pad(axes: Axes) -> None:
    """Keep 0 in sight, and the outermost dots off the edges."""
    low, high = axes.get_xlim()
    low, high = min(low, 0.0), max(high, 0.0)
    margin = 0.05 * ((high - low) or 1.0)
    axes.set_xlim(low - margin, high + margin)
