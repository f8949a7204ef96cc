"""overfitting.svg: how far training and validation loss come apart, group beside group."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from regx.compare.compare import Comparison, Row, measure_group
from regx.compare.select import Group
from regx.compare.tables import show_cell
from regx.figures.labels import EndLabel, label_line_ends, shorten
from regx.figures.marks import (
    band,
    curves_caption,
    has_band,
    left_out_caption,
    mean_curve,
    shared_epochs,
    thin_out,
)
from regx.figures.theme import (
    BLUE,
    INK,
    MUTED,
    VERMILLION,
    draw_band,
    set_epoch_axis,
    set_value_axis,
    svg_file,
)
from regx.measures.measure import Measure
from regx.measures.run import of_run
from regx.runs.metrics import EpochMetrics
from regx.runs.table import Run

__all__ = ["save_overfitting"]

PANELS_PER_ROW = 3
PANEL_WIDTH, BARS_WIDTH, ROW_HEIGHT, FOOT = 2.65, 2.5, 3.55, 0.45  # inches
LOSSES, BETWEEN, GAPS, AXIS = 1.45, 0.2, 0.95, 0.52  # heights within a row: two panels and what is about them
MAX_POINTS = 4000  # of all thin lines together: keeps the file small
TITLE_LETTERS = 26
MEAN_POINTS = 1000  # of the thick lines of all groups together
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

Curve = Callable[[EpochMetrics], float]


def save_overfitting(path: Path, comparison: Comparison) -> None:
    """Draw each group's losses on the same axes, the gap between them as a curve, and the gaps as bars.

    Args:
        path: The SVG file to make or replace.
        comparison: Two or more groups.

    Raises:
        OSError: If the file cannot be written.
    """
    columns = min(PANELS_PER_ROW, len(comparison.groups))
    rows = -(-len(comparison.groups) // columns)
    width, height = columns * PANEL_WIDTH + BARS_WIDTH, ROW_HEIGHT * rows + FOOT
    title = "Overfitting: " + ", ".join(group.label for group in comparison.groups)
    with svg_file(path, width=width, height=height, title=title) as figure:
        draw_overfitting(figure, comparison, columns=columns)


def draw_overfitting(figure: Figure, comparison: Comparison, *, columns: int) -> None:
    """Draw the content of overfitting.svg on an empty figure; see `save_overfitting`."""
    width, height = figure.get_size_inches()
    groups = comparison.groups
    ends = _valid_gaps(comparison)
    num_epochs = max((run.last_epoch for group in groups for run in group.runs), default=0)
    rows = [row for group in groups for run in group.runs for row in run.rows]
    losses = [loss for row in rows for loss in (row.train_loss, row.valid_loss)]
    gaps = _gap_limits([_gap(row) for row in rows], [mean for cell in ends.cells if (mean := cell.mean)])
    for index, group in enumerate(groups):
        column, line = index % columns, index // columns
        left, bottom = column * PANEL_WIDTH + 0.68, height - (line + 1) * ROW_HEIGHT + AXIS - 0.2

        def panel(up: float, tall: float, left: float = left, bottom: float = bottom) -> Axes:
            return figure.add_axes((left / width, (bottom + up) / height, 1.33 / width, tall / height))

        upper, lower = panel(GAPS + BETWEEN, LOSSES), panel(0, GAPS)
        upper.set_title(shorten(group.label, TITLE_LETTERS), pad=10)
        for axes in (upper, lower):
            set_epoch_axis(axes, num_epochs)
        upper.set_xlabel("")
        upper.tick_params(labelbottom=False)
        if losses:
            set_value_axis(upper, losses)
        lower.set_ylim(gaps)
        lower.yaxis.set_major_locator(MaxNLocator(nbins=4))
        lower.axhline(0, color="#888888", linewidth=0.8)
        if len(groups) > PANELS_PER_ROW:
            upper.yaxis.set_minor_locator(NullLocator())  # hundreds of ticks that nobody reads
        for axes, name in ((upper, "loss (nats)"), (lower, "gap (nats)")):
            axes.tick_params(labelleft=column == 0)  # the axes of all groups are the same
            axes.set_ylabel(name if column == 0 else "", labelpad=2)
        _draw_group(
            (upper, lower),
            group,
            max_points=MAX_POINTS // sum(len(group.runs) for group in groups),
            mean_points=min(400, MEAN_POINTS // (3 * len(groups))),
        )
    parts = ("gap: valid − train, on a linear axis", curves_caption(groups), left_out_caption(comparison))
    figure.text(0.24 / width, 0.1 / height, "; ".join(filter(None, parts)), color=MUTED, size=7.5)
    bars = {
        "Loss gap, valid − train (nats)": ends,
        "Loss gap, test − train (nats)": comparison.row("loss_gap"),
        "Error gap, test − train (%)": comparison.row("error_gap"),
    }
    share = (height - 0.42) / len(bars)
    for place, (title, row) in enumerate(bars.items()):
        left, bottom = columns * PANEL_WIDTH + 0.22, height - 0.32 - (place + 1) * share + 0.28
        axes = figure.add_axes((left / width, bottom / height, 1.6 / width, (share - 0.5) / height))
        axes.set_title(title, pad=6, fontsize=8.5)
        _draw_bars(axes, row, [group.label for group in groups])


def _gap(row: EpochMetrics) -> float:
    return row.valid_loss - row.train_loss


def _valid_gaps(comparison: Comparison) -> Row:
    cells = tuple(measure_group(VALID_GAP, group, comparison.reference) for group in comparison.groups)
    return Row(measure=VALID_GAP, cells=cells, inferences=(None,) * len(cells))


def _gap_limits(gaps: Sequence[float], ends: Sequence[float]) -> tuple[float, float]:
    """Choose one linear axis for the gaps of all groups, with 0 on it."""
    low, high = min([0.0, *gaps]), max([0.0, *gaps])
    if ends:
        widest = WIDEST_GAP * max(map(abs, ends))
        low, high = max(low, -widest), min(high, widest)
    margin = 0.06 * ((high - low) or 1.0)
    return low - margin, high + margin


def _draw_group(panels: tuple[Axes, Axes], group: Group, *, max_points: int, mean_points: int) -> None:
    """Draw one group: its losses above, the gap between them below."""
    upper, lower = panels
    runs = [run for run in group.runs if run.rows]
    if not runs:
        upper.text(0.5, 0.5, group.runs[0].record.status, transform=upper.transAxes, ha="center", color=MUTED)
        return
    train, valid, gap = (
        _draw_curve(axes, runs, curve, color, max_points // 3, mean_points)
        for axes, curve, color in (
            (upper, lambda row: row.train_loss, BLUE),
            (upper, lambda row: row.valid_loss, VERMILLION),
            (lower, _gap, INK),
        )
    )
    labels = [
        EndLabel(y=valid, text="valid", color=VERMILLION),
        EndLabel(y=train, text="train", color=BLUE),
    ]
    label_line_ends(upper, labels, x=shared_epochs(runs)[-1])
    label_line_ends(lower, [EndLabel(y=gap, text="gap", color=INK)], x=shared_epochs(runs)[-1])
    unfinished = sorted({run.record.status for run in group.runs} - {"done"})
    if unfinished:
        upper.text(
            0.97, 0.95, " and ".join(unfinished), transform=upper.transAxes, ha="right", va="top", color=MUTED
        )


def _draw_curve(
    axes: Axes, runs: Sequence[Run], value: Curve, color: str, max_points: int, mean_points: int
) -> float:
    """Draw a thick line for the mean, and its band, or thin lines for the seeds where they are few.

    Returns:
        Where the thick line ends.
    """

    def curve(run: Run) -> list[float]:
        return [value(row) for row in run.rows]

    mean, epochs = mean_curve(runs, curve), shared_epochs(runs)
    shown = thin_out(range(len(epochs)), mean_points)
    if has_band(runs):
        low, high = band(runs, curve, shown)
        draw_band(axes, [epochs[at] for at in shown], low, high, color, 0.35)
    elif len(runs) > 1:
        for run in runs:
            rows = thin_out(run.rows, max(20, max_points))
            axes.plot(
                [row.epoch for row in rows], list(map(value, rows)), color=color, linewidth=0.6, alpha=0.45
            )
    marker = "o" if len(epochs) <= 2 else ""
    axes.plot([epochs[at] for at in shown], [mean[at] for at in shown], color=color, marker=marker)
    return mean[-1]


def _draw_bars(axes: Axes, row: Row, labels: Sequence[str]) -> None:
    """Draw one bar per group with its value beside it and a dot per seed."""
    scale = 100.0 if row.measure.unit == "fraction" else 1.0
    everything = [scale * value for cell in row.cells for value in cell.values if value is not None]
    low, high = min([0.0, *everything]), max([0.0, *everything])
    span = (high - low) or 1.0
    axes.set_xlim(low - 0.02 * span, high + 0.05 * span)
    axes.set_ylim(len(labels) - 0.35, -0.75)
    axes.spines[["bottom", "left"]].set_visible(False)
    axes.set_yticks([])
    axes.set_xticks([])
    if low < 0:
        axes.axvline(0, color="#888888", linewidth=0.8)
    for index, (label, cell) in enumerate(zip(labels, row.cells, strict=True)):
        if cell.mean is not None:
            axes.barh(index, scale * cell.mean, height=0.34, color=BAR)
        if len(cell.values) > 1:
            dots = [scale * value for value in cell.values if value is not None]
            axes.plot(
                dots, [index] * len(dots), "o", markersize=3, mfc="white", color=INK, markeredgewidth=0.7
            )
        text = show_cell(cell, row.unit)
        axes.text(
            0, index - 0.26, shorten(label, 18), transform=axes.get_yaxis_transform(), va="bottom", size=7.5
        )
        axes.text(
            1.28,
            index - 0.26,
            text,
            transform=axes.get_yaxis_transform(),
            va="bottom",
            ha="right",
            size=7.5,
            weight="bold",
        )
