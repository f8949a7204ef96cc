"""probes.csv: written, read, and damaged."""

import math
from pathlib import Path

import pytest

from regx.runs.files import GrowingFile
from regx.runs.probes import HEADER, ProbeValue, csv_lines, read_values

VALUES = [
    ProbeValue(0, "conv1", "weight_norm", 1.25),
    ProbeValue(0, "output", "weight_norm", math.inf),
    ProbeValue(10, "network", "churn", 0.1),
]


@pytest.fixture
def file(tmp_path: Path) -> GrowingFile:
    file = GrowingFile(tmp_path / "probes.csv", HEADER)
    file.append(csv_lines(VALUES[:2]))
    file.append(csv_lines(VALUES[2:]))
    return file


def test_what_is_written_is_read(file: GrowingFile) -> None:
    assert read_values(file.path) == VALUES
    assert file.path.read_text().startswith(f"{HEADER}\n0,conv1,weight_norm,1.25\n")


def test_a_value_that_is_no_number_is_kept(file: GrowingFile) -> None:
    file.append(csv_lines([ProbeValue(11, "network", "churn", math.nan)]))
    assert math.isnan(read_values(file.path)[-1].value)


def test_nothing_to_write_makes_no_file(tmp_path: Path) -> None:
    GrowingFile(tmp_path / "probes.csv", HEADER).append(csv_lines([]))
    assert not (tmp_path / "probes.csv").exists()


def test_later_rows_go_when_an_earlier_moment_is_restored(file: GrowingFile) -> None:
    earlier = bytes(file.content)
    file.append(csv_lines(VALUES[2:]))
    assert file.holds(earlier)
    file.restore(earlier)
    assert (file.path.read_bytes(), file.content) == (earlier, earlier)


def test_without_rows_there_is_no_file(file: GrowingFile) -> None:
    file.restore(b"")
    assert not file.path.exists()
    file.restore(b"")


@pytest.mark.parametrize("lost", [1, 5, 1000])
def test_rows_that_are_missing_are_noticed_and_written_anew(file: GrowingFile, lost: int) -> None:
    whole = bytes(file.content)
    file.path.write_bytes(whole[:-lost])
    assert not file.holds(whole)
    file.restore(whole)
    assert file.path.read_bytes() == whole


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
