"""Every measure that a claim may name, and how its name is read.

A name, or a function of one: `optimum(m)`, `range(m)`, `drop(m)`, `largest(m)`, `smallest(m)` of a measure
over a grid; `last(q)`, `mean(q)`, `max(q)` of a quantity of probes.csv, or of one layer: `last(q, hidden1)`.
"""

import re
from collections.abc import Iterator

from regx.config.hints import choice_hint
from regx.measures.grid import GRID_FUNCTIONS, GRID_MEASURES, over_grid
from regx.measures.measure import ClaimMeasure
from regx.measures.probes import PROBE_FUNCTIONS, PROBE_MEASURES, of_probe
from regx.measures.run_measures import RUN_MEASURES

__all__ = ["find_measure", "list_measures"]

_CALL = re.compile(r"(\w+)\(\s*([\w*]+)\s*(?:,\s*(\w+)\s*)?\)")


def find_measure(text: str) -> ClaimMeasure:
    """Read a measure.

    Raises:
        ValueError: If there is none of this name; the message says what there is.
    """
    if text in RUN_MEASURES:
        return ClaimMeasure.of_run(RUN_MEASURES[text])
    if text in PROBE_MEASURES:
        return ClaimMeasure.of_run(PROBE_MEASURES[text], over="probes")
    if text in GRID_MEASURES:
        return GRID_MEASURES[text]
    call = _CALL.fullmatch(text.strip())
    if call is None:
        names = (*RUN_MEASURES, *PROBE_MEASURES, *GRID_MEASURES)
        hint = choice_hint(text, names) or "; docs/claims_format.md lists them"
        raise ValueError(f"no measure {text!r}{hint}")
    function, inner, layer = call.groups()
    if function in PROBE_FUNCTIONS:
        return ClaimMeasure.of_run(of_probe(function, inner, layer or ""), over="probes")
    if function not in GRID_FUNCTIONS or layer:
        known = ", ".join(f"{name}(...)" for name in (*GRID_FUNCTIONS, *PROBE_FUNCTIONS))
        raise ValueError(f"no measure {text!r} (known: {known})")
    of_runs = RUN_MEASURES | PROBE_MEASURES
    if inner not in of_runs:
        raise ValueError(f"no measure {inner!r} of a run{choice_hint(inner, tuple(of_runs))}")
    return over_grid(function, of_runs[inner])


def list_measures() -> Iterator[tuple[str, str, str]]:
    """List name, unit and meaning of every measure, for the docs."""
    for measure in (*RUN_MEASURES.values(), *PROBE_MEASURES.values()):
        yield measure.name, measure.unit, measure.meaning
    for name, meaning in _GRID_MEANINGS.items():
        yield name, GRID_MEASURES[name].unit if name in GRID_MEASURES else "", meaning


_GRID_MEANINGS = {
    "lr_max": "Largest rate of a ladder such that it and all smaller ones from 0.01 on do not diverge.",
    "lr_star": "Rate of a ladder with the lowest final validation loss.",
    "lr_min": "Smallest rate of a ladder that reaches 90 % of the best final validation accuracy.",
    "stable_width": "Doublings between lr_min and lr_max.",
    "optimum(M)": "Where a parabola through a measure of runs over one axis of the grid has its minimum.",
    "range(M)": "Largest minus smallest value of a measure over the grid.",
    "drop(M)": "Fall of a measure from the cell `reference` to its smallest value over the grid.",
    "largest(M)": "Largest value of a measure over the grid.",
    "smallest(M)": "Smallest value of a measure over the grid: of a time, that of the seed's own best cell.",
    "last(Q)": "Last value of a quantity of probes.csv; last(Q, LAYER): of one layer.",
    "mean(Q)": "Mean of its values over time.",
    "max(Q)": "Largest of its values, over time and layers.",
}
