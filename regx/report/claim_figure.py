"""A claim's figure: every seed's difference, the interval, what was asked for, and what is behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from regx.claims.results import PartResult
from regx.report.claim_background import draw_background
from regx.report.claim_behind import Background, backgrounds
from regx.report.claim_caption import caption_of, shows_90
from regx.report.claim_evidence import PartEvidence
from regx.report.claim_words import scaled, scaled_value, show_effect, show_wanted
from regx.report.labels import in_two_lines, shorten
from regx.report.theme import BLUE, INK, MUTED, group_style, log_ticks, svg_file

__all__ = ["save_claim_figure"]

WIDTH = 7.8  # inches, as all below
HEAD, PART, BACKGROUND, FOOT = 0.42, 1.5, 2.55, 0.46
LINE = 0.13  # of the caption
LABELS, SIDES, GAP, MARGIN = 1.2, 2.35, 0.3, 0.25
TITLE_LETTERS, LABEL_LETTERS = 94, 15
HEADING_LETTERS = 90
LOG_RANGE = 4.0  # highest over lowest value from which quotients are shown on a logarithmic axis
SAME = 0.02  # of an axis: dots that are nearer stand above one another


@dataclass(frozen=True)
class _Page:
    """Places things in inches from the top."""

    figure: Figure
    height: float

    def axes(self, left: float, top: float, width: float, height: float, label: str) -> Axes:
        box = (left / WIDTH, 1 - (top + height) / self.height, width / WIDTH, height / self.height)
        return self.figure.add_axes(box, label=label)

    def text(self, x: float, y: float, text: str, **style: Any) -> None:
        self.figure.text(x / WIDTH, 1 - y / self.height, text, **style)


def save_claim_figure(path: Path, title: str, parts: Sequence[PartEvidence]) -> None:
    """Draw the evidence for a claim.

    Args:
        path: The SVG file to make or replace. Its folder must exist.
        title: Its id and sentence.
        parts: One row each.

    Raises:
        OSError: If the file cannot be written.
    """
    behind = backgrounds(part.behind for part in parts)
    caption = caption_of([part.result for part in parts], behind)
    order = _order(parts, behind)
    foot = FOOT + LINE * max(0, caption.count("\n") - 1)
    height = HEAD + PART * len(parts) + BACKGROUND * len(behind) + foot
    with svg_file(path, width=WIDTH, height=height, title=title) as figure:
        page = _Page(figure, height)
        page.text(0.1, 0.22, shorten(title, TITLE_LETTERS), size=10, weight="bold", va="center")
        top = HEAD
        for part in parts:
            _draw_part(page, top, part, order)
            top += PART
        for one in behind:
            draw_background(page.axes, one, top, order)
            top += BACKGROUND
        page.text(0.1, height - 0.08, caption, color=MUTED, size=7.5, va="bottom")


def _order(parts: Sequence[PartEvidence], behind: Sequence[Background]) -> dict[str, int]:
    """Give each arm one place, and so one colour, in all panels."""
    labels = dict.fromkeys(side.label for part in parts for side in part.sides)
    for one in behind:
        labels |= dict.fromkeys(one.labels)
    return {label: index for index, label in enumerate(labels)}


def _draw_part(page: _Page, top: float, part: PartEvidence, order: Mapping[str, int]) -> None:
    """Draw one row: the numbers of each side on the left, their differences on the right."""
    result = part.result
    wanted = show_wanted(result)
    answer = f"   {wanted}: {'holds' if result.holds else 'does not hold'}" if wanted else ""
    page.text(0.1, top + 0.12, shorten(part.heading, HEADING_LETTERS), size=8.5, weight="bold", va="center")
    if result.mean is not None:
        page.text(0.1, top + 0.29, show_effect(result) + answer, size=8, va="center")
    panel_top, height = top + 0.42, PART - 0.86
    right = LABELS + SIDES + GAP
    if len(part.sides) > 1:
        _draw_sides(page.axes(LABELS, panel_top, SIDES, height, f"sides {top}"), part, order)
    else:
        right = LABELS
    if result.differences:
        axes = page.axes(right, panel_top, WIDTH - MARGIN - right, height, f"differences {top}")
        _draw_differences(axes, result)
    elif result.problem:
        page.text(right, panel_top + 0.2, shorten(result.problem, 70), size=8, color=MUTED)


def _draw_sides(axes: Axes, part: PartEvidence, order: Mapping[str, int]) -> None:
    """Draw the numbers of each arm, a line of dots for each."""
    factor, unit = scaled_value(part.unit)
    axes.set_ylim(len(part.sides) - 0.4, -0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    everything = [factor * value for side in part.sides for value in side.values]
    is_quotient = part.result.unit in ("ln", "log2")
    if is_quotient and everything and min(everything) > 0 and max(everything) / min(everything) > LOG_RANGE:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(log_ticks(min(everything), max(everything))))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.xaxis.set_major_formatter(FuncFormatter(_plain))
    for index, side in enumerate(part.sides):
        color = group_style(order[side.label])["color"]
        values = [factor * value for value in side.values]
        heights = [index + offset for offset in _stacked(values, everything, most=0.35)]
        axes.plot(values, heights, "o", markersize=3.6, color=color, alpha=0.5, mew=0)
        if values:
            mean = sum(values) / len(values)
            axes.plot([mean] * 2, [index - 0.28, index + 0.28], color=color, linewidth=1.6)
        label = in_two_lines(side.label, LABEL_LETTERS)
        label += f"\n({side.num_censored} censored)" if side.num_censored else ""
        axes.text(
            -0.04, index, label, transform=axes.get_yaxis_transform(), ha="right", va="center", size=8,
            color=color, linespacing=1.1,
        )  # fmt: skip
    axes.margins(x=0.06)
    axes.set_xlabel(f"each arm{f' ({unit})' if unit else ''}", labelpad=1, size=8)


def _draw_differences(axes: Axes, result: PartResult) -> None:
    """Draw the differences of one part: dots, mean and intervals, zero, and what was asked for."""
    factor, unit = scaled(result.unit)
    values = [factor * value for value in result.differences.values()]
    axes.set_ylim(-0.65, 1.0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    shown = [*values, 0.0, *_bounds(result, factor)]
    low, high = min(shown), max(shown)
    margin = 0.07 * ((high - low) or 1.0)
    axes.set_xlim(low - margin, high + margin)
    _shade(axes, result, factor)
    axes.axvline(0, color=INK, linewidth=0.9, zorder=2)
    heights = [-0.34 - offset for offset in _stacked(values, [*axes.get_xlim()], most=0.26)]
    axes.plot(values, heights, "o", markersize=4, color=BLUE, alpha=0.5, mew=0, zorder=3)
    if shows_90(result) and result.low_90 is not None and result.high_90 is not None:
        ends = [factor * result.low_90, factor * result.high_90]
        axes.plot(ends, [0.45] * 2, color=BLUE, linewidth=5, alpha=0.4, solid_capstyle="butt", zorder=3)
    if result.low is not None and result.high is not None:
        axes.plot([factor * result.low, factor * result.high], [0.45] * 2, color=BLUE, zorder=4)
    if result.mean is not None:
        axes.plot(factor * result.mean, 0.45, "D", markersize=5.5, color=BLUE, mec="white", zorder=5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.xaxis.set_major_formatter(FuncFormatter(_plain))
    axes.set_xlabel(f"{_meaning(result)}{f' ({unit})' if unit else ''}", labelpad=1, size=8)


def _meaning(result: PartResult) -> str:
    """Say how to read the axis of the differences."""
    if result.contrast.isidentifier():
        return "the claim is about this number"
    return "0: the two agree" if result.criterion == "within" else "right of 0 favours the claim"


def _bounds(result: PartResult, factor: float) -> list[float]:
    """List what an axis must not leave out beside the dots."""
    ends = [factor * end for end in (result.low, result.high) if end is not None]
    if not result.criterion or result.amount is None:
        return ends
    amount = factor * result.amount
    return ends + {
        "smallest_effect": [-amount, amount], "within": [-amount, amount], "not_worse_than": [-amount],
    }.get(result.criterion, [amount])  # fmt: skip


def _shade(axes: Axes, result: PartResult, factor: float) -> None:
    """Shade where a difference is too small to matter, and draw the line that has to be reached."""
    if not result.criterion or result.amount is None:
        return
    amount = factor * result.amount
    lines = {"smallest_effect": [amount], "within": [-amount, amount], "not_worse_than": [-amount]}
    for at in lines.get(result.criterion, [amount]):
        axes.axvline(at, color=MUTED, linewidth=1, linestyle=(0, (4, 2.5)), zorder=2)
    if result.criterion in ("smallest_effect", "within"):
        axes.axvspan(-amount, amount, color="#EFEFEF", linewidth=0, zorder=0.2)
    elif result.criterion == "not_worse_than":
        axes.axvspan(-amount, axes.get_xlim()[1], color="#EFEFEF", linewidth=0, zorder=0.2)


def _stacked(values: Sequence[float], shown: Sequence[float], *, most: float) -> list[float]:
    """Move dots that are in one place apart, step by step; `most` is the highest that one may go."""
    width = SAME * ((max(shown, default=0.0) - min(shown, default=0.0)) or 1.0)
    places = [round(value / width) for value in values]
    levels = [places[:index].count(place) for index, place in enumerate(places)]
    step = min(0.13, most / max(1, *levels, 1))
    return [step * level for level in levels]


def _plain(value: float, _: object) -> str:
    return f"{value:g}".replace("-", "−")
