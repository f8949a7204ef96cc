"""A claim's figure: every seed's difference, the interval, what was asked for, and the curves behind it."""

import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from regx.claims.quantity import scaled, scaled_value, show_effect, show_wanted
from regx.claims.registry import Registry
from regx.claims.results import ClaimResult, PartResult, ResultsFolder
from regx.config import Tier
from regx.figures.claim_data import (
    Background,
    Curves,
    Ladder,
    PartEvidence,
    TracePanel,
    Traces,
    backgrounds,
    gather,
)
from regx.figures.grid import draw_ladder, leave_room, set_grid_axis
from regx.figures.labels import EndLabel, in_two_lines, label_line_ends, shorten
from regx.figures.marks import MIN_BAND, band, has_band, mean_curve, shared_epochs, thin_out
from regx.figures.theme import (
    BLUE,
    INK,
    MUTED,
    draw_band,
    group_style,
    log_ticks,
    set_epoch_axis,
    set_value_axis,
    svg_file,
)
from regx.runs.metrics import EpochMetrics
from regx.runs.table import Run
from regx.stats.tests import mean_interval

__all__ = ["caption_of", "draw_background", "save_claim_figure", "save_figures", "shows_90"]

PlaceAxes = Callable[[float, float, float, float, str], Axes]  # left, top, width, height, label
DrawPanel = Callable[[Axes], list[EndLabel]]
LEFT, HEIGHT = 0.55, 1.7  # inches
WIDTHS, GAPS = {2: 2.4, 3: 1.6}, {2: 1.25, 3: 0.55}  # of so many panels, inches
TOP = 0.3
WIDE = 4.3  # of the one panel of a ladder
MEAN_POINTS, THIN_POINTS = 100, 60
LADDER_LETTERS = 14
BAND = 0.22  # how opaque


def draw_background(place: PlaceAxes, behind: Background, top: float, order: Mapping[str, int]) -> None:
    """Draw up to three panels of curves, two of traces, or one of a ladder.

    Args:
        place: Makes a panel; in inches from the top left.
        behind: What to draw.
        top: Where the space for it begins, in inches.
        order: Place of each arm, which gives its colour.
    """
    if isinstance(behind, Ladder):
        _draw_ladder(place(LEFT, top + TOP, WIDE, HEIGHT, f"ladder {top}"), behind, order)
        return
    panels = _trace_panels(behind, order) if isinstance(behind, Traces) else _curve_panels(behind, order)
    num_columns = max(2, len(panels))
    width, gap = WIDTHS[num_columns], GAPS[num_columns]
    for column, (title, draw) in enumerate(panels.items()):
        axes = place(LEFT + column * (width + gap), top + TOP, width, HEIGHT, f"{title} {top}")
        axes.set_title(title, fontsize=8.5)
        labels = draw(axes)
        if num_columns == 2 or column == len(panels) - 1:
            label_line_ends(axes, labels, x=axes.get_xlim()[1], size=8)


def _curve_panels(curves: Curves, order: Mapping[str, int]) -> dict[str, DrawPanel]:
    values: dict[str, Callable[[EpochMetrics], float]] = {"Training loss (nats)": lambda row: row.train_loss}
    if "error" in curves.shows:
        values["Validation error (%)"] = lambda row: 100 * row.valid_error
    if "loss" in curves.shows:
        values["Validation loss (nats)"] = lambda row: row.valid_loss
    return {
        title: partial(_draw_curves, arms=curves.runs, value=value, order=order)
        for title, value in values.items()
    }


def _trace_panels(traces: Traces, order: Mapping[str, int]) -> dict[str, DrawPanel]:
    panels: dict[str, DrawPanel] = {}
    for name, panel in traces.panels.items():
        _, unit = scaled_value(panel.unit)
        panels[f"{name} ({unit})" if unit else name] = partial(_draw_traces, panel=panel, order=order)
    return panels


def _draw_traces(axes: Axes, panel: TracePanel, order: Mapping[str, int]) -> list[EndLabel]:
    """Draw the mean of each side with its band where all seeds have a value; name the ends."""
    factor, _ = scaled_value(panel.unit)
    xs = sorted({x for lines in panel.lines.values() for line in lines for x in line})
    if panel.x == "step":
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        axes.set_xlabel(panel.x)
    else:
        set_grid_axis(axes, xs, panel.x)
    every = [factor * value for lines in panel.lines.values() for line in lines for value in line.values()]
    set_value_axis(axes, every, wide_range=6)
    labels = []
    for label, lines in panel.lines.items():
        style = group_style(order[label])
        shared = [x for x in xs if all(x in line for line in lines)]
        if not shared:
            continue
        seeds = [[factor * line[x] for line in lines] for x in shared]
        means = [fmean(values) for values in seeds]
        if len(lines) >= MIN_BAND:
            ends = [mean_interval(values) for values in seeds]
            draw_band(
                axes, shared, [one.low for one in ends], [one.high for one in ends], style["color"], BAND
            )
        axes.plot(shared, means, **style)
        labels.append(_end_label(label, means[-1], style["color"]))
    return labels


def _draw_curves(
    axes: Axes,
    arms: Mapping[str, tuple[Run, ...]],
    value: Callable[[EpochMetrics], float],
    order: Mapping[str, int],
) -> list[EndLabel]:
    """Draw the mean of each arm with its band, or a line for each seed where they are few; name the ends."""
    rows = [row for runs in arms.values() for run in runs for row in run.rows]
    labels: list[EndLabel] = []
    if not rows:
        axes.set_axis_off()
        return labels
    set_epoch_axis(axes, max(row.epoch for row in rows))
    set_value_axis(axes, [value(row) for row in rows], wide_range=6)
    for arm, all_runs in arms.items():
        runs = [run for run in all_runs if run.rows]
        if not runs:
            continue
        style = group_style(order[arm])

        def curve(run: Run) -> list[float]:
            return [value(row) for row in run.rows]

        means, epochs = mean_curve(runs, curve), shared_epochs(runs)
        kept = thin_out(range(len(means)), MEAN_POINTS)
        if has_band(runs):
            low, high = band(runs, curve, kept)
            draw_band(axes, [epochs[at] for at in kept], low, high, style["color"], BAND)
        else:
            for run in runs:
                shown = thin_out(range(len(run.rows)), THIN_POINTS)
                axes.plot(
                    [run.rows[at].epoch for at in shown],
                    [curve(run)[at] for at in shown],
                    **style,
                    linewidth=0.6,
                    alpha=0.5,
                )
        axes.plot(
            [epochs[at] for at in kept],
            [means[at] for at in kept],
            **style,
            marker="o" if len(kept) < 2 else "",
        )
        labels.append(_end_label(arm, means[-1], style["color"]))
    return labels


def _end_label(name: str, y: float, color: str) -> EndLabel:
    return EndLabel(y=y, text=in_two_lines(name, LADDER_LETTERS), color=color)


def _draw_ladder(axes: Axes, ladder: Ladder, order: Mapping[str, int]) -> None:
    """Draw each arm over the axis of its grid."""
    factor, unit = scaled_value(ladder.unit)
    axes.set_title(f"{ladder.measure}{f' ({unit})' if unit else ''}, each run of the grid", fontsize=8.5)
    set_grid_axis(axes, sorted({at for points in ladder.points.values() for at in points}), ladder.axis)
    points = {
        arm: {at: [None if one is None else factor * one for one in found] for at, found in by_value.items()}
        for arm, by_value in ladder.points.items()
    }
    everything = [
        one for by_value in points.values() for found in by_value.values() for one in found if one is not None
    ]
    if everything:
        set_value_axis(axes, everything, wide_range=6)
    if ladder.has_diverged or ladder.has_censored:
        leave_room(axes, 1 + max(order[arm] for arm in points))
    labels = []
    for arm, by_value in points.items():
        num_diverged = {at: sum(one is None for one in found) for at, found in by_value.items()}
        end = draw_ladder(axes, by_value, num_diverged, order[arm], ladder.num_censored[arm])
        if end is not None:
            labels.append(_end_label(arm, end, group_style(order[arm])["color"]))
    if labels:
        label_line_ends(axes, labels, x=axes.get_xlim()[1], size=8)


LETTERS = 130  # of a line
_GREYS = {
    "smallest_effect": "grey: smaller than the smallest effect that was asked for (dashed)",
    "within": "grey between dashed lines: counts as equal",
    "not_worse_than": "grey right of a dashed line: not worse",
    "always": "a control: all dots have to be on the dashed line",
}


def caption_of(results: Sequence[PartResult], behind: Sequence[Background]) -> str:
    """Say what the marks mean, in lines.

    Args:
        results: Of the parts that are drawn.
        behind: Drawn below them.
    """
    criteria = {result.criterion for result in results}
    marks = [words for criterion, words in _GREYS.items() if criterion in criteria]
    ladders = [one for one in behind if isinstance(one, Ladder)]
    if any(ladder.has_diverged for ladder in ladders):
        marks.append("×: runs that diverged, and how many")
    if any(ladder.has_censored for ladder in ladders):
        marks.append("△: runs that were not there when their steps ended, and how many")
    texts = ("; ".join([_dots(results), *_lines(behind)]), "; ".join(marks))
    return "\n".join(line for text in texts for line in textwrap.wrap(text, LETTERS))


def shows_90(result: PartResult) -> bool:
    """Whether the 90 % interval is drawn: equality is asked for, or is what is left without an effect."""
    if result.low_90 is None or result.high_90 is None:
        return False
    if result.criterion == "smallest_effect":
        return not result.holds
    return result.criterion in ("within", "not_worse_than")


def _dots(results: Sequence[PartResult]) -> str:
    words = "dots: each seed; diamond"
    words += " and line: mean, 95 % t-interval" if any(one.low is not None for one in results) else ": mean"
    return words + ("; thick bar: 90 % interval" if any(map(shows_90, results)) else "")


def _lines(behind: Sequence[Background]) -> list[str]:
    if not behind:
        return []
    has_bands = any(map(_has_band, behind))
    words = ["curves: mean of the seeds, with its 95 % band" if has_bands else "curves: mean of the seeds"]
    arms = [runs for one in behind if isinstance(one, Curves) for runs in one.runs.values()]
    return words + ["thin: each seed"] * any(len(runs) > 1 and not has_band(runs) for runs in arms)


def _has_band(behind: Background) -> bool:
    if isinstance(behind, Curves):
        return any(map(has_band, behind.runs.values()))
    if isinstance(behind, Ladder):
        return any(len(found) >= MIN_BAND for by in behind.points.values() for found in by.values())
    return any(len(lines) >= MIN_BAND for panel in behind.panels.values() for lines in panel.lines.values())


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


def save_figures(
    registry: Registry,
    judged: Mapping[str, ClaimResult],
    experiments: Collection[str],
    root: Path,
    tier: Tier,
    runs_dir: Path,
) -> None:
    """Draw the claims that rest on some experiments: results/<tier>/<experiment>/<claim>.svg.

    A claim of several settings has a figure for each, beside the numbers that it shows.

    A figure shows numbers and no verdict: it is a function of the results and the runs, and changes with
    nothing else. A claim without a number has none.

    Args:
        registry: All claims.
        judged: How they were judged, by id.
        experiments: Names of those whose figures are wanted, because their runs are complete.
        root: Folder of the results.
        tier: Of the results.
        runs_dir: Folder of the runs' folders.

    Raises:
        UsageError: If a file of the results is damaged.
        OSError: If a figure cannot be written.
    """
    for item in registry.empirical:
        for setting in registry.settings_of(item) if item.id in judged else ():
            wanted = setting.experiment in experiments
            parts = gather(setting, judged[item.id], root, tier, runs_dir) if wanted else []
            if parts:
                path = ResultsFolder.named(root, tier, setting.experiment).figure(setting.id)
                save_claim_figure(path, f"{setting.id}  {item.claim.says}", parts)
