from pathlib import Path

import pytest

from regx.config.errors import Place, Problem
from regx.config.yaml_tree import Scalar, parse_yaml, plain, read_yaml


def parse(text: str) -> object:
    problems: list[Problem] = []
    node = parse_yaml(text, lambda line, column: Place(0, "text", line, column), problems)
    assert not problems
    return plain(node)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 100_000.0),
        (".5", 0.5),
        ("-1.", -1.0),
        ("+7", 7),
        ("010", 10),
        ("-0", 0),
        (".inf", float("inf")),
        ("-.Inf", float("-inf")),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("off", "off"),
        ("n", "n"),
        ("12:30", "12:30"),
        ("0x1F", "0x1F"),
        ("0o17", "0o17"),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("e5", "e5"),
        ("'1'", "1"),
        ('"true"', "true"),
    ],
)
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: Scalar) -> None:
    found = parse(text)
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_number() -> None:
    found = parse(".nan")
    assert isinstance(found, float)
    assert found != found  # noqa: PLR0124  # only nan is unequal to itself


def test_aliases_repeat_what_their_anchor_holds() -> None:
    assert parse("a: &x [1, 2]\nb: *x") == {"a": [1, 2], "b": [1, 2]}


def test_a_key_is_text_whatever_it_looks_like() -> None:
    assert parse("on: 1\n1: 2\nnull: 3") == {"on": 1, "1": 2, "null": 3}


def test_every_value_knows_its_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("# comment\na:\n  b: [1,\n      22]\n")
    root = read_yaml(path, [])
    assert (root.place.line, root.place.column) == (2, 1)
    assert str(root.find(("a", "b", 1)).place) == f"{path}:4:7"
    assert str(root.find(("a", "b")).key_place) == f"{path}:3:3"


def test_a_byte_order_mark_does_not_shift_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path, []).find(("a",)).place.column == 4


def test_windows_line_ends_are_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\r\nb: two\r\n")
    assert plain(read_yaml(path, [])) == {"a": 1, "b": "two"}
