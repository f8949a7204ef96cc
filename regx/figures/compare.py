"""Figures of `regx compare`: overfitting.svg, convergence.svg and differences.svg."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator, MaxNLocator, NullLocator

from regx.compare.compare import Comparison, Row, measure_group
from regx.compare.groups import Group
from regx.compare.tables import show_cell, show_interval, show_label
from regx.figures import marks, theme
from regx.measures.curves import smoothed_valid_error
from regx.measures.measure import Measure
from regx.measures.run import of_run
from regx.numbers import equals, shorten, show_p, show_percent, show_signed
from regx.runs.load import Run
from regx.runs.metrics import EpochMetrics
from regx.stats.inference import Inference

__all__ = ["has_pairs", "save_convergence", "save_differences", "save_overfitting"]

Value = Callable[[EpochMetrics], float]


def _num_epochs(comparison: Comparison) -> int:
    return max((run.last_epoch for group in comparison.groups for run in group.runs), default=0)


def _lines_caption(comparison: Comparison) -> list[str]:
    """Say what the lines of groups of seeds mean; nothing for single runs."""
    return marks.seeds_caption([[run.rows for run in group.runs if run.rows] for group in comparison.groups])


def _left_out_caption(comparison: Comparison) -> list[str]:
    """Say how many groups are not drawn, where some are not."""
    num_drawn = len(comparison.groups)
    num_all = num_drawn + comparison.num_left_out
    return [f"the first {num_drawn} of {num_all:,} groups"] if comparison.num_left_out else []


# Overfitting: how far training and validation loss come apart, group beside group.

PANELS_PER_ROW = 3
PANEL_WIDTH, BARS_WIDTH, ROW_HEIGHT, FOOT = 2.65, 2.5, 3.55, 0.45  # inches
TOP, LOSSES, BETWEEN, GAPS = 0.63, 1.45, 0.2, 0.95  # heights within a row: two panels and what is above them
TITLE_LETTERS, BAR_LETTERS = 26, 18
BAR = "#8A8A8A"  # blue and vermillion mean training and validation here
WIDEST_GAP = 4.0  # times the widest gap at an end: a gap beyond leaves its panel, or the others were flat

# Where the curves of the gap end. The tables have no line for it: the gap of a result is on the test set.
VALID_GAP = Measure(
    name="valid_gap",
    label="loss gap, valid − train",
    section="Overfitting",
    unit="nats",
    better="lower",
    meaning="Validation loss minus training loss at the end.",
    of=of_run(lambda run: final.valid_loss - final.train_loss if (final := run.record.final) else None),
    at_the_end=True,
)


def save_overfitting(path: Path, comparison: Comparison) -> Figure:
    """Draw each group's losses on the same axes, the gap between them as a curve, and the gaps as bars.

    Args:
        path: The SVG file to make or replace.
        comparison: Two or more groups.

    Returns:
        What stands in the file.

    Raises:
        OSError: If the file cannot be written.
    """
    groups = comparison.groups
    columns = min(PANELS_PER_ROW, len(groups))
    width = columns * PANEL_WIDTH + BARS_WIDTH
    height = ROW_HEIGHT * -(-len(groups) // columns) + FOOT
    title = "Overfitting: " + ", ".join(group.label for group in groups)
    cells = tuple(measure_group(VALID_GAP, group, comparison.reference) for group in groups)
    valid_gaps = Row(measure=VALID_GAP, cells=cells, inferences=(None,) * len(cells))
    bars = {
        "Loss gap, valid − train (nats)": valid_gaps,
        "Loss gap, test − train (nats)": comparison.row("loss_gap"),
        "Error gap, test − train (%)": comparison.row("error_gap"),
    }
    with theme.svg_file(path, width=width, height=height, title=title) as figure:
        _draw_gaps(figure, comparison, valid_gaps, columns)
        share = (height - 0.42) / len(bars)
        for place, (name, row) in enumerate(bars.items()):
            axes = theme.add_panel(
                figure, columns * PANEL_WIDTH + 0.22, place * share + 0.54, 1.6, share - 0.5
            )
            axes.set_title(name, pad=6, fontsize=8.5)
            _draw_bars(axes, row, [group.label for group in groups])
        caption = ["gap: valid − train, on a linear axis", *_lines_caption(comparison)]
        caption += _left_out_caption(comparison)
        theme.add_caption(figure, 0.24, "; ".join(caption))
    return figure


def _draw_gaps(figure: Figure, comparison: Comparison, valid_gaps: Row, columns: int) -> None:
    """Draw the two panels of every group: its losses, and the gap between them."""
    rows = [row for group in comparison.groups for run in group.runs for row in run.rows]
    losses = [loss for row in rows for loss in (row.train_loss, row.valid_loss)]
    gaps = _gap_limits(list(map(_gap, rows)), [mean for cell in valid_gaps.cells if (mean := cell.mean)])
    for index, group in enumerate(comparison.groups):
        line, column = divmod(index, columns)
        left, top = column * PANEL_WIDTH + 0.68, line * ROW_HEIGHT + TOP
        upper = theme.add_panel(figure, left, top, 1.33, LOSSES)
        lower = theme.add_panel(figure, left, top + LOSSES + BETWEEN, 1.33, GAPS)
        upper.set_title(shorten(group.label, TITLE_LETTERS), pad=10)
        for axes, name in ((upper, "loss (nats)"), (lower, "gap (nats)")):
            theme.set_count_axis(axes, _num_epochs(comparison))
            axes.tick_params(labelleft=column == 0)  # the axes of all groups are the same
            axes.set_ylabel(name if column == 0 else "", labelpad=2)
        upper.set_xlabel("")
        upper.tick_params(labelbottom=False)
        if losses:
            theme.set_value_axis(upper, losses)
        lower.set_ylim(gaps)
        lower.yaxis.set_major_locator(MaxNLocator(nbins=4))
        lower.axhline(0, color=theme.LINE, linewidth=0.8)
        if len(comparison.groups) > PANELS_PER_ROW:
            upper.yaxis.set_minor_locator(NullLocator())  # hundreds of ticks that nobody reads
        _draw_group(upper, lower, group, num_curves=3 * len(comparison.groups))


def _gap(row: EpochMetrics) -> float:
    return row.valid_loss - row.train_loss


def _gap_limits(gaps: Sequence[float], ends: Sequence[float]) -> tuple[float, float]:
    """Choose one linear axis for the gaps of all groups, with 0 on it."""
    low, high = min([0.0, *gaps]), max([0.0, *gaps])
    if ends:
        widest = WIDEST_GAP * max(map(abs, ends))
        low, high = max(low, -widest), min(high, widest)
    margin = 0.06 * ((high - low) or 1.0)
    return low - margin, high + margin


def _draw_group(upper: Axes, lower: Axes, group: Group, *, num_curves: int) -> None:
    """Draw one group: its losses above, the gap between them below."""
    runs = [run for run in group.runs if run.rows]
    unfinished = " and ".join(sorted({run.record.status for run in group.runs} - {"done"}))
    if not runs:
        upper.text(0.5, 0.5, unfinished, transform=upper.transAxes, ha="center", color=theme.MUTED)
        return
    upper.text(0.97, 0.95, unfinished, transform=upper.transAxes, ha="right", va="top", color=theme.MUTED)
    last_epoch = min(run.rows[-1].epoch for run in runs)
    curves: dict[str, tuple[Axes, str, Value]] = {
        "train": (upper, theme.BLUE, lambda row: row.train_loss),
        "valid": (upper, theme.VERMILLION, lambda row: row.valid_loss),
        "gap": (lower, theme.INK, _gap),
    }
    labels: dict[Axes, list[marks.EndLabel]] = {upper: [], lower: []}
    for name, (axes, color, value) in curves.items():
        lines = [[(row.epoch, value(row)) for row in run.rows] for run in runs]
        end = marks.draw_seeds(axes, lines, {"color": color}, num_curves=num_curves)
        labels[axes].append(marks.EndLabel(end, name, color))
    for axes, ends in labels.items():
        marks.label_line_ends(axes, ends, x=last_epoch)


def _draw_bars(axes: Axes, row: Row, labels: Sequence[str]) -> None:
    """Draw one bar per group with its value beside it and a dot per seed."""
    scale, _ = theme.scaled(row.measure.unit)
    everything = [scale * value for cell in row.cells for value in cell.values if value is not None]
    low, high = min([0.0, *everything]), max([0.0, *everything])
    span = (high - low) or 1.0
    marks.set_rows(axes, -0.75, len(labels) - 0.35)
    axes.set_xlim(low - 0.02 * span, high + 0.05 * span)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    if low < 0:
        axes.axvline(0, color=theme.LINE, linewidth=0.8)
    for index, (label, cell) in enumerate(zip(labels, row.cells, strict=True)):
        if cell.mean is not None:
            axes.barh(index, scale * cell.mean, height=0.34, color=BAR)
        if len(cell.values) > 1:
            dots = [scale * value for value in cell.values if value is not None]
            hollow = {"markerfacecolor": "white", "markeredgewidth": 0.7, "alpha": 1}  # seen on a bar
            marks.draw_dots(axes, dots, [index] * len(dots), theme.INK, **hollow)
        marks.row_text(axes, 0, index - 0.26, shorten(label, BAR_LETTERS), va="bottom", size=7.5)
        text = show_cell(cell, row.unit)
        marks.row_text(axes, 1.28, index - 0.26, text, va="bottom", ha="right", size=7.5, weight="bold")


# Convergence: how fast the validation error falls, in epochs and in seconds of training.

WIDTH, CURVES_TOP, CURVES_FOOT = 7.8, 0.4, 0.85  # inches, as all below
CURVES_LEFT, CURVES_WIDTH, CURVES_HEIGHT, BESIDE = 0.53, 2.07, 2.45, 3.67
LABEL_LINE = 0.15  # of a label at the end of a line
STRIP, STRIPS_PAD = 0.17, 0.2  # of a group's dots, and above them all
LABEL_LETTERS = 19
STRIP_LETTERS, STRIP_LABEL = 22, (4, 12)  # of a number with its label; of the label, at least and at most


def save_convergence(path: Path, comparison: Comparison) -> Figure:
    """Draw the validation error of all groups, the target, and when each run reached it.

    Args:
        path: The SVG file to make or replace.
        comparison: Two or more groups.

    Returns:
        What stands in the file.

    Raises:
        OSError: If the file cannot be written.
    """
    title = "Convergence: " + ", ".join(group.label for group in comparison.groups)
    strips = _strips_height(comparison)
    num_lines = len(comparison.groups) * (1 if strips else 2)
    curves = max(CURVES_HEIGHT, num_lines * LABEL_LINE)
    height = CURVES_TOP + curves + strips + CURVES_FOOT
    with theme.svg_file(path, width=WIDTH, height=height, title=title) as figure:
        for column in range(2):
            left = CURVES_LEFT + column * BESIDE
            axes = theme.add_panel(figure, left, CURVES_TOP, CURVES_WIDTH, curves, f"curves {column}")
            _draw_errors(axes, comparison, against_time=column == 1)
            if strips:
                top, tall = CURVES_TOP + curves + STRIPS_PAD, strips - STRIPS_PAD
                lowest = theme.add_panel(figure, left, top, CURVES_WIDTH, tall, f"strips {column}")
                lowest.sharex(axes)
                _draw_strips(lowest, comparison, _time_row(comparison, against_time=column == 1))
                lowest.set_xlabel(axes.get_xlabel())
                axes.set_xlabel("")
                axes.tick_params(labelbottom=False)
        theme.add_caption(figure, CURVES_LEFT, _convergence_caption(comparison))
    return figure


def _time_row(comparison: Comparison, *, against_time: bool) -> Row:
    return comparison.row("seconds_to_target" if against_time else "epochs_to_target")


def _draw_errors(axes: Axes, comparison: Comparison, *, against_time: bool) -> None:
    """Draw the validation error of every group against its epochs, or against its seconds of training."""
    axes.set_title("against training time" if against_time else "Validation error (%) against epochs")
    theme.set_count_axis(axes, _num_epochs(comparison))
    if against_time:
        axes.set_xlim(auto=True)
        axes.xaxis.set_major_locator(AutoLocator())
        axes.set_xlabel("training time (s)")
    errors = [100 * row.valid_error for group in comparison.groups for run in group.runs for row in run.rows]
    if errors:
        theme.set_value_axis(axes, errors, wide_range=6)
    x: Value = (lambda row: row.train_seconds) if against_time else (lambda row: row.epoch)
    times = _time_row(comparison, against_time=against_time)
    target, alone = comparison.reference.target_error, not _strips_height(comparison)
    if target is not None:
        axes.axhline(100 * target, color=theme.INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    labels = []
    for index, (group, cell) in enumerate(zip(comparison.groups, times.cells, strict=True)):
        color = theme.group_style(index)["color"]
        end = _draw_error(axes, group, x, index, num_curves=2 * len(comparison.groups))
        if end is not None:
            text = shorten(group.label, LABEL_LETTERS)
            if alone:
                unit = "" if cell.mean is None else " s" if against_time else " epochs"
                text += f"\n{show_cell(cell, times.unit)}{unit}"
            labels.append(marks.EndLabel(end, text, color))
        if target is not None and alone and cell.mean is not None:
            down = [100 * target, axes.get_ylim()[0]]  # from the target line to the axis
            axes.plot([cell.mean] * 2, down, color=color, linewidth=0.9, linestyle=(0, (1, 1.5)))
            marks.draw_interval(axes, cell.mean, None, 100 * target, color)
    marks.label_line_ends(axes, labels, x=axes.get_xlim()[1], size=8)


def _draw_error(axes: Axes, group: Group, x: Value, index: int, *, num_curves: int) -> float | None:
    """Draw one group's lines; return where the thick one ends, None where there is nothing to draw."""
    runs = [run for run in group.runs if run.rows]
    if not runs:
        return None
    style = theme.group_style(index)
    if len(runs) == 1:
        measured = [(x(row), 100 * row.valid_error) for row in runs[0].rows]
        marks.draw_seed_line(axes, measured, style, num_lines=num_curves)
    return marks.draw_seeds(axes, [_smoothed(run, x) for run in runs], style, num_curves=num_curves)


def _smoothed(run: Run, x: Value) -> marks.Points:
    errors = smoothed_valid_error(run.rows)
    return [(x(row), 100 * error) for row, error in zip(run.rows, errors, strict=True)]


def _draw_strips(axes: Axes, comparison: Comparison, row: Row) -> None:
    """Draw when each seed reached the target, a line of dots for each group, its mean and interval on it."""
    marks.set_rows(axes, -0.6, len(comparison.groups) - 0.4)
    for index, (group, cell) in enumerate(zip(comparison.groups, row.cells, strict=True)):
        color = theme.group_style(index)["color"]
        times = [value for value in cell.values if value is not None]
        marks.draw_dots(axes, times, [index] * len(times), color)
        if cell.mean is not None:
            half = cell.half_width or 0.0
            marks.draw_interval(axes, cell.mean, (cell.mean - half, cell.mean + half), index, color)
        number, (fewest, most) = show_cell(cell, row.unit), STRIP_LABEL
        letters = min(max(STRIP_LETTERS - len(number) - 2, fewest), most)
        text = f"{number}  {shorten(group.label, letters)}"
        marks.row_text(axes, 1.045, index, text, color=color, size=7.5)


def _strips_height(comparison: Comparison) -> float:
    """Return the height of the lines of dots, in inches: none where every group is a single run."""
    if all(len(group.runs) == 1 for group in comparison.groups) or comparison.reference.target_error is None:
        return 0.0
    return STRIPS_PAD + STRIP * len(comparison.groups)


def _convergence_caption(comparison: Comparison) -> str:
    target, strips = comparison.reference.target_error, _strips_height(comparison)
    parts = _lines_caption(comparison) or ["thick: 3-point median, thin: as measured"]
    if target is not None:
        parts.append(f"dashed: target {show_percent(target)}")
        parts += [] if strips else ["diamond: target reached"]
    empty = [group.label for group in comparison.groups if not any(run.rows for run in group.runs)]
    if empty:
        parts.append(f"no epoch completed: {shorten(', '.join(empty), 40)}")
    caption = "; ".join([*parts, *_left_out_caption(comparison)])
    if strips:
        caption += "\nbelow: when the target was reached; dots: each seed, diamond and bar: mean, interval"
    return caption


# Differences: each later group minus the first, seed by seed.

LABELS, PANEL, GAP = 1.35, 2.15, 0.25  # inches
HEAD, ROW, DIFFERENCES_FOOT = 0.42, 0.42, 0.72
DIFFERENCE_LETTERS = 18


def has_pairs(comparison: Comparison) -> bool:
    """Whether there is a difference to draw: some groups share seeds."""
    return any(
        one is not None and one.method == "paired" for row in comparison.headlines() for one in row.inferences
    )


def save_differences(path: Path, comparison: Comparison) -> Figure:
    """Draw the headline measures side by side, one line for each later group.

    Args:
        path: The SVG file to make or replace.
        comparison: Groups that share seeds; see `has_pairs`.

    Returns:
        What stands in the file.

    Raises:
        OSError: If the file cannot be written.
    """
    first, *others = (group.label for group in comparison.groups)
    rows = comparison.headlines()[:3]
    width = LABELS + len(rows) * (PANEL + GAP)
    height = HEAD + ROW * len(others) + DIFFERENCES_FOOT
    title = f"Differences: {', '.join(others)} minus {first}"
    with theme.svg_file(path, width=width, height=height, title=title) as figure:
        for column, row in enumerate(rows):
            left = LABELS + column * (PANEL + GAP)
            axes = theme.add_panel(figure, left, HEAD, PANEL, ROW * len(others), row.measure.name)
            axes.set_title(show_label(row.measure), pad=6, fontsize=8.5)
            _draw_differences(axes, row)
            for index, label in enumerate(others if column == 0 else [], start=1):
                text, color = shorten(label, DIFFERENCE_LETTERS), theme.group_style(index)["color"]
                marks.row_text(axes, -0.06, index, text, ha="right", size=8.5, color=color)
        first = shorten(first, DIFFERENCE_LETTERS)
        caption = f"minus {first}; diamond: mean, bar: its 95 % t-interval, dots: each seed"
        if len(others) > 1:
            caption += "; p: corrected for the number of groups (Holm)"
        theme.add_caption(figure, 0.1, "\n".join([caption, *_left_out_caption(comparison)]))
    return figure


def _draw_differences(axes: Axes, row: Row) -> None:
    """Draw the differences of one measure, and over each line what it says."""
    scale, _ = theme.scaled(row.measure.unit)
    ends = [end for one in row.inferences if one for end in (*one.values, one.low, one.high)]
    marks.set_rows(axes, 0.35, len(row.cells) - 0.5)
    marks.set_row_axis(axes, [0.0, *(scale * end for end in ends if end is not None)], num_ticks=5)
    marks.draw_asked_for(axes)
    axes.set_xlabel(f"{row.measure.better} is better" if row.measure.better else "", labelpad=2)
    for index, one in list(enumerate(row.inferences))[1:]:
        text = row.cells[index].missing or row.cells[0].missing or ""
        if one is not None:
            _draw_difference(axes, one, index, scale=scale)
            text = _difference_text(one, row, like=row.like(index))
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}
        marks.row_text(axes, 0.5, index - 0.34, text, ha="center", size=7, zorder=5, bbox=paper)


def _draw_difference(axes: Axes, one: Inference, index: int, *, scale: float) -> None:
    """Draw one group's dots, and mean and interval over them."""
    color = theme.group_style(index)["color"]
    dots = [scale * value for value in one.values]
    marks.draw_dots(axes, dots, marks.stacked(axes, dots, index + 0.2, room=0.2), color)
    ends = None if one.low is None or one.high is None else (scale * one.low, scale * one.high)
    marks.draw_interval(axes, scale * one.difference, ends, index, color)


def _difference_text(one: Inference, row: Row, *, like: float) -> str:
    text = f"{show_signed(one.difference, row.measure.unit, like=like)} "
    text += show_interval(one, row.measure.unit, like=like)
    return text if one.p_holm is None else f"{text}, p {equals(show_p(one.p_holm))}"
