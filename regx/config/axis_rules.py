"""What must hold of axes: each value once, and no path both crossed and tuned."""

from collections.abc import Iterator
from itertools import combinations

from regx.config.errors import Place, Problem
from regx.config.experiment_draft import Draft
from regx.config.messages import show
from regx.config.tree import Plain, plain

__all__ = ["axis_rules"]


def axis_rules(draft: Draft) -> Iterator[Problem]:
    """Find values that stand twice, and axes that overlap."""
    for axes in draft.all_axes:
        for path, nodes in axes.values.items():
            seen: set[str] = set()
            for node in nodes:
                word = _word(plain(node))
                if word in seen:
                    yield Problem(node.place, f"{axes.label}: {path}", f"has {show(plain(node))} twice")
                seen.add(word)
        for one, other in combinations(axes.values, 2):
            if _overlap(one, other):
                place = axes.values[other][0].place
                yield Problem(place, f"{axes.label}: {other}", f"overlaps with {one}, another axis")
    told: set[Place] = set()
    for arm, axes in draft.tuned.items():
        for path in axes.values:
            clash = next((axis for axis in draft.grid_of(arm).values if _overlap(axis, path)), None)
            place = axes.values[path][0].place
            if clash and place not in told:
                told.add(place)
                yield Problem(
                    place,
                    f"{axes.label}: {path}",
                    "stands in the grid too; an axis is crossed or tuned, not both",
                )


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _word(value: Plain) -> str:
    """Write a value so that equal values read alike: 1 and 1.0 are one number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return repr(float(value)) if is_number else repr(value)  # type: ignore[arg-type]
