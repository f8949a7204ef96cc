"""Effects are said with the digits that their intervals support, and with their direction."""

import pytest

from regx.claims.prose import contrast_of, describe_measure, say_part
from regx.claims.results import PartResult
from regx.claims.words import quantity_of


def part(mean: float, half: float, **others: object) -> PartResult:
    amount = 0.05
    content = {
        "part": "1", "measure": "test_loss", "contrast": "a - b", "unit": "nats", "num_seeds": 10,
        "criterion": "smallest_effect", "amount": amount, "holds": mean - half >= amount, "opposes": False,
        "p": 0.01, "p_against": 1.0, "p_null": 1.0, "mean": mean, "low": mean - half, "high": mean + half,
        "low_90": mean - 0.8 * half, "high_90": mean + 0.8 * half, "wins": 0.9,
        "smallest_excluded": abs(mean) + 0.8 * half, "means": {"a": 0.4, "b": 0.4 - mean},
    }  # fmt: skip
    return PartResult.model_validate(content | others)


@pytest.mark.parametrize(
    ("measured", "text"),
    [
        (part(0.0715, 0.0067), "+0.071 [0.065, 0.078] nats"),
        (part(12.6, 0.5, contrast="a"), "12.6 [12.1, 13.1] nats"),
        (part(0.126, 0.005, unit="fraction"), "+12.6 [12.1, 13.1] pp"),
        (part(0.157, 0.026, unit="ln"), "+17 [14, 20] %"),
        (part(3.85, 0.05, unit="log2"), "× 14.4 [13.9, 14.9]"),
        (part(-1.386, 0.03, unit="ln"), "× 0.250 [0.243, 0.258]"),
        (part(1234.0, 500.0, unit="images"), "+1,200 [700, 1,700] images"),
    ],
)
def test_a_number_has_the_digits_that_its_interval_supports(measured: PartResult, text: str) -> None:
    assert quantity_of(measured).brief(measured.mean or 0, measured.low, measured.high) == text


def test_what_is_below_zero_is_called_less() -> None:
    assert "0.071 nats less (95 % interval 0.065 to 0.078); 9 of 10 seeds" in say_part(part(-0.0715, 0.0067))


def test_the_fall_of_a_share_is_in_points() -> None:
    measured = part(0.42, 0.01, unit="fraction", measure="drop(final_valid_accuracy)", contrast="a")
    assert "42.0 percentage points (95 % interval 41.0 to 43.0)" in say_part(measured)
    assert "At least 5 percentage points was asked for" in say_part(measured)


def test_the_arms_of_a_range_of_shares_are_in_points() -> None:
    measured = part(0.28, 0.02, unit="fraction", measure="range(final_valid_accuracy)")
    assert "40 percentage points with `a`, 12 percentage points with `b`" in say_part(measured)


def test_an_interval_around_nothing_names_both_directions() -> None:
    assert "1 % more (95 % interval 4 % less to 6 % more)" in say_part(part(0.01, 0.05, unit="ln"))


@pytest.mark.parametrize(
    ("measured", "answer"),
    [
        (part(0.08, 0.02), "and the whole interval is above that."),
        (part(0.08, 0.05, holds=True), "and the mean is above that."),
        (
            part(0.01, 0.03),
            "; 0.034 nats or more, either way, is excluded (90 % interval 0.01 less to 0.03 more).",
        ),
        (part(0.04, 0.03), ": there is an effect, but less was found, and as much is not excluded."),
        (part(0.02, 0.09), ": neither found nor excluded."),
        (part(-0.08, 0.02, opposes=True), ": it goes the other way."),
    ],
)
def test_what_was_asked_for_is_found_or_excluded_or_open(measured: PartResult, answer: str) -> None:
    text = say_part(measured)
    assert "At least 0.05 nats was asked for" in text
    assert text.endswith(answer)


def test_a_bound_that_is_excluded_is_rounded_up() -> None:
    assert quantity_of(part(0.01, 0.03)).size(0.0321, digits=2, up=True) == "0.033 nats"
    assert quantity_of(part(0.01, 0.03)).size(0.032, digits=2, up=True) == "0.032 nats"


def test_a_measure_of_a_measure_is_described() -> None:
    assert (
        describe_measure("range(test_error)") == "Largest minus smallest value of `test_error` over the grid"
    )
    assert describe_measure("last(churn, hidden1)") == "Last value of `churn` in `hidden1`"


@pytest.mark.parametrize(
    ("measure", "contrast", "shown"),
    [
        ("test_loss", "a - b", "a - b"),
        ("train_loss, test_loss", "a - b", "a - b"),
        ("train_loss, test_loss", "ln(a / a)", "ln(train_loss / test_loss)"),
        ("last(churn, all), last(churn, hidden1)", "a - a", "last(churn, all) - last(churn, hidden1)"),
    ],
)
def test_two_measures_of_one_arm_stand_in_its_place(measure: str, contrast: str, shown: str) -> None:
    assert contrast_of(part(0.1, 0.01, measure=measure, contrast=contrast)) == shown
