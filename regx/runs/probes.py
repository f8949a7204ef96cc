"""probes.csv: what probes found inside a run, in long form: step, layer, quantity, value.

docs/probes.md explains each quantity.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from regx.runs.files import read_lines

__all__ = ["HEADER", "ProbeValue", "csv_lines", "read_values"]

HEADER = "step,layer,quantity,value"


class ProbeValue(NamedTuple):
    """One row of probes.csv.

    Attributes:
        step: Completed optimiser steps when it was measured.
        layer: A layer's name, or `network` for the whole.
        quantity: What was measured; no two probes share a name.
        value: The number; infinite or NaN where weights or activations are.
    """

    step: int
    layer: str
    quantity: str
    value: float


def csv_lines(values: Iterable[ProbeValue]) -> str:
    """Write values as rows of probes.csv."""
    return "".join(f"{step},{layer},{quantity},{value:.9g}\n" for step, layer, quantity, value in values)


def read_values(path: Path) -> list[ProbeValue]:
    """Read all rows.

    Raises:
        ValueError: If the header is another, or a row is cut off or holds what is no number; the message
            names the line.
        OSError: If the file cannot be read.
    """
    values = []
    for place, line in read_lines(path, HEADER):
        try:
            step, layer, quantity, value = line.split(",")
            values.append(ProbeValue(int(step), layer, quantity, float(value)))
        except ValueError:
            raise ValueError(f"{place}: damaged row") from None
    return values
