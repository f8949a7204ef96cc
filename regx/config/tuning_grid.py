"""The grid that arms are tuned over, and how it goes on beyond its edge."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Literal, TypeAlias

from regx.config.tree import Plain

__all__ = ["Settings", "TunePlan", "can_extend", "cross", "next_value"]

Settings: TypeAlias = Mapping[str, Plain]  # dotted path -> value, e.g. {"optim.lr": 0.1}
Axes: TypeAlias = Mapping[str, tuple[Plain, ...]]


def _allows_all(_: "TunePlan") -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class TunePlan:
    """How every arm finds its own best value.

    Attributes:
        over: Axes of each arm: path -> values; numbers ascend.
        by: Name of the measure that chooses.
        seeds: Seeds of the trials, none of them a seed of the comparison.
        extend: Paths of the axes that go on while the best of some arm lies on their edge.
        max_extensions: Steps that the axes may go on by.
        per: Whether each arm is tuned once, or in each cell of the grid.
        follow: Arm -> the arm whose tuned values it takes.
        allows: Whether every config of a plan obeys the schema and its rules.
    """

    over: Mapping[str, Axes]
    by: str
    seeds: tuple[int, ...]
    extend: tuple[str, ...]
    max_extensions: int
    per: Literal["arm", "cell"]
    follow: Mapping[str, str] = field(default_factory=dict)
    allows: Callable[["TunePlan"], bool] = field(default=_allows_all, repr=False, compare=False)

    def points(self, arm: str) -> tuple[Settings, ...]:
        """Cross the axes of an arm, the last one fastest."""
        return cross(self.over[arm])

    def tries(self, arm: str) -> bool:
        """Whether an arm has trials of its own; one without axes, or that follows another, has none."""
        return bool(self.over[arm]) and arm not in self.follow

    def extended(self, path: str, *, up: bool) -> "TunePlan":
        """Let an axis go on by one step of its own rhythm, in every arm that has it.

        Args:
            path: The axis.
            up: Above its last value, else below its first.

        Returns:
            The longer plan; this plan itself where the step would lead some arm to a value that the schema
            or a rule forbids (the arms go on together, or not at all), or where no arm has the axis.

        Raises:
            ValueError: If the axis cannot go on at all: fewer than two values, or not positive numbers.
        """
        over = {arm: _longer(axes, path, up=up) for arm, axes in self.over.items()}
        stuck = any(path in axes and over[arm] == axes for arm, axes in self.over.items())
        longer = replace(self, over=over)
        return longer if longer != self and not stuck and self.allows(longer) else self


def cross(axes: Axes) -> tuple[Settings, ...]:
    """List every combination of the values of some axes, the last axis fastest; ({},) without axes."""
    return tuple(dict(zip(axes, values, strict=True)) for values in product(*axes.values()))


def can_extend(values: tuple[Plain, ...]) -> bool:
    """Whether an axis has a rhythm to go on by: at least two values, all of them positive numbers."""
    return len(values) > 1 and all(
        isinstance(value, int | float) and not isinstance(value, bool) and value > 0 for value in values
    )


def next_value(values: tuple[Plain, ...], *, up: bool) -> float:
    """Go on by the ratio that stood two places before: 0.1, 0.3, 1 -> 3; 1, 2, 4 -> 8; 1, 2 -> 4.

    Rounded to 6 significant digits; whole numbers stay whole.

    Raises:
        ValueError: If the axis cannot go on.
    """
    if not can_extend(values):
        raise ValueError(f"an axis with the values {list(values)} has no next step")
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if not up:
        numbers.reverse()
    last, before = numbers[-1], numbers[-2]
    ratio = before / numbers[-3] if len(numbers) > 2 else last / before
    if all(isinstance(value, int) for value in values):
        return round(last * ratio)
    return float(f"{last * ratio:.6g}")


def _longer(axes: Axes, path: str, *, up: bool) -> Axes:
    if path not in axes:
        return axes
    values = axes[path]
    added = next_value(values, up=up)
    if added in values or not math.isfinite(added):
        return axes
    return {**axes, path: (*values, added) if up else (added, *values)}
