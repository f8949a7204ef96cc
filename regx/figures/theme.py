"""How every figure looks: colours, sizes, and files that are the same bytes each time they are drawn."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from regx.runs.files import atomic_path
from regx.text import one_line, printable

__all__ = [
    "BLUE",
    "EPOCHS",
    "INK",
    "LINE",
    "MUTED",
    "PALE",
    "VERMILLION",
    "add_caption",
    "add_panel",
    "add_text",
    "group_style",
    "log_axis",
    "plain_numbers",
    "scaled",
    "set_count_axis",
    "set_value_axis",
    "svg_file",
    "with_unit",
]

# Okabe & Ito 2008, "Color Universal Design": told apart with every common kind of colour blindness.
# Its yellow is left out (too pale for a line on white).
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9",
)  # fmt: skip
GROUP_COLORS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
GROUP_DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)))  # for more groups than colours
INK = "#222222"
MUTED = "#5F5F5F"  # 6.4:1 against white: readable small print
LINE = "#888888"  # of an axis, and at 0
PALE = "#EFEFEF"  # behind what is too small to matter
EPOCHS = "completed epochs"
WIDE_RANGE = 20.0
MAX_LOG_RANGE = 100_000  # a logarithmic axis shows no more than this, unless most values lie below it

_SCALES = {"log": "log scale", "symlog": "symlog scale"}

_STYLE: dict[Any, Any] = {  # matplotlib types its keys as a list of literals
    "text.parse_math": False,  # a name with two dollar signs is a name
    "svg.fonttype": "path",  # the same letters on every machine, whatever fonts it has
    "svg.hashsalt": "regx",  # ids from the content, not from a random number
    "font.family": "DejaVu Sans",  # ships with matplotlib
    "font.size": 8.5,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": LINE,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
}


def group_style(index: int) -> dict[str, Any]:
    """Give the colour and the dashes of a group's lines, by its place among the groups."""
    dashes = GROUP_DASHES[index // len(GROUP_COLORS) % len(GROUP_DASHES)]
    return {"color": GROUP_COLORS[index % len(GROUP_COLORS)], "linestyle": dashes}


@contextmanager
def svg_file(
    path: Path, *, width: float, height: float, title: str, description: str | None = None
) -> Iterator[Figure]:
    """Yield an empty figure in the house style; write it to `path`, whole or not at all.

    No date, version or random id goes into the file, and a user's own matplotlibrc is left out of it: the
    same data give the same bytes.

    Args:
        path: The SVG file to make or replace. Its folder must exist.
        width: In inches.
        height: In inches.
        title: Title in the file's metadata.
        description: What it shows in words, likewise.

    Raises:
        OSError: From the file system; `path` is then untouched.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        figure = Figure(figsize=(width, height))
        yield figure
        _label_scales(figure)
        _make_printable(figure)
        with atomic_path(path) as temporary, warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # a box says it as well
            metadata = {"Date": None, "Creator": "regx", "Title": one_line(title)}
            if description is not None:
                metadata["Description"] = printable(description)
            figure.savefig(temporary, format="svg", metadata=metadata)


def _make_printable(figure: Figure) -> None:
    """Escape what names from files hold that is no letter: XML has no place for it."""
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if (clean := printable(text.get_text())) != text.get_text():
            text.set_text(clean)


def _label_scales(figure: Figure) -> None:
    """Say at every axis that is not linear that it is not: heights and areas do not compare on it."""
    for axes in figure.axes:
        for axis, side in ((axes.xaxis, "labelbottom"), (axes.yaxis, "labelleft")):
            if axis.get_scale() not in _SCALES or not axis.get_tick_params()[side]:
                continue
            text, scale = axis.get_label_text(), f"({_SCALES[axis.get_scale()]})"
            if axis is axes.yaxis and not text:
                axes.set_ylabel(scale, loc="top")  # above what stands at the ends of a neighbour's lines
            else:
                axis.set_label_text(f"{text} {scale}".strip())


def add_panel(figure: Figure, left: float, top: float, width: float, height: float, label: str = "") -> Axes:
    """Add a panel at a place in inches from the top left; `label` tells it from others."""
    all_width, all_height = figure.get_size_inches()
    box = (left / all_width, 1 - (top + height) / all_height, width / all_width, height / all_height)
    return figure.add_axes(box, label=label)


def add_text(figure: Figure, left: float, top: float, text: str, **style: Any) -> None:
    """Write at a place in inches from the top left."""
    width, height = figure.get_size_inches()
    figure.text(left / width, 1 - top / height, text, **({"va": "center"} | style))


def add_caption(figure: Figure, left: float, text: str) -> None:
    """Say below everything what the marks mean."""
    add_text(figure, left, figure.get_figheight() - 0.08, text, color=MUTED, size=7.5, va="bottom")


def scaled(unit: str, *, difference: bool = False) -> tuple[float, str]:
    """Return the factor and the unit that numbers are drawn with: fractions as per cent, or points of it."""
    return (100.0, "pp" if difference else "%") if unit == "fraction" else (1.0, unit)


def with_unit(name: str, unit: str) -> str:
    """Name a quantity with the unit that it is drawn in, if it has one."""
    return f"{name} ({unit})" if unit else name


def set_count_axis(axes: Axes, last: float, name: str = EPOCHS) -> None:
    """Show epochs or steps, 1 to `last`, as whole numbers."""
    pad = 0.5 if last < 2 else 0.03 * (last - 1)
    axes.set_xlim(1 - pad, max(last, 1) + pad)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.set_xlabel(name)


def set_value_axis(axes: Axes, values: Sequence[float], *, wide_range: float = WIDE_RANGE) -> None:
    """Set the y axis to fit losses or errors: from 0, or logarithmic where they span more than `wide_range`.

    A value of 0 (no training error left) does not keep the rest from being readable: on a logarithmic axis
    its line leaves the panel at the bottom. Nor does a single huge loss push most of the values out.

    Args:
        axes: The panel.
        values: All that is drawn in it, at least one.
        wide_range: Highest over lowest value from which the axis is logarithmic.
    """
    highest = max(values)
    positive = [value for value in values if value > 0]
    floor = min(highest / MAX_LOG_RANGE, median(positive) / 10) if positive else highest
    lowest = max(min(positive, default=highest), floor)
    if not positive or highest / lowest <= wide_range or min(values) < 0:
        margin = 0.04 * ((highest - min(0.0, *values)) or 1.0)
        axes.set_ylim(min(0.0, *values) - margin, highest + 2 * margin)
        return
    axes.set_yscale("log", nonpositive="clip")
    axes.set_ylim(lowest / 1.25, highest * 1.25)
    log_axis(axes.yaxis, dense=highest / lowest < 300)


def log_axis(axis: Axis, *, dense: bool) -> None:
    """Put ticks at the powers of ten of a logarithmic axis, if `dense` at 2 and 5 times as much too."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if dense else (1.0,)))
    axis.set_minor_formatter(NullFormatter())
    plain_numbers(axis)


def plain_numbers(axis: Axis) -> None:
    """Write numbers as short as they are, with minus signs that are minus signs."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
