"""probes.csv: what probes found inside a run, in long form: step, layer, quantity, value.

docs/probes.md explains each quantity.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from regx.config.reading import read_bytes, read_text
from regx.runs.append import append_bytes
from regx.runs.files import atomic_path

__all__ = ["HEADER", "ProbeValue", "append_values", "read_values", "truncate_values"]

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


def append_values(path: Path, values: Iterable[ProbeValue]) -> None:
    """Append rows, with the header first where the file is new; they outlive this process at once.

    Raises:
        OSError: If the disk is full, say; the file then ends where it ended before.
    """
    lines = "".join(f"{step},{layer},{quantity},{value:.9g}\n" for step, layer, quantity, value in values)
    if lines:
        append_bytes(path, header=f"{HEADER}\n".encode(), content=lines.encode())


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


def truncate_values(path: Path, num_rows: int) -> None:
    """Keep the first `num_rows` rows, byte for byte; without any the file goes.

    Raises:
        ValueError: If there are fewer whole rows than that; the file is then as it was.
        OSError: If the file cannot be read or written.
    """
    lines = read_bytes(path).splitlines(keepends=True) if path.exists() else []
    kept = lines[: num_rows + 1] if num_rows else []
    if num_rows and (len(kept) <= num_rows or not kept[-1].endswith(b"\n")):
        raise ValueError(f"{path}: has fewer than {num_rows} rows")
    if not kept:
        path.unlink(missing_ok=True)
    elif len(kept) < len(lines):
        with atomic_path(path) as temporary:
            temporary.write_bytes(b"".join(kept))
