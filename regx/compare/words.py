"""The conclusion of a comparison in plain words.

Every sentence on a difference is made of the same facts in the same order: two means, the difference, its
95 % interval, p, and how many seeds agree. No winner is called where seeds do not tell two groups apart.
"""

from collections.abc import Sequence

from regx.compare.compare import Comparison, Row, treatments, varied_settings
from regx.compare.groups import Group
from regx.compare.select import Arm, show_tuned
from regx.numbers import (
    equals,
    in_words,
    show_number,
    show_p,
    show_percent,
    show_range,
    show_signed,
    show_unit,
)
from regx.stats.inference import FEWEST_SEEDS, Inference

__all__ = ["conclude"]

MANY = 4  # later groups from here on get one sentence each
# A smaller gap at a test loss that is higher by more than this is no overfitting prevented: our choice.
UNDERFIT_NATS = 0.02


def conclude(comparison: Comparison) -> list[str]:
    """Say of every later group how it differs from the first, by how much, and what speaks against it."""
    others = range(1, len(comparison.groups))
    if comparison.axis:
        said = [
            _difference(comparison, row, at) for at in others for row in comparison.rows if row.inferences[at]
        ]
        return [*said, *_too_few(comparison)]
    confounded = _confounded(comparison.groups)
    said = [confounded] if confounded else []
    for index in others:
        if len(others) >= MANY:
            said.append(_brief(comparison, index))
        else:
            said += [_overfitting(comparison, index), _convergence(comparison, index)]
    if len(others) >= MANY and comparison.tested:
        said.append(
            f"Each is compared with {comparison.groups[0].label}. A difference counts if the 95 % "
            f"interval does not contain 0, p < 0.05 after Holm's correction, and there are 5 seeds or more."
        )
    if not confounded:
        said.append(_what_differs(comparison))
    if any(len(group.runs) == 1 for group in comparison.groups):
        said.append("One seed per group cannot tell a difference from chance: train more seeds (--seed).")
    return [*said, *_too_few(comparison)]


def _overfitting(comparison: Comparison, index: int) -> str:
    """Say whether a later group overfits less or more than the first, and what its errors say to that."""
    gap, error_gap, loss = (comparison.row(name) for name in ("loss_gap", "error_gap", "test_loss"))
    one, losses = gap.inferences[index], loss.inferences[index]
    if one is None:
        return _not_compared(comparison, gap, index)
    said = [_difference(comparison, gap, index)]
    if losses and _is_told(one) and losses.difference * (-1 if one.difference > 0 else 1) > UNDERFIT_NATS:
        means = losses.means if one.difference > 0 else losses.means[::-1]
        name = comparison.groups[0 if one.difference > 0 else index].label
        shown = " against ".join(show_number(mean, "nats") for mean in means)
        return f"{said[0]} {name} does so by fitting less: its test loss is {shown} nats."
    other_gap = error_gap.inferences[index]
    if other_gap and _is_told(one) and _is_told(other_gap) and one.difference * other_gap.difference < 0:
        said.append(f"But t{_difference(comparison, error_gap, index)[1:]}")
    if comparison.row("test_error").inferences[index]:
        said.append(_difference(comparison, comparison.row("test_error"), index))
    return " ".join(said)


def _convergence(comparison: Comparison, index: int) -> str:
    """Say whether a later group converges faster or slower than the first, in epochs and in training time.

    Where the target was not reached, the area under the curve steps in.
    """
    epochs, area = comparison.row("epochs_to_target"), comparison.row("valid_accuracy_area")
    one, seconds = epochs.inferences[index], comparison.row("seconds_to_target").inferences[index]
    if one is None:
        missing = _not_compared(comparison, epochs, index)
        return f"{missing} {_difference(comparison, area, index)}" if area.inferences[index] else missing
    text = _difference(comparison, epochs, index)
    if not _is_told(one):
        return text
    text = f"{text[:-1]}{_speed_up(one, '; ')}"
    if seconds:
        shown = " against ".join(f"{show_number(mean, 'seconds')} s" for mean in seconds.means[::-1])
        text += f"; in training time {shown}{_speed_up(seconds, ', ') if seconds.is_significant else ''}"
    return f"{text}."


def _brief(comparison: Comparison, index: int) -> str:
    """Say all of a later group in one sentence, as one of many."""
    epochs = comparison.row("epochs_to_target")
    time = epochs if epochs.inferences[index] else comparison.row("valid_accuracy_area")
    told, untold, missing = [], [], []
    for row in (comparison.row("loss_gap"), comparison.row("test_error"), time):
        one, measure = row.inferences[index], row.measure
        if one is None:
            missing.append(f"{measure.noun} ({_absent(comparison, row, index)})")
        elif _is_told(one):
            is_higher = one.difference > 0
            way = ("lower", "higher")[is_higher]
            does = measure.verbs[is_higher] if measure.verbs else f"has the {way} {measure.noun}"
            amount = show_signed(one.difference, row.unit, like=row.like(index))
            unit = "points" if row.unit == "fraction" else show_unit(row.unit)
            told.append(f"{does} ({amount} {unit}{_speed_up(one, ', ')})")
        else:
            untold.append(measure.noun)
    parts = [in_words(told)] if told else []
    parts += [f"no clear difference in {in_words(untold)}"] if untold else []
    parts += [f"no answer about {in_words(missing)}"] if missing else []
    return f"{comparison.groups[index].label}: {'; '.join(parts)}."


_HEADS = {
    "told": "The {topic} of {other} is {way} than that of {first}",
    "told, with a verb": "{other} {verb} than {first}",
    "too few seeds": "The {topic} of {other} against that of {first}",
    "not told": "No clear difference in {topic} between {other} and {first}",
    "identical": "The {topic} of {first} and {other} is identical in every seed",
    "the same": "The {topic} of {first} and {other} is the same",
    "the same in each": "The {topic} of {first} and {other} differs by the same amount in every seed",
    "no spread": "The {topic} of {first} and {other} differs, and is the same in every seed of each",
}


def _difference(comparison: Comparison, row: Row, index: int) -> str:
    """Say one measure of a later group against the first: what differs, by how much, how sure that is."""
    one, measure = row.inferences[index], row.measure
    assert one is not None, measure.name  # callers look first
    first, other = (comparison.groups[at].label for at in (0, index))
    is_higher, case = one.difference > 0, _case(row, one, index)
    head = _HEADS[case].format(
        topic=measure.section.lower() if measure.verbs else measure.noun,
        first=first,
        other=other,
        verb=measure.verbs[is_higher] if measure.verbs else "",
        way=("lower", "higher")[is_higher],
    )
    text = f"{head}: {_means(comparison, row, one, index)}"
    if case in ("identical", "the same", "the same in each", "no spread"):
        return f"{text}."
    facts = [f"difference {show_signed(one.difference, row.unit, like=row.like(index))}"]
    facts[0] += " doublings" if row.unit == "log2" else ""
    if one.test and one.p_holm is not None:
        facts[0] += f" {show_range(one.test.interval, row.unit, like=row.like(index))}"
        facts.append(f"p {equals(show_p(one.p_holm))}{' (Holm)' if len(comparison.groups) > 2 else ''}")
    facts += [] if comparison.axis else _agreement(row, one)
    text = ", ".join([text, *facts])
    if one.may_be_reversed:
        return f"{text}; times of {(first, other)[one.difference < 0]} are lower bounds."
    need = None if comparison.axis or _is_told(one) or one.num_values < FEWEST_SEEDS else _seeds_needed(one)
    return f"{text}; to see one of this size takes about {need:,} seeds." if need else f"{text}."


def _case(row: Row, one: Inference, index: int) -> str:
    """Choose the head of a sentence."""
    if one.method != "none" and one.remark:
        return one.remark
    first, other = (show_number(mean, row.unit, like=row.like(index)) for mean in one.means)
    if one.method == "none" and first == other:
        return "the same"
    if _is_told(one):
        return "told, with a verb" if row.measure.verbs else "told"
    return "too few seeds" if 1 < one.num_values < FEWEST_SEEDS else "not told"


def _is_told(one: Inference) -> bool:
    """Whether a difference is named: by its seeds, or as it is where there are no seeds to ask."""
    return one.is_significant or (one.method == "none" and one.difference != 0 and not one.may_be_reversed)


def _means(comparison: Comparison, row: Row, one: Inference, index: int) -> str:
    """Write two means, and over which seeds they are where that is not over all of both groups."""
    measure, target = row.measure, comparison.reference.target_error
    first, other = (
        f"{'at least ' if late else ''}{show_number(mean, row.unit, like=row.like(index))}"
        for mean, late in zip(one.means, one.censored, strict=True)
    )
    text = f"{other} against {first} {show_unit(row.unit)}".rstrip()
    if measure.needs == "target" and target is not None:
        text += f" to a validation error of {show_percent(target)}"
    elif measure.verbs:
        text = f"{measure.noun} {text}"
    sizes = {len(row.cells[at].values) for at in (0, index)}
    return f"{text} over the {one.num_values} pairs" if one.seeds and sizes != {one.num_values} else text


def _agreement(row: Row, one: Inference) -> list[str]:
    """Say how many seeds agree with the direction of a difference that is told, or may be some day."""
    if one.method == "unpaired":
        return ["unpaired"]
    if one.wins is None or not (one.is_significant or one.num_values < FEWEST_SEEDS):
        return []
    is_better = (one.difference < 0) == (row.measure.better == "lower")
    agree = one.wins if is_better else 1 - one.wins
    return [f"in {agree * one.num_values:g} of {one.num_values} seeds"]


def _speed_up(one: Inference, joint: str) -> str:
    """Say how many times faster or slower the later group is, if it is told and in the means' direction."""
    ratio = one.times_as_fast
    if ratio is None or not _is_told(one) or (ratio > 1) != (one.difference < 0):
        return ""
    times = max(ratio, 1 / ratio)
    least = "at least " if any(one.censored) else ""
    shown = f"{times:.2f}" if times < 1.995 else f"{times:.1f}" if times < 9.95 else f"{times:.0f}"
    return "" if shown == "1.00" else f"{joint}{least}{shown} times {'faster' if ratio > 1 else 'slower'}"


def _not_compared(comparison: Comparison, row: Row, index: int) -> str:
    first, other = (comparison.groups[at].label for at in (0, index))
    reason = _absent(comparison, row, index)
    return f"The {row.measure.noun} of {first} and {other} cannot be compared: {reason}."


def _absent(comparison: Comparison, row: Row, index: int) -> str:
    """Say why the first group, another one, or both have no number."""
    pairs = ((comparison.groups[at].label, row.cells[at].missing) for at in (0, index))
    return "; ".join(f"{label}: {missing}" for label, missing in pairs if missing)


def _too_few(comparison: Comparison) -> list[str]:
    """Say that the seeds do not suffice for a claim, and how many would."""
    tests = [one for row in comparison.rows for one in row.inferences if one and one.method != "none"]
    num_seeds = min((one.num_values for one in tests), default=FEWEST_SEEDS)
    if num_seeds >= FEWEST_SEEDS:
        return []
    rows = [] if comparison.axis else comparison.headlines()
    needs = [f"{seeds} for the {row.measure.noun}" for row in rows if (seeds := _seeds_for_all(row))]
    text = f"{num_seeds} seeds are too few for a claim"
    if not needs:
        return [f"{text}."]
    return [f"{text}; differences of this size need about {in_words(needs)} (to be seen 4 times out of 5)."]


def _seeds_for_all(row: Row) -> str:
    """Say how many seeds the clearest and the faintest difference of a measure need; empty if unknown.

    The fainter a difference, the more seeds: two numbers are computed, however many groups there are.
    """
    sizes = {
        abs(one.difference) / one.test.sd: one
        for one in row.inferences
        if one and one.test and not one.may_be_reversed
    }
    fewest, most = (_seeds_needed(sizes[end(sizes)]) if sizes else None for end in (max, min))
    if fewest is None:
        return ""
    if most is None:
        return f"{max(FEWEST_SEEDS, fewest):,} or more"
    return " to ".join(f"{seeds:,}" for seeds in sorted({max(FEWEST_SEEDS, fewest), max(FEWEST_SEEDS, most)}))


def _seeds_needed(one: Inference) -> int | None:
    if one.test is None or one.may_be_reversed:
        return None
    from regx.stats.power import seeds_needed

    return seeds_needed(one.difference, one.test.sd)


def _confounded(groups: Sequence[Group]) -> str:
    """Warn where more than one setting may have made the difference."""
    first, *others = groups
    found = []
    for other in others:
        paths = treatments(varied_settings([first, other]))
        if len(paths) > 1 and not _declared(first, other):
            found.append((other, paths))
    if not found:
        return ""
    end = "this comparison cannot tell which made the difference"
    if len(groups) == 2:
        return f"CONFOUNDED: they differ in {in_words(found[0][1], most=6)}; {end}."
    parts = [f"{other.label} and {first.label} differ in {in_words(paths)}" for other, paths in found[:3]]
    more = f"; {len(found) - 3} more likewise" if len(found) > 3 else ""
    return f"CONFOUNDED: {'; '.join(parts)}{more}; {end}."


def _declared(first: Group, other: Group) -> bool:
    """Whether one experiment declares the difference: two arms in a cell, or cells of an arm."""
    if first.arm is None or other.arm is None or first.arm.sweep.resolve() != other.arm.sweep.resolve():
        return False
    moved = [path for path in first.arm.cell if first.arm.cell[path] != other.arm.cell.get(path)]
    return not moved or (len(moved) == 1 and first.arm.name == other.arm.name)


def _what_differs(comparison: Comparison) -> str:
    first, *others = comparison.groups
    if not comparison.config:
        return "They differ only in the seed, so every difference is chance."
    paths = treatments(comparison.config)
    if not paths:
        rest = ", ".join(one.path for one in comparison.config)
        return (
            f"They differ only in {rest}, which can change the last digits and the time, but not what is "
            f"learned."
        )
    if all(_declared(first, other) for other in others):
        return _as_declared([group.arm for group in comparison.groups if group.arm], paths)
    if len(others) == 1:
        return f"They differ in one setting: {paths[0]}."
    return f"Each differs from {first.label} in one setting: {in_words(paths, most=8)}."


def _as_declared(arms: Sequence[Arm], paths: Sequence[str]) -> str:
    """Say what the experiment varies, and what tuning has chosen."""
    tuned = list(dict.fromkeys(path for arm in arms for path in arm.tuned))
    varied = [path for path in paths if not any(path == key or path.startswith(f"{key}.") for key in tuned)]
    many = len(arms) > MANY
    names = f"the {len(arms)} arms" if many else f"arms {in_words([arm.label for arm in arms])}"
    text = f"They differ as {names} of {arms[0].sweep.name} declare"
    text += f" ({in_words(varied, most=6)})" if varied else ""
    if not tuned:
        return f"{text}."
    trials = sorted({arm.num_trials for arm in arms})
    each = f"{trials[0]} trials each" if len(trials) == 1 else f"{trials[0]} to {trials[-1]} trials"
    if many:
        return f"{text}, each at its own tuned {in_words(tuned)} ({each})."
    values = [in_words([show_tuned(arm.tuned, path) for arm in arms], most=8) for path in tuned]
    if len(tuned) == 1:
        return f"{text}, each at its own tuned {tuned[0]} ({values[0]}; {each})."
    shown = "; ".join(f"{path}: {value}" for path, value in zip(tuned, values, strict=True))
    return f"{text}, each at its own tuned values ({shown}; {each})."
