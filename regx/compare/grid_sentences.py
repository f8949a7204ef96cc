"""Arms over a grid in plain words."""

from math import log2

from regx.compare.grid import GridArm, GridComparison, GridRow, Scale
from regx.compare.notes import show_seeds
from regx.compare.numbers import in_words, show_number, show_p
from regx.compare.seeded import over_pairs
from regx.stats.inference import MIN_PAIRS, Inference

__all__ = ["conclude_grid", "grid_notes", "show_change", "show_range", "show_value", "show_width"]


def conclude_grid(comparison: GridComparison) -> list[str]:
    """Say of each later arm where it works, against the first."""
    first, *others = comparison.arms
    said = [
        _sentence(row, first.label, other.label, index)
        for index, other in enumerate(others, start=1)
        for row in comparison.rows
        if row.inferences[index] is not None
    ]
    fewest = min(len(arm.ladders) for arm in comparison.arms)
    if others and fewest < MIN_PAIRS:
        said.append(f"{fewest} seeds are too few for a claim.")
    return said


def grid_notes(comparison: GridComparison) -> list[str]:
    """Say what a reader must know before trusting the table."""
    found = []
    for arm in comparison.arms:
        if arm.incomplete:
            seeds = show_seeds(arm.incomplete)
            found.append(
                f"{arm.label}: seeds {seeds} lack a run in some cell and are not used: `regx sweep` goes on."
            )
        diverged = {value: arm.num_without_end(value) for value in arm.values}
        if any(diverged.values()):
            shown = [
                f"{count} of {len(arm.ladders)} at {value:g}" for value, count in diverged.items() if count
            ]
            found.append(f"{arm.label}: runs diverged or were stopped, {in_words(shown, most=8)}.")
        found += _without_a_mean(comparison, arm)
        ends = comparison.rows[0].cells[comparison.arms.index(arm)].values
        if comparison.rows[0].measure.name == "lr_max" and (count := ends.count(log2(arm.values[-1]))):
            found.append(
                f"{arm.label}: the largest rate tried still works with {count} of {len(ends)} seeds: "
                "its LR_max is a lower bound."
            )
    if len({arm.values for arm in comparison.arms}) > 1:
        found.append(f"The arms have different values of {comparison.axis}.")
    if any(tuple(arm.ladders) != tuple(comparison.arms[0].ladders) for arm in comparison.arms):
        found.append("The arms have different seeds: only those that two arms share are paired.")
    return found


def _without_a_mean(comparison: GridComparison, arm: GridArm) -> list[str]:
    """Name the seeds that have no number, for the mean of the others would be biased."""
    labels: dict[tuple[str, str], list[str]] = {}
    for row in comparison.rows:
        values = row.cells[comparison.arms.index(arm)].values
        lost = [seed for seed, value in zip(arm.ladders, values, strict=True) if value is None]
        if lost:
            seeds = f"seed{'s' if len(lost) > 1 else ''} {show_seeds(lost)}"
            labels.setdefault((seeds, row.measure.missing), []).append(row.measure.label)
    return [
        f"{arm.label}: {seeds} {absent}, so there is no mean of {in_words(rows)}."
        for (seeds, absent), rows in labels.items()
    ]


def show_value(value: float, scale: Scale) -> str:
    """Show a mean: a learning rate as such (its mean is the geometric one), an error as per cent."""
    if scale == "log2":
        return f"{2.0**value:.3g}"
    if scale == "doublings":
        return f"{value:.1f}"
    return show_number(value, "fraction") if scale == "fraction" else f"{value:.3g}"


def show_width(half_width: float, scale: Scale) -> str:
    """Show what stands after the ±; for learning rates in doublings."""
    if scale in ("log2", "doublings"):
        return f"{half_width:.1f}"
    return show_number(half_width, "fraction") if scale == "fraction" else f"{half_width:.2g}"


def show_change(value: float, scale: Scale) -> str:
    """Show a difference with its sign; of learning rates in doublings."""
    if scale in ("log2", "doublings"):
        text = f"{value:+.1f}"
    else:
        text = f"{100 * value:+.2f}" if scale == "fraction" else f"{value:+.3g}"
    return text.replace("-", "−")


def show_range(one: Inference, scale: Scale) -> str:
    """Show the 95 % interval of a difference, or a word in its place."""
    if one.low is None or one.high is None:
        return one.remark
    return f"[{show_change(one.low, scale)}, {show_change(one.high, scale)}]"


def _sentence(row: GridRow, first: str, other: str, index: int) -> str:
    one = row.inferences[index]
    assert one is not None  # the caller has looked
    label = row.measure.label
    scale = row.scale
    values = " against ".join(show_value(mean, scale) for mean in one.means[::-1])
    unit = {"fraction": " %", "doublings": " doublings"}.get(scale, "")
    change = f"{show_change(one.difference, scale)}{' doublings' if scale == 'log2' else ''}"
    p = "" if one.p_holm is None else f", p {_relation(show_p(one.p_holm))}"
    facts = f"{values}{unit}{over_pairs(one, row.cells, index)}"
    facts += f", difference {change} {show_range(one, scale)}{p}"
    if one.is_told:
        word = "higher" if one.difference > 0 else "lower"
        return f"The {label} of {other} is {word} than that of {first}: {facts}."
    if one.num_values < MIN_PAIRS:
        return f"The {label} of {other} against that of {first}: {facts}."
    return f"No difference in {label} can be told between {other} and {first}: {facts}."


def _relation(p: str) -> str:
    return f"< {p[1:]}" if p.startswith("<") else f"= {p}"
