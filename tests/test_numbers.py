import pytest

from regx.numbers import (
    equals,
    in_words,
    show_fixed,
    show_number,
    show_p,
    show_range,
    show_seeds,
    show_signed,
)
from regx.stats.tests import mean_interval


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.0123, "fraction", "1.23"),
        (-0.0123, "fraction", "−1.23"),
        (0.00011365, "nats", "0.000114"),
        (0.5, "nats", "0.500"),
        (12.345, "nats", "12.35"),
        (2.54, "epochs", "2.5"),
        (1234.4, "steps", "1,234"),
        (0.456, "seconds", "0.46"),
        (123.4, "seconds", "123"),
        (9.0, "epoch", "9"),
        (-0.0001, "fraction", "−0.01"),
        (-0.00001, "fraction", "0.00"),
        (2.04, "doublings", "2.0"),
        (-2.0, "log2", "0.25"),
        (-0.12345, "", "−0.123"),
    ],
)
def test_numbers_for_people(value: float, unit: str, shown: str) -> None:
    assert show_number(value, unit) == shown


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (0.0004, "<0.001"), (0.0123, "0.012"), (0.0494, "0.049"), (0.0497, "0.0497"), (0.04999, "<0.05"),
        (0.05, "0.050"), (0.0502, "0.050"), (0.123, "0.12"),
    ],
)  # fmt: skip
def test_a_p_value_shows_on_which_side_of_the_level_it_lies(p: float, shown: str) -> None:
    assert show_p(p) == shown


def test_p_in_a_sentence() -> None:
    assert (equals(show_p(0.0004)), equals(show_p(0.0123))) == ("< 0.001", "= 0.012")


def test_a_difference_has_its_sign_and_the_places_of_its_means() -> None:
    assert show_signed(0.0123, "nats", like=12.0) == "+0.01"
    assert show_signed(-0.5, "fraction", like=0.5) == "−50.00"
    assert show_signed(1.5, "log2", like=-3.0) == "+1.5"  # doublings of a learning rate
    assert show_range(mean_interval([0.0, 0.0]), "nats", like=0.5) == "[+0.000, +0.000]"


@pytest.mark.parametrize(
    ("value", "places", "shown"), [(1234.5, 1, "1,234.5"), (-0.04, 1, "0.0"), (1267, -2, "1,300")]
)
def test_fixed_places(value: float, places: int, shown: str) -> None:
    assert show_fixed(value, places) == shown


def test_lists_read_as_sentences_do() -> None:
    assert in_words(["a", "b", "c"]) == "a, b and c"
    assert in_words(list("abcdef")) == "a, b, c and 3 more"
    assert show_seeds([0, 1, 2, 7]) == "0–2, 7"
