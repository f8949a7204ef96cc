"""How every figure looks: colours, sizes, and files that are the same bytes each time they are drawn."""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from regx.runs.files import atomic_path
from regx.text import one_line, printable

__all__ = [
    "BLUE",
    "INK",
    "MUTED",
    "VERMILLION",
    "draw_band",
    "group_style",
    "label_scales",
    "log_ticks",
    "set_epoch_axis",
    "set_value_axis",
    "svg_file",
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
WIDE_RANGE = 20.0
MOST_TICKS = 5
MAX_LOG_RANGE = 100_000  # a logarithmic axis shows no more than this

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
    "axes.edgecolor": "#888888",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": "#888888",
    "ytick.color": "#888888",
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
        label_scales(figure)
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


def label_scales(figure: Figure) -> None:
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


def set_epoch_axis(axes: Axes, num_epochs: int) -> None:
    """Show epochs 1 to `num_epochs` as whole numbers."""
    pad = 0.5 if num_epochs < 2 else 0.03 * (num_epochs - 1)
    axes.set_xlim(1 - pad, max(num_epochs, 1) + pad)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.set_xlabel("completed epochs")


def set_value_axis(axes: Axes, values: Sequence[float], *, wide_range: float = WIDE_RANGE) -> None:
    """Set the y axis to fit losses or errors: from 0, or logarithmic where they span more than `wide_range`.

    A value of 0 (no training error left) does not keep the rest from being readable: on a logarithmic axis
    its line leaves the panel at the bottom.

    Args:
        axes: The panel.
        values: All that is drawn in it, at least one.
        wide_range: Highest over lowest value from which the axis is logarithmic.
    """
    highest = max(values)
    positive = [value for value in values if value > 0]
    lowest = max(min(positive, default=highest), highest / MAX_LOG_RANGE)
    if not positive or highest / lowest <= wide_range or min(values) < 0:
        margin = 0.04 * ((highest - min(0.0, *values)) or 1.0)
        axes.set_ylim(min(0.0, *values) - margin, highest + 2 * margin)
        return
    axes.set_yscale("log", nonpositive="clip")
    axes.set_ylim(lowest / 1.25, highest * 1.25)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if highest / lowest < 300 else (1.0,)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def draw_band(
    axes: Axes, xs: Sequence[float], low: Sequence[float], high: Sequence[float], color: str, alpha: float
) -> None:
    """Draw an interval over x; on a logarithmic axis an end of 0 or less would take the band with it."""
    floor = axes.get_ylim()[0]
    axes.fill_between(xs, [max(end, floor) for end in low], high, color=color, alpha=alpha, linewidth=0)


def log_ticks(low: float, high: float) -> list[float]:
    """Choose two to five round numbers between, more of them to a decade where the decades are few."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5, 7)):
        ticks = [tick for ten in decades for step in steps if low <= (tick := step * 10.0**ten) <= high]
        if len(ticks) > 2:
            break
    return ticks[:: -(-len(ticks) // MOST_TICKS)] if ticks else [low, high]
