"""Labels that stand at the ends of their lines, in place of a legend box."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from regx.numbers import shorten

__all__ = ["EndLabel", "in_two_lines", "label_line_ends", "shorten", "spread"]


@dataclass(frozen=True, kw_only=True)
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
    heights = spread(ends, min_distance=(1.25 * num_lines + 0.1) * size / height_points)
    for label, end_y, height in zip(labels, ends, heights, strict=True):
        axes.annotate(
            label.text,
            xy=(end_x, end_y),
            xytext=(1.045, height),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=label.color,
            size=size,
            va="center_baseline" if num_lines == 1 else "center",
            linespacing=1.15,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": label.color,
                "linewidth": 0.6,
                "alpha": 0.6,
                "shrinkA": 1,
                "shrinkB": 4,
                "relpos": (0, 0.5),
            },
        )


def spread(heights: Sequence[float], *, min_distance: float) -> list[float]:
    """Move heights as little as needed so that neighbours are `min_distance` apart.

    The order is kept. Heights that collide become a block centred on their mean, so none wanders far; the
    result stays within [0, 1] where there is room.

    Args:
        heights: Wished heights, as fractions of the panel.
        min_distance: As a fraction of the panel.

    Returns:
        New heights, in the order of the input.
    """
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    blocks: list[list[float]] = []  # each block: the wished heights of its members
    for index in order:
        blocks.append([heights[index]])
        while len(blocks) > 1 and _bottom(blocks[-1], min_distance) < (
            _bottom(blocks[-2], min_distance) + len(blocks[-2]) * min_distance
        ):
            last = blocks.pop()
            blocks[-1] += last
    placed = [
        _bottom(block, min_distance) + position * min_distance
        for block in blocks
        for position in range(len(block))
    ]
    for position in range(1, len(placed)):  # a block pushed up from the floor may meet the next one
        placed[position] = max(placed[position], placed[position - 1] + min_distance)
    result = [0.0] * len(heights)
    for index, height in zip(order, placed, strict=True):
        result[index] = height
    return result


def _bottom(block: Sequence[float], min_distance: float) -> float:
    """Height of a block's lowest label."""
    length = (len(block) - 1) * min_distance
    centred = sum(block) / len(block) - length / 2
    return max(0.0, min(centred, 1.0 - length))


def in_two_lines(name: str, max_letters: int) -> str:
    """Break a long name at the last underscore that leaves both parts whole, or near its middle."""
    breaks = [at + 1 for at, letter in enumerate(name) if letter == "_"]
    if len(name) <= max_letters or not breaks:
        return shorten(name, max_letters)
    whole = [at for at in breaks if max(at, len(name) - at) <= max_letters]
    end = whole[-1] if whole else min(breaks, key=lambda at: max(at, len(name) - at))
    return f"{shorten(name[:end], max_letters)}\n{shorten(name[end:], max_letters)}"
