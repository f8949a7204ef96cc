"""probes.csv: written, read, cut back, and damaged."""

import math
from pathlib import Path

import pytest

from regx.runs.probes import HEADER, ProbeValue, append_values, read_values, truncate_values

VALUES = [
    ProbeValue(0, "conv1", "weight_norm", 1.25),
    ProbeValue(0, "output", "weight_norm", math.inf),
    ProbeValue(10, "network", "churn", 0.1),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    append_values(tmp_path / "probes.csv", VALUES[:2])
    append_values(tmp_path / "probes.csv", VALUES[2:])
    return tmp_path / "probes.csv"


def test_what_is_written_is_read(path: Path) -> None:
    assert read_values(path) == VALUES
    assert path.read_text().startswith(f"{HEADER}\n0,conv1,weight_norm,1.25\n")


def test_a_value_that_is_no_number_is_kept(path: Path) -> None:
    append_values(path, [ProbeValue(11, "network", "churn", math.nan)])
    assert math.isnan(read_values(path)[-1].value)


def test_nothing_to_write_makes_no_file(tmp_path: Path) -> None:
    append_values(tmp_path / "probes.csv", [])
    assert not (tmp_path / "probes.csv").exists()


@pytest.mark.parametrize("num_rows", [1, 2, 3])
def test_rows_are_kept_byte_for_byte(path: Path, num_rows: int) -> None:
    before = path.read_bytes()
    truncate_values(path, num_rows)
    assert before.startswith(path.read_bytes())
    assert read_values(path) == VALUES[:num_rows]


def test_without_rows_there_is_no_file(path: Path) -> None:
    truncate_values(path, 0)
    assert not path.exists()
    truncate_values(path, 0)


@pytest.mark.parametrize("lost", [1, 5, 1000])
def test_rows_that_are_missing_are_noticed(path: Path, lost: int) -> None:
    path.write_bytes(path.read_bytes()[:-lost])
    with pytest.raises(ValueError, match="fewer than 3 rows"):
        truncate_values(path, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("step,value\n", r"probes.csv:1: has another header"),
        (f"{HEADER}\n1,a,b,1\n2,a,b\n", r"probes.csv:3: damaged row"),
        (f"{HEADER}\n1,a,b,1\n2,a,b,x\n", r"probes.csv:3: damaged row"),
        (f"{HEADER}\n1,a,b,1\n2,a", r"probes.csv:3: the last row is cut off"),
    ],
)
def test_damage_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "probes.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_values(path)
