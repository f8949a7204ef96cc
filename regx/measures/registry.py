"""All measures by name, and how their names are read.

A name, or a function of one: `optimum(m)`, `range(m)`, `drop(m)`, `largest(m)`, `smallest(m)` of a measure
over a grid; `last(q)`, `mean(q)`, `max(q)` of a quantity of probes.csv, or of one layer: `last(q, hidden1)`.
"""

import re
from collections.abc import Iterator

from regx.config.hints import choice_hint
from regx.measures.grid import GRID_FUNCTIONS, GRID_MEASURES, over_grid
from regx.measures.measure import Measure
from regx.measures.probes import PROBE_FUNCTIONS, PROBE_MEASURES, of_probe
from regx.measures.run import RUN_MEASURES

__all__ = ["find_measure", "list_measures", "shown_measures", "tuning_measures"]

_CALL = re.compile(r"(\w+)\(\s*([\w*]+)\s*(?:,\s*(\w+)\s*)?\)")


def find_measure(text: str) -> Measure:
    """Read the name of a measure.

    Raises:
        ValueError: If there is none of this name; the message says what there is.
    """
    of_runs = RUN_MEASURES | PROBE_MEASURES
    known = of_runs | GRID_MEASURES
    if text in known:
        return known[text]
    call = _CALL.fullmatch(text.strip())
    if call is None:
        hint = choice_hint(text, tuple(known)) or "; docs/claims_format.md lists them"
        raise ValueError(f"no measure {text!r}{hint}")
    function, inner, layer = call.groups()
    if function in PROBE_FUNCTIONS:
        return of_probe(function, inner, layer or "")
    if function not in GRID_FUNCTIONS or layer:
        functions = ", ".join(f"{name}(...)" for name in (*GRID_FUNCTIONS, *PROBE_FUNCTIONS))
        raise ValueError(f"no measure {text!r} (known: {functions})")
    if inner not in of_runs:
        raise ValueError(f"no measure {inner!r} of a run{choice_hint(inner, tuple(of_runs))}")
    return over_grid(function, of_runs[inner])


def list_measures() -> Iterator[tuple[str, str, str]]:
    """List name, unit and meaning of every measure that a claim may name, for the docs."""
    for measure in (RUN_MEASURES | PROBE_MEASURES | GRID_MEASURES).values():
        yield measure.name, measure.unit, measure.meaning
    for argument, functions in (("M", GRID_FUNCTIONS), ("Q", PROBE_FUNCTIONS)):
        for name, (_, meaning) in functions.items():
            yield f"{name}({argument})", "", meaning


def tuning_measures() -> dict[str, Measure]:
    """Return the measures that `tune.by` may name, in the order in which they are offered."""
    ranked = sorted((measure.tune_rank, name) for name, measure in RUN_MEASURES.items() if measure.tune_rank)
    return {name: RUN_MEASURES[name] for _, name in ranked}


def shown_measures() -> tuple[Measure, ...]:
    """Return the measures of runs that `regx compare` shows, in the order of its tables."""
    return tuple(measure for measure in (RUN_MEASURES | PROBE_MEASURES).values() if measure.section)
