"""A claim's figure: every seed's difference, the interval, what was asked for, and how the runs went."""

import textwrap
from collections.abc import Collection, Mapping, Sequence
from math import inf, isfinite
from pathlib import Path
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from regx.claims.facts import part_facts
from regx.claims.registry import Registry
from regx.claims.results import ClaimResult, PartResult, ResultsFolder
from regx.config import Tier
from regx.figures import marks, theme
from regx.figures.claim_evidence import GridPanel, Panel, PanelRow, PartEvidence, gather
from regx.figures.grid import draw_over_grid, grid_caption, set_grid_axis
from regx.numbers import shorten

__all__ = ["save_claim_figure", "save_figures"]

WIDTH = 7.8  # inches, as all below
HEAD, PART, PANELS, FOOT = 0.42, 1.5, 2.55, 0.46
LINE = 0.13  # of the caption
LABELS, SIDES, GAP, MARGIN = 1.2, 2.35, 0.3, 0.25
PANELS_LEFT, PANEL_TOP, PANEL_HEIGHT = 0.68, 0.3, 1.7
PANEL_WIDTHS, PANEL_GAPS = {2: 2.4, 3: 1.6}, {2: 1.25, 3: 0.5}  # of so many panels
GRID_WIDTH = 4.3
COUNTS = (theme.EPOCHS, "step")  # what is counted from 1, in place of being tried
TITLE_LETTERS, HEADING_LETTERS, LABEL_LETTERS, END_LETTERS = 94, 90, 15, 14
CAPTION_LETTERS = 130  # of a line
LOG_RANGE = 4.0  # highest over lowest value from which quotients are shown on a logarithmic axis
_GREYS = {
    "smallest_effect": "grey: less than the smallest effect of the claim (dashed)",
    "within": "grey between dashed lines: counts as equal",
    "not_worse_than": "grey right of a dashed line: not worse",
    "always": "a control: all dots have to be on the dashed line",
}


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
            if setting.experiment not in experiments:
                continue
            parts, panels = gather(setting, judged[item.id], root, tier, runs_dir)
            if parts:
                path = ResultsFolder.named(root, tier, setting.experiment).figure(setting.id)
                save_claim_figure(path, f"{setting.id}  {item.claim.says}", parts, panels)


def save_claim_figure(
    path: Path, title: str, parts: Sequence[PartEvidence], panels: Sequence[PanelRow]
) -> Figure:
    """Draw the evidence for a claim.

    Args:
        path: The SVG file to make or replace. Its folder must exist.
        title: Its id and sentence.
        parts: One row each.
        panels: Rows of panels below them: what the runs looked like.

    Returns:
        What stands in the file.

    Raises:
        OSError: If the file cannot be written.
    """
    caption, order = _caption(parts, panels), _order(parts, panels)
    foot = FOOT + LINE * max(0, caption.count("\n") - 1)
    height = HEAD + PART * len(parts) + PANELS * len(panels) + foot
    with theme.svg_file(path, width=WIDTH, height=height, title=title) as figure:
        theme.add_text(figure, 0.1, 0.22, shorten(title, TITLE_LETTERS), size=10, weight="bold")
        top = HEAD
        for part in parts:
            _draw_part(figure, top, part, order)
            top += PART
        for row in panels:
            _draw_panels(figure, top, row, order)
            top += PANELS
        theme.add_caption(figure, 0.1, caption)
    return figure


def _order(parts: Sequence[PartEvidence], panels: Sequence[PanelRow]) -> dict[str, int]:
    """Give each arm one place, and so one colour, in all panels."""
    labels = [side.label for part in parts for side in part.sides]
    labels += [label for row in panels for panel in row for label in panel.lines]
    return {label: index for index, label in enumerate(dict.fromkeys(labels))}


def _caption(parts: Sequence[PartEvidence], panels: Sequence[PanelRow]) -> str:
    """Say what the marks mean, in lines."""
    results = [part.result for part in parts]
    dots = "dots: each seed; diamond"
    dots += " and line: mean, 95 % t-interval" if any(one.low is not None for one in results) else ": mean"
    shown = [panel for row in panels for panel in row]
    lines = [seeds for panel in shown if isinstance(panel, Panel) for seeds in panel.lines.values()]
    grids = [line for panel in shown if isinstance(panel, GridPanel) for line in panel.lines.values()]
    strips = [dots, *(["thick bar: 90 % interval"] if any(map(_shows_90, results)) else [])]
    greys = [text for criterion, text in _GREYS.items() if criterion in {one.criterion for one in results}]
    texts = (strips, marks.seeds_caption(lines), grid_caption(grids) if grids else [], greys)
    return "\n".join(line for text in texts for line in textwrap.wrap("; ".join(text), CAPTION_LETTERS))


def _draw_part(figure: Figure, top: float, part: PartEvidence, order: Mapping[str, int]) -> None:
    """Draw one row: the numbers of each side on the left, their differences on the right."""
    result = part.result
    facts = part_facts(result)
    answer = f"   {facts.wanted}: {facts.answer}" if facts.wanted else ""
    heading = shorten(facts.heading, HEADING_LETTERS)
    theme.add_text(figure, 0.1, top + 0.12, heading, size=8.5, weight="bold")
    if facts.effect:
        theme.add_text(figure, 0.1, top + 0.29, facts.effect + answer, size=8)
    panel_top, height = top + 0.42, PART - 0.86
    left = LABELS
    if len(part.sides) > 1:
        _draw_sides(theme.add_panel(figure, LABELS, panel_top, SIDES, height, f"sides {top}"), part, order)
        left += SIDES + GAP
    if result.differences:
        axes = theme.add_panel(figure, left, panel_top, WIDTH - MARGIN - left, height, f"differences {top}")
        _draw_differences(axes, result)
    elif result.problem:
        theme.add_text(figure, left, panel_top + 0.2, shorten(result.problem, 70), size=8, color=theme.MUTED)


def _draw_sides(axes: Axes, part: PartEvidence, order: Mapping[str, int]) -> None:
    """Draw the numbers of each arm, a row of dots for each."""
    factor, unit = theme.scaled(part.unit)
    everything = [factor * value for side in part.sides for value in side.values]
    low, high = min(everything, default=0.0), max(everything, default=0.0)
    is_quotient = part.result.unit in ("ln", "log2")
    marks.set_rows(axes, -0.6, len(part.sides) - 0.4)
    marks.set_row_axis(axes, everything, num_ticks=4, log=is_quotient and low > 0 and high / low > LOG_RANGE)
    for index, side in enumerate(part.sides):
        color = theme.group_style(order[side.label])["color"]
        values = [factor * value for value in side.values]
        marks.draw_dots(axes, values, marks.stacked(axes, values, index, room=0.35), color)
        if values:
            tick = {"marker": "|", "markersize": 11, "markeredgewidth": 1.6, "markeredgecolor": color}
            marks.draw_interval(axes, fmean(values), None, index, color, **tick)  # hides no dot of its row
        label = marks.in_two_lines(side.label, LABEL_LETTERS)
        label += f"\n({side.num_censored} censored)" if side.num_censored else ""
        marks.row_text(
            axes, -0.04, index, label, ha="right", va="center", size=8, color=color, linespacing=1.1
        )
    axes.set_xlabel(theme.with_unit("each arm", unit), labelpad=1, size=8)


def _draw_differences(axes: Axes, result: PartResult) -> None:
    """Draw the differences of one part: dots, mean and intervals, zero, and what was asked for."""
    factor, unit = theme.scaled(result.unit, difference=True)
    values = [factor * value for value in result.differences.values()]
    ends, ends_90 = _ends(result.low, result.high, factor), _ends(result.low_90, result.high_90, factor)
    dashed, grey = _asked_for(result, factor)
    shown = [*values, 0.0, *(ends or ()), *dashed, *(grey or ())]
    marks.set_rows(axes, -1.0, 0.65)
    marks.set_row_axis(axes, list(filter(isfinite, shown)), num_ticks=6)
    marks.draw_asked_for(axes, dashed, grey)
    marks.draw_dots(axes, values, marks.stacked(axes, values, 0.34, room=0.26), theme.BLUE)
    if ends_90 is not None and _shows_90(result):
        axes.plot(
            ends_90, [-0.45] * 2, color=theme.BLUE, linewidth=5, alpha=0.4, solid_capstyle="butt", zorder=3
        )
    if result.mean is not None:
        marks.draw_interval(axes, factor * result.mean, ends, -0.45, theme.BLUE)
    axes.set_xlabel(theme.with_unit(_meaning(result), unit), labelpad=1, size=8)


def _ends(low: float | None, high: float | None, factor: float) -> tuple[float, float] | None:
    return None if low is None or high is None else (factor * low, factor * high)


def _shows_90(result: PartResult) -> bool:
    """Whether the 90 % interval is drawn: equality is asked for, or is what is left without an effect."""
    if result.low_90 is None or result.high_90 is None:
        return False
    if result.criterion == "smallest_effect":
        return not result.holds
    return result.criterion in ("within", "not_worse_than")


def _meaning(result: PartResult) -> str:
    """Say how to read the axis of the differences."""
    if result.contrast.isidentifier():
        return "the claim is about this number"
    return "0: the two agree" if result.criterion == "within" else "right of 0 favours the claim"


def _asked_for(result: PartResult, factor: float) -> tuple[list[float], tuple[float, float] | None]:
    """Return where the axis has a dashed line that must be reached, and from where to where it is grey."""
    if not result.criterion or result.amount is None:
        return [], None
    amount = factor * result.amount
    if result.criterion == "smallest_effect":
        return [amount], (-amount, amount)
    if result.criterion == "within":
        return [-amount, amount], (-amount, amount)
    return ([-amount], (-amount, inf)) if result.criterion == "not_worse_than" else ([amount], None)


def _draw_panels(figure: Figure, top: float, row: PanelRow, order: Mapping[str, int]) -> None:
    """Draw one grid, or the panels of a row; three of them share the labels at the right."""
    num_columns = max(2, len(row))
    width, gap = PANEL_WIDTHS[num_columns], PANEL_GAPS[num_columns]
    for column, panel in enumerate(row):
        left, label = PANELS_LEFT + column * (width + gap), f"{panel.title} {top}"
        wide = GRID_WIDTH if isinstance(panel, GridPanel) else width
        axes = theme.add_panel(figure, left, top + PANEL_TOP, wide, PANEL_HEIGHT, label)
        axes.set_title(panel.title, fontsize=8.5)
        if isinstance(panel, GridPanel):
            draw_over_grid(axes, panel.axis, panel.lines, order)
            continue
        labels = _draw_lines(axes, panel, order)
        if num_columns == 2 or column == len(row) - 1:
            marks.label_line_ends(axes, labels, x=axes.get_xlim()[1], size=8)


def _draw_lines(axes: Axes, panel: Panel, order: Mapping[str, int]) -> list[marks.EndLabel]:
    """Draw the seeds of each arm; name the ends of their lines."""
    points = [point for seeds in panel.lines.values() for line in seeds for point in line]
    xs = sorted({x for x, _ in points})
    if panel.x in COUNTS:
        theme.set_count_axis(axes, xs[-1], panel.x)
    else:
        set_grid_axis(axes, xs, panel.x)
    theme.set_value_axis(axes, [y for _, y in points], wide_range=6)
    labels = []
    for arm, seeds in panel.lines.items():
        style = theme.group_style(order[arm])
        end = marks.draw_seeds(axes, seeds, style, num_curves=3 * len(panel.lines))
        labels.append(marks.EndLabel(end, marks.in_two_lines(arm, END_LETTERS), style["color"]))
    return labels
