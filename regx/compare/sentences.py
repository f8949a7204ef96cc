"""The conclusion of a comparison in plain words."""

from collections.abc import Sequence

from regx.compare import seeded, single_runs
from regx.compare.compare import Comparison
from regx.compare.differences import config_differences, treatments
from regx.compare.numbers import in_words
from regx.compare.select import Group, show_tuned

__all__ = ["conclude"]

MANY = 4  # later groups from here on get one sentence each


def conclude(comparison: Comparison) -> list[str]:
    """Say which group overfits less and which converges faster, by how much, and what speaks against it.

    Every later group is set against the first. No sentence says more than the numbers do: where they
    disagree, both are told; where seeds do not tell two groups apart, no winner is called.
    """
    first, *others = comparison.groups
    confounded = _confounded(comparison.groups)
    said = [confounded] if confounded else []
    for index, other in enumerate(others, start=1):
        tested = seeded.has_seeds(comparison, index)
        if tested and len(others) >= MANY:
            said.append(seeded.brief(comparison, index))
            continue
        words = seeded if tested else single_runs
        said.append(words.overfitting(comparison, first.label, other.label, index))
        said.append(words.convergence(comparison, first.label, other.label, index))
    if len(others) >= MANY and any(seeded.has_seeds(comparison, at) for at in range(1, len(others) + 1)):
        said.append(
            f"Each against {first.label}. A difference is told where the 95 % interval leaves out 0 and "
            "p < 0.05 after Holm's correction, with 5 seeds or more."
        )
    if not confounded:
        said.append(_what_differs(comparison))
    return [*said, *_confidence(comparison.groups), *seeded.too_few(comparison)]


def _confounded(groups: Sequence[Group]) -> str:
    """Warn where more than one setting may have made the difference."""
    first, *others = groups
    found = []
    for other in others:
        paths = _paths([first, other])
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
    groups = comparison.groups
    if not comparison.config:
        return "They differ only in the seed: what differs between them is chance."
    paths = [difference.path for difference in treatments(comparison.config)]
    if not paths:
        others = ", ".join(difference.path for difference in comparison.config)
        return (
            f"They differ only in {others}, which can move the last digits and the time, not what is learned."
        )
    if all(_declared(groups[0], other) for other in groups[1:]):
        return _as_declared(groups, paths)
    if len(groups) == 2:
        return f"They differ in one setting: {paths[0]}."
    return f"Each differs from {groups[0].label} in one setting: {in_words(paths, most=8)}."


def _as_declared(groups: Sequence[Group], paths: Sequence[str]) -> str:
    """Say what the experiment varies, and what tuning has chosen."""
    arms = [group.arm for group in groups if group.arm]
    tuned = list(dict.fromkeys(path for arm in arms for path in arm.tuned))
    varied = [path for path in paths if not any(path == key or path.startswith(f"{key}.") for key in tuned)]
    sweep = arms[0].sweep.name
    many = len(arms) > MANY
    names = f"the {len(arms)} arms" if many else f"arms {in_words([arm.label for arm in arms])}"
    text = f"They differ as {names} of {sweep} declare"
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


def _confidence(groups: Sequence[Group]) -> list[str]:
    if any(len(group.runs) == 1 for group in groups):
        return [
            "With one seed in a group nothing says how much of this is chance: train more seeds (--seed)."
        ]
    return []


def _paths(groups: Sequence[Group]) -> list[str]:
    return [difference.path for difference in treatments(config_differences(groups))]
