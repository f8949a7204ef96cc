"""Sentences on groups of seeds: no winner is called where chance alone would explain the difference."""

from bisect import bisect_left
from collections.abc import Sequence

from regx.compare.compare import Cell, Comparison, Row
from regx.compare.numbers import (
    in_words,
    show_interval,
    show_number,
    show_p,
    show_percent,
    show_signed,
    show_unit,
)
from regx.compare.single_runs import UNDERFIT_NATS, absent
from regx.measures.measure import Measure
from regx.stats.inference import MIN_PAIRS, Inference

__all__ = [
    "brief",
    "convergence",
    "fewest_and_most",
    "has_seeds",
    "over_pairs",
    "overfitting",
    "time_row",
    "too_few",
]

_NAMES = {
    "loss_gap": "loss gap",
    "test_error": "test error",
    "test_loss": "test loss",
    "epochs_to_target": "time to target",
    "valid_accuracy_area": "mean validation accuracy",
}
# What the later group does where its number is lower, and where it is higher.
_VERBS = {
    "loss_gap": ("overfits less", "overfits more"),
    "test_error": ("has the lower test error", "has the higher test error"),
    "epochs_to_target": ("converges faster", "converges slower"),
    "valid_accuracy_area": ("converges slower", "converges faster"),
}


def has_seeds(comparison: Comparison, index: int) -> bool:
    """Whether a later group can be tested against the first: both have seeds."""
    one = next((row.inferences[index] for row in comparison.rows if row.inferences[index]), None)
    return one is not None and one.method != "none"


def time_row(comparison: Comparison, index: int) -> Row:
    """Return the row that tells of convergence: epochs to target, or the area where that has no number."""
    epochs = comparison.row("epochs_to_target")
    return epochs if epochs.inferences[index] else comparison.row("valid_accuracy_area")


def overfitting(comparison: Comparison, first: str, other: str, index: int) -> str:
    """Say whether a later group overfits less or more than the first, and what its test error says."""
    gap, test_loss = comparison.row("loss_gap"), comparison.row("test_loss")
    one = gap.inferences[index]
    if one is None:
        return f"Overfitting of {first} and {other} cannot be compared: {absent(gap, comparison, index)}."
    text = _sentence(comparison, gap, index, "overfitting")
    loss = test_loss.inferences[index]
    losses = loss.means if loss else (0.0, 0.0)
    rise = (losses[1] - losses[0]) * (-1 if one.difference > 0 else 1)
    if one.is_told and rise > UNDERFIT_NATS:
        name, shown = (other, losses[::-1]) if one.difference < 0 else (first, losses)
        against = " against ".join(show_number(loss, "nats") for loss in shown)
        return f"{text} {name} does so by fitting less: its test loss is {against} nats."
    error = comparison.row("test_error")
    return f"{text} {_sentence(comparison, error, index, 'test error')}" if error.inferences[index] else text


def convergence(comparison: Comparison, first: str, other: str, index: int) -> str:
    """Say whether a later group converges faster or slower than the first."""
    row = time_row(comparison, index)
    if row.inferences[index] is None:
        return f"Convergence of {first} and {other} cannot be compared: {absent(row, comparison, index)}."
    text = _sentence(comparison, row, index, "convergence")
    one, seconds = row.inferences[index], comparison.row("seconds_to_target").inferences[index]
    if one and one.is_told and row.measure.name == "epochs_to_target":
        text = f"{text[:-1]}{_speed_up(one, '; ')}."
        if seconds:
            shown = " against ".join(f"{show_number(mean, 'seconds')} s" for mean in seconds.means[::-1])
            text = f"{text[:-1]}; in training time {shown}{_speed_up(seconds, ', ')}."
    return text


def brief(comparison: Comparison, index: int) -> str:
    """Say all of a later group in one sentence, as one of many."""
    told, untold, missing = [], [], []
    for row in (comparison.row("loss_gap"), comparison.row("test_error"), time_row(comparison, index)):
        one, measure = row.inferences[index], row.measure
        if one is None:
            missing.append(f"{_NAMES[measure.name]} ({absent(row, comparison, index)})")
        elif one.is_told:
            like = _like(row, index)
            amount = show_signed(one.difference, measure.unit, like=like)
            told.append(f"{_verb(measure, one)} ({amount} {_points(measure)}{_speed_up(one, ', ')})")
        else:
            untold.append(_NAMES[measure.name])
    parts = [in_words(told)] if told else []
    parts += [f"no difference can be told in {in_words(untold)}"] if untold else []
    parts += [f"nothing can be said of {in_words(missing)}"] if missing else []
    return f"{comparison.groups[index].label}: {'; '.join(parts)}."


def too_few(comparison: Comparison) -> list[str]:
    """Say that the seeds do not suffice for a claim, and how many would."""
    tested = [index for index in range(1, len(comparison.groups)) if has_seeds(comparison, index)]
    counts = [
        one.num_values
        for index in tested
        for row in comparison.rows
        if (one := row.inferences[index]) and one.method != "none"
    ]
    if not counts or min(counts) >= MIN_PAIRS:
        return []
    needs = []
    for row in comparison.headlines():
        found = fewest_and_most([one for index in tested if (one := row.inferences[index])])
        if found:
            low, high = (max(MIN_PAIRS, need) for need in found)
            needs.append(
                f"{f'{low:,}' if low == high else f'{low:,} to {high:,}'} for the {_NAMES[row.measure.name]}"
            )
    text = f"{min(counts)} seeds are too few for a claim"
    if not needs:
        return [f"{text}."]
    return [f"{text}; differences of this size need about {in_words(needs)} (to be seen 4 times out of 5)."]


def _sentence(comparison: Comparison, row: Row, index: int, topic: str) -> str:
    """Say one measure of two groups: what differs, by how much, and how sure that is."""
    first, other = (comparison.groups[at].label for at in (0, index))
    one, measure = row.inferences[index], row.measure
    assert one is not None, measure.name  # callers look first
    like = _like(row, index)
    first_mean, other_mean = (
        f"{'at least ' if late else ''}{show_number(mean, measure.unit, like=like)}"
        for mean, late in zip(one.means, one.censored, strict=True)
    )
    target = comparison.reference.target_error
    goal = (
        f" to a validation error of {show_percent(target)}"
        if measure.name == "epochs_to_target" and target is not None
        else ""
    )
    unit = show_unit(measure.unit)
    label = "" if goal or topic == _NAMES[measure.name] else f"{_NAMES[measure.name]} "
    values = f"{label}{other_mean} against {first_mean} {unit}{goal}{over_pairs(one, row.cells, index)}"
    change = f"difference {show_signed(one.difference, measure.unit, like=like)}"
    if one.low is not None:
        change += f" {show_interval(one, measure.unit, like=like)}"
    if one.remark:
        same = "identical" if one.remark == "identical" else "different by the same amount"
        return f"{_capital(topic)} of {first} and {other} is {same} in every seed: {values}."
    p = f"p {_relation(one)}{' (Holm)' if len(comparison.groups) > 2 else ''}"
    if one.is_told:
        word = ("lower", "higher")[one.difference > 0]
        it = f"The {_NAMES[measure.name]} of {other} is {word}" if measure.name == "test_error" else ""
        said = it or f"{other} {_verb(measure, one)} than {first}"
        return f"{said}: {values}, {change}, {p}{_share(one, measure)}."
    if one.num_values < MIN_PAIRS:
        return f"{_capital(topic)} of {other} against {first}: {values}, {change}{_share(one, measure)}."
    if one.is_open:
        open_label = (first, other)[one.difference < 0]
        p += f"; times of {open_label} are lower bounds"
    need = _seeds_needed(one)
    text = f"No difference in {topic} can be told between {other} and {first}: {values}, {change}, {p}"
    return f"{text}; to see one of this size takes about {need:,} seeds." if need else f"{text}."


def over_pairs(one: Inference, cells: Sequence[Cell], index: int) -> str:
    """Say that means are over the pairs, where that is not over all seeds of both groups."""
    sizes = {len(cells[at].values) for at in (0, index)}
    return f" over the {one.num_values} pairs" if one.method == "paired" and sizes != {one.num_values} else ""


def _speed_up(one: Inference, joint: str) -> str:
    """Say how many times faster or slower the later group is, if it is told and in the means' direction."""
    ratio = one.times_as_fast
    if ratio is None or not one.is_told or (ratio > 1) != (one.difference < 0):
        return ""
    times = max(ratio, 1 / ratio)
    least = "at least " if any(one.censored) else ""
    shown = f"{times:.2f}" if times < 1.995 else f"{times:.1f}" if times < 9.95 else f"{times:.0f}"
    return f"{joint}{least}{shown} times {'faster' if ratio > 1 else 'slower'}"


def _verb(measure: Measure, one: Inference) -> str:
    return _VERBS[measure.name][one.difference > 0]


def _share(one: Inference, measure: Measure) -> str:
    """Say how many seeds agree with the direction of the difference."""
    if one.wins is None:
        return ", unpaired" if one.method == "unpaired" else ""
    is_better = (one.difference < 0) == (measure.better == "lower")
    agree = one.wins if is_better else 1 - one.wins
    return f", in {agree * one.num_values:g} of {one.num_values} seeds"


def _relation(one: Inference) -> str:
    text = show_p(one.p_holm if one.p_holm is not None else 1.0)
    return f"< {text[1:]}" if text.startswith("<") else f"= {text}"


def _like(row: Row, index: int) -> float:
    return max(abs(row.cells[at].mean or 0.0) for at in (0, index))


def _points(measure: Measure) -> str:
    return "points" if measure.unit == "fraction" else show_unit(measure.unit)


def _seeds_needed(one: Inference | None) -> int | None:
    if one is None or one.test is None or one.is_open:
        return None
    from regx.stats.power import seeds_needed

    return seeds_needed(one.difference, one.test.sd)


def fewest_and_most(inferences: Sequence[Inference]) -> tuple[int, int] | None:
    """Say how many seeds the clearest and the faintest difference need; None where no number would do.

    The fainter a difference, the more seeds: two numbers are computed, however many groups there are.
    """
    by_size = sorted(
        (one for one in inferences if one.test and not one.is_open),
        key=lambda one: abs(one.difference) / (one.test.sd if one.test else 1.0),
    )
    first = bisect_left(by_size, True, key=lambda one: _seeds_needed(one) is not None)
    ends = [_seeds_needed(one) for one in (by_size[-1], by_size[first])] if first < len(by_size) else []
    return (ends[0], ends[1]) if ends and ends[0] is not None and ends[1] is not None else None


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
