"""Nothing that a file says steers a terminal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regx.text import clean, one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain − × “text” 你好", "plain − × “text” 你好"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("10\u202f000\xa0steps", "10\u202f000\xa0steps"),
        ("\x1b[31mred", r"\u001b[31mred"),
        ("\x9b2J", r"\u009b2J"),
        ("back\x08space\rreturn", r"back\u0008space\u000dreturn"),
        ("a\u202egnp.exe", r"a\u202egnp.exe"),
        ("\u2066isolated\u2069", r"\u2066isolated\u2069"),
        ("line\u2028break", r"line\u2028break"),
        ("\U000e0041tag", r"\udb40\udc41tag"),
        ("name\udcff", r"name\udcff"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_line_stays_a_line() -> None:
    assert one_line("done\nok: runs/x") == "done\\nok: runs/x"


@given(st.text())
def test_json_stays_what_it_was(text: str) -> None:
    written = printable(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(written) == {"text": text}
    assert all(mark.isprintable() or mark in "\xa0\u2009\u202f" for mark in written)


def test_a_document_is_cleaned_through_and_through() -> None:
    assert clean({"a\x1b": ["b\n", {"c": "d\x07"}], "n": 1.5}) == {
        "a\\u001b": ["b\\n", {"c": "d\\u0007"}],
        "n": 1.5,
    }
