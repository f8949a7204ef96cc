"""What probes found over the course of a run: the lines behind a claim's numbers that come from probes."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean

from regx.measures.measure import CellRun
from regx.measures.probes import OUTPUT, WHOLE

__all__ = ["Course", "Line", "find_course"]

Line = Mapping[float, float]  # what one run came to at each x
MIN_POINTS = 3


@dataclass(frozen=True, kw_only=True)
class Course:
    """What is shown behind a measure.

    Attributes:
        title: The quantity.
        unit: Of it.
        x: What it is shown against.
        of: Its line in one run.
    """

    title: str
    unit: str
    x: str
    of: Callable[[CellRun], Line]


def find_course(measure: str) -> Course | None:
    """Find what is behind a measure; None where it is no number of probes, or of one moment only."""
    if measure in _OVER_STEPS:
        quantity, unit, hidden = _OVER_STEPS[measure]
        return Course(
            title=quantity, unit=unit, x="step", of=lambda item: _over_steps(item, quantity, hidden=hidden)
        )
    averaged = re.fullmatch(r"(mc_\w+_(error|nll))_k\d+|weight_scaling_(error|nll)", measure)
    if not averaged:
        return None
    kind = averaged[2] or averaged[3]
    title, unit = ("Test error", "fraction") if kind == "error" else ("Test loss", "nats")
    quantity = averaged[1] or measure
    return Course(title=title, unit=unit, x="networks averaged", of=lambda item: _over_counts(item, quantity))


# Of each measure: what it folds over time, the unit, and whether the output layer is left out.
_OVER_STEPS = {
    "drift": ("drift_from_reference_output", "sd", True),
    "drift_rate_raw": ("drift_raw", "sd", True),
    "drift_rate_normalised": ("drift_normalised", "sd", True),
    "drift_rate_output": ("drift_output", "sd", True),
    "gradient_shift": ("relative_gradient_shift", "", False),
    "non_additivity": ("non_additivity", "", False),
    "non_additivity_common_lr": ("non_additivity_common_lr", "", False),
    "non_additivity_matched": ("non_additivity_matched", "", False),
    "step_shrinkage": ("step_length", "", False),
}


def _over_steps(item: CellRun, quantity: str, *, hidden: bool) -> Line:
    """Average over layers, step by step; where there is a value of the whole network, take that."""
    found = [row for row in item.probed if row.quantity == quantity and math.isfinite(row.value)]
    whole = [row for row in found if row.layer == WHOLE]
    at: dict[float, list[float]] = defaultdict(list)
    for row in whole or found:
        if not (hidden and row.layer == OUTPUT):
            at[row.step].append(row.value)
    return {step: fmean(values) for step, values in at.items()} if len(at) >= MIN_POINTS else {}


def _over_counts(item: CellRun, quantity: str) -> Line:
    """Follow an average from one network to many; what is no average is the same throughout."""
    values = {row.quantity: row.value for row in item.probed}
    counts = sorted({int(found[1]) for name in values if (found := re.search(r"_k(\d+)$", name))})
    line = {count: values.get(f"{quantity}_k{count}", values.get(quantity)) for count in counts}
    return {count: value for count, value in line.items() if value is not None}
