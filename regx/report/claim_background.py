"""What is behind the numbers of a claim: the curves of its runs, or what the runs of a grid came to."""

from collections.abc import Callable, Mapping
from functools import partial
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from regx.analysis.intervals import mean_interval
from regx.report.claim_behind import Background, Curves, Ladder, TracePanel, Traces
from regx.report.claim_words import scaled_value
from regx.report.grid_figure import draw_ladder, leave_room, set_grid_axis
from regx.report.labels import EndLabel, in_two_lines, label_line_ends
from regx.report.series import MIN_BAND, band, has_band, mean_curve, shared_epochs, thin_out
from regx.report.theme import draw_band, group_style, set_epoch_axis, set_value_axis
from regx.runs.metrics import EpochMetrics
from regx.runs.table import Run

__all__ = ["draw_background"]

PlaceAxes = Callable[[float, float, float, float, str], Axes]  # left, top, width, height, label
DrawPanel = Callable[[Axes], list[EndLabel]]
LEFT, HEIGHT = 0.55, 1.7  # inches
WIDTHS, GAPS = {2: 2.4, 3: 1.6}, {2: 1.25, 3: 0.55}  # of so many panels, inches
TOP = 0.3
WIDE = 4.3  # of the one panel of a ladder
MEAN_POINTS, THIN_POINTS = 100, 60
LABEL_LETTERS = 14
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
    return EndLabel(y=y, text=in_two_lines(name, LABEL_LETTERS), color=color)


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
