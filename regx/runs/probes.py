"""probes.csv: what probes found inside a run, in long form: step, layer, quantity, value.

docs/probes.md explains each quantity.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from regx.config.reading import read_text

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
    try:
        text = read_text(path)
    except UnicodeDecodeError:
        raise ValueError(f"{path}: is not a text file") from None
    header, *lines = text.split("\n")
    if header != HEADER:
        raise ValueError(f"{path}:1: has another header than this version of regx writes")
    values = []
    for number, line in enumerate(lines[:-1], start=2):
        try:
            step, layer, quantity, value = line.split(",")
            values.append(ProbeValue(int(step), layer, quantity, float(value)))
        except ValueError:
            raise ValueError(f"{path}:{number}: damaged row") from None
    if not text.endswith("\n"):
        raise ValueError(f"{path}:{len(values) + 2}: the last row is cut off")
    return values
