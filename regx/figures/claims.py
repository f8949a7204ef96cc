"""All claims in one figure: each effect beside what would matter, in the colour of its verdict."""

from collections.abc import Iterator, Sequence
from math import ceil, log10
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from regx.claims.registry import Registered
from regx.claims.results import PartResult
from regx.claims.status import ClaimStatus as Standing
from regx.claims.status import cells_of, deciding_part
from regx.figures.labels import shorten
from regx.figures.theme import BLUE, INK, MUTED, VERMILLION, svg_file

__all__ = ["describe_claims", "draw_claims", "save_claims_figure"]

WIDTH = 12.6  # inches, as all below
NAMES, SENTENCES, PANEL = 0.1, 0.5, 2.6
LEFT = 5.6  # where the panel begins
GAP, HEAD, ROW, FOOT = 0.12, 0.46, 0.215, 0.74
SENTENCE_LETTERS = 90
TITLE = "What holds of the claims"
REACH = 200.0  # of the axis, at least
COLORS = {"supported": BLUE, "contradicted": VERMILLION}


def save_claims_figure(path: Path, standings: Sequence[Standing]) -> None:
    """Draw the effect of every claim that an experiment decides.

    Effects are in multiples of what was asked for, so that claims of other units stand on one axis. It is
    linear between -1 and 1, and logarithmic outside.

    Args:
        path: The SVG file to make or replace. Its folder must exist.
        standings: How every claim stands; exact checks are left out.

    Raises:
        OSError: If the file cannot be written.
    """
    rows = _rows(standings)
    height = HEAD + ROW * len(rows) + FOOT
    with svg_file(
        path, width=WIDTH, height=height, title=TITLE, description=describe_claims(standings)
    ) as figure:
        draw_claims(figure, rows)


def draw_claims(figure: Figure, standings: Sequence[Standing]) -> None:
    """Draw the content of the figure on an empty one; see `save_claims_figure`."""
    rows, height = _rows(standings), figure.get_figheight()
    figure.text(NAMES / WIDTH, 1 - 0.24 / height, TITLE, size=10.5, weight="bold")
    box = (LEFT / WIDTH, FOOT / height, PANEL / WIDTH, ROW * len(rows) / height)
    axes = figure.add_axes(box, label="effects")
    _prepare(axes, rows)
    for place, standing in enumerate(rows):
        _draw_row(axes, place, standing)
    _write_legend(figure, height)


def describe_claims(standings: Sequence[Standing]) -> str:
    """Say in words what the figure shows; it is the description in the file's metadata."""
    return "; ".join(" ".join(filter(None, cells_of(standing)[:4])) for standing in _rows(standings))


def _rows(standings: Sequence[Standing]) -> list[Standing]:
    return [standing for standing in standings if isinstance(standing.claim, Registered)]


def _prepare(axes: Axes, rows: Sequence[Standing]) -> None:
    """Set up the axis: what is too small to matter in grey, and lines where it begins to."""
    parts = filter(None, map(_drawn_part, rows))
    reach = max([REACH, *(1.2 * abs(end) for part in parts for found in _multiples(part) for end in found)])
    powers = [10.0**power for power in range(ceil(log10(reach)))]
    axes.set_xscale("symlog", linthresh=1.0, linscale=0.8)
    axes.set_xlim(-reach, reach)
    axes.xaxis.set_major_locator(FixedLocator([*(-power for power in powers), 0.0, *powers]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvspan(-1, 1, color="#EFEFEF", linewidth=0, zorder=0.2)
    for at in (-1, 1):
        axes.axvline(at, color=MUTED, linewidth=1, linestyle=(0, (4, 2.5)), zorder=2)
    axes.axvline(0, color=INK, linewidth=0.9, zorder=2)
    axes.set_xlabel("effect, in multiples of what was asked for", labelpad=2)


def _draw_row(axes: Axes, place: int, standing: Standing) -> None:
    """Draw one claim: its sentence, its effect with the 95 % interval, and both in words."""
    name, says, label, effect, *_ = cells_of(standing)
    color = COLORS.get(standing.verdict, MUTED)
    words: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center", "size": 8}
    axes.text((NAMES - LEFT) / PANEL, place, name, color=color, weight="bold", **words)
    axes.text((SENTENCES - LEFT) / PANEL, place, shorten(says, SENTENCE_LETTERS), **words)
    axes.text(1 + GAP / PANEL, place, f"{label}{f':  {effect}' if effect else ''}", color=color, **words)
    part = _drawn_part(standing)
    if part is None:
        return
    for mean, low, high in _multiples(part):
        axes.plot([low, high], [place] * 2, color=color, linewidth=1.8, zorder=3)
        inside = "white" if standing.verdict == "inconclusive" else color
        shape = "D" if part.criterion == "smallest_effect" else "s"
        axes.plot(mean, place, shape, markersize=5, color=color, mfc=inside, mew=1.2, zorder=4)


def _drawn_part(standing: Standing) -> PartResult | None:
    return None if standing.verdict == "invalid" else deciding_part(standing)


def _multiples(part: PartResult) -> Iterator[tuple[float, float, float]]:
    """Yield mean and interval in multiples of what was asked for; nothing where one of them is missing."""
    if part.mean is not None and part.low is not None and part.high is not None and part.amount:
        yield part.mean / part.amount, part.low / part.amount, part.high / part.amount


def _write_legend(figure: Figure, height: float) -> None:
    lines = (
        "Line: 95 % interval. Right of 0 favours the claim; grey: smaller than the smallest effect. "
        "Squares: equal, or not worse, is claimed, and grey counts as equal.",
        "Of several parts: the one that it fails by, else the first; of several settings: one that holds. "
        "Blue: supported, "
        "orange: contradicted, grey: neither.",
    )
    figure.text(NAMES / WIDTH, 0.08 / height, "\n".join(lines), color=MUTED, size=7.5, va="bottom")
