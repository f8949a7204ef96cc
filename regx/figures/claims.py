"""All claims in one figure: each effect beside what would matter, in the colour of its verdict."""

from collections.abc import Iterator, Sequence
from math import ceil, log10
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from regx.claims.registry import Registered
from regx.claims.results import PartResult
from regx.claims.status import ClaimStatus, cells_of, deciding_part
from regx.figures import marks, theme
from regx.numbers import shorten

__all__ = ["describe_claims", "save_claims_figure"]

WIDTH = 12.6  # inches, as all below
NAMES, SENTENCES, PANEL = 0.1, 0.5, 2.6
LEFT = 5.6  # where the panel begins
GAP, HEAD, ROW, FOOT = 0.12, 0.46, 0.215, 0.74
SENTENCE_LETTERS = 90
TITLE = "The claims and their verdicts"
LEGEND = (
    "Line: 95 % interval. Right of 0 favours the claim. Grey band: less than was asked for. "
    "Square: the claim says that two things are equal, or one not worse; the band counts as equal.\n"
    "A claim of several parts shows the part that fails, or else the first; one of several settings shows "
    "a setting that holds. Blue: supported, orange: contradicted, grey: neither."
)
REACH = 200.0  # of the axis, at least
COLORS = {"supported": theme.BLUE, "contradicted": theme.VERMILLION}


def save_claims_figure(path: Path, statuses: Sequence[ClaimStatus]) -> Figure:
    """Draw the effect of every claim that an experiment decides.

    Effects are in multiples of what was asked for, so that claims of other units stand on one axis. It is
    linear between -1 and 1, and logarithmic outside.

    Args:
        path: The SVG file to make or replace. Its folder must exist.
        statuses: Of all claims; exact checks are left out.

    Returns:
        What stands in the file.

    Raises:
        OSError: If the file cannot be written.
    """
    rows = _rows(statuses)
    height = HEAD + ROW * len(rows) + FOOT
    description = describe_claims(statuses)
    with theme.svg_file(path, width=WIDTH, height=height, title=TITLE, description=description) as figure:
        theme.add_text(figure, NAMES, 0.24, TITLE, size=10.5, weight="bold", va="baseline")
        axes = theme.add_panel(figure, LEFT, HEAD, PANEL, ROW * len(rows), "effects")
        _prepare(axes, rows)
        for place, status in enumerate(rows):
            _draw_row(axes, place, status)
        theme.add_caption(figure, NAMES, LEGEND)
    return figure


def describe_claims(statuses: Sequence[ClaimStatus]) -> str:
    """Say in words what the figure shows; it is the description in the file's metadata."""
    return "; ".join(" ".join(filter(None, cells_of(status)[:4])) for status in _rows(statuses))


def _rows(statuses: Sequence[ClaimStatus]) -> list[ClaimStatus]:
    return [status for status in statuses if isinstance(status.claim, Registered)]


def _prepare(axes: Axes, rows: Sequence[ClaimStatus]) -> None:
    """Set up the axis: what is too small to matter in grey, and lines where it begins to."""
    parts = filter(None, map(_drawn_part, rows))
    reach = max([REACH, *(1.2 * abs(end) for part in parts for found in _multiples(part) for end in found)])
    powers = [10.0**power for power in range(ceil(log10(reach)))]
    axes.set_xscale("symlog", linthresh=1.0, linscale=0.8)
    axes.set_xlim(-reach, reach)
    axes.xaxis.set_major_locator(FixedLocator([*(-power for power in powers), 0.0, *powers]))
    axes.xaxis.set_minor_locator(NullLocator())
    theme.plain_numbers(axes.xaxis)
    marks.set_rows(axes, -0.5, len(rows) - 0.5)
    marks.draw_asked_for(axes, [-1, 1], (-1, 1))
    axes.set_xlabel("effect, in multiples of what was asked for", labelpad=2)


def _draw_row(axes: Axes, place: int, status: ClaimStatus) -> None:
    """Draw one claim: its sentence, its effect with the 95 % interval, and both in words."""
    name, says, label, effect, *_ = cells_of(status)
    color = COLORS.get(status.verdict, theme.MUTED)
    words: dict[str, Any] = {"va": "center", "size": 8}
    marks.row_text(axes, (NAMES - LEFT) / PANEL, place, name, color=color, weight="bold", **words)
    marks.row_text(axes, (SENTENCES - LEFT) / PANEL, place, shorten(says, SENTENCE_LETTERS), **words)
    text = f"{label}:  {effect}" if effect else label
    marks.row_text(axes, 1 + GAP / PANEL, place, text, color=color, **words)
    part = _drawn_part(status)
    if part is None:
        return
    for mean, low, high in _multiples(part):
        shape = {
            "marker": "D" if part.criterion == "smallest_effect" else "s",
            "markerfacecolor": "white" if status.verdict == "inconclusive" else color,
            "markeredgecolor": color,
            "markeredgewidth": 1.2,
        }
        marks.draw_interval(axes, mean, (low, high), place, color, **shape)


def _drawn_part(status: ClaimStatus) -> PartResult | None:
    return None if status.verdict == "invalid" else deciding_part(status)


def _multiples(part: PartResult) -> Iterator[tuple[float, float, float]]:
    """Yield mean and interval in multiples of what was asked for; nothing where one of them is missing."""
    if part.mean is not None and part.low is not None and part.high is not None and part.amount:
        yield part.mean / part.amount, part.low / part.amount, part.high / part.amount
