"""The facts of a comparison: effects with the digits that their intervals support, and what came out."""

import pytest

from regx.claims.facts import part_facts, quantity_of
from regx.claims.results import PartResult


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
        (part(0.42, 0.01, unit="fraction", measure="drop(test_error)", contrast="a"), "42.0 [41.0, 43.0] pp"),
    ],
)
def test_a_number_has_the_digits_that_its_interval_supports(measured: PartResult, text: str) -> None:
    assert part_facts(measured).effect == text


@pytest.mark.parametrize(
    ("measured", "wanted", "means"),
    [
        (part(0.0715, 0.0067), "at least 0.05 nats", "a 0.400 nats, b 0.329 nats"),
        (part(0.126, 0.005, unit="fraction", measure="test_error"), "at least 5 pp", "a 40.0 %, b 27.4 %"),
        (
            part(0.28, 0.02, unit="fraction", measure="range(test_error)"),
            "at least 5 pp",
            "a 40.0 pp, b 12.0 pp",
        ),
        (part(0.1, 0.01, unit="ln", amount=0.0488), "at least 5 %", "a 0.400 nats, b 0.300 nats"),
        (part(3.1, 0.01, unit="log2", amount=1), "at least × 2", "a 0.400 nats, b −2.70 nats"),
        (
            part(-0.01, 0.01, criterion="not_worse_than"),
            "at most 0.05 nats worse",
            "a 0.400 nats, b 0.410 nats",
        ),
        (part(0.01, 0.01, criterion="within"), "within ±0.05 nats", "a 0.400 nats, b 0.390 nats"),
    ],
)
def test_what_was_asked_for_and_the_arms_have_their_units(
    measured: PartResult, wanted: str, means: str
) -> None:
    facts = part_facts(measured)
    assert (facts.wanted, facts.means) == (wanted, means)


@pytest.mark.parametrize(
    ("measured", "answer"),
    [
        (part(0.08, 0.02), "holds"),
        (part(0.01, 0.03), "too small: 0.034 nats or more is excluded"),
        (part(0.04, 0.03), "open"),
        (part(0.02, 0.09), "open"),
        (part(-0.08, 0.02, opposes=True), "the other way"),
        (part(-0.08, 0.02, opposes=True, criterion="not_worse_than"), "worse than that"),
        (part(0.08, 0.02, opposes=True, holds=False, criterion="within"), "a larger difference"),
        (part(0.08, 0.02, criterion="", holds=False), ""),
        (part(0.08, 0.02, problem="a quotient of 0"), "not judged: a quotient of 0"),
    ],
)
def test_what_was_asked_for_is_found_or_excluded_or_open(measured: PartResult, answer: str) -> None:
    assert part_facts(measured).answer == answer


def test_a_bound_that_is_excluded_is_rounded_up() -> None:
    assert quantity_of(part(0.01, 0.03)).size(0.0321, digits=2, up=True) == "0.033 nats"
    assert quantity_of(part(0.01, 0.03)).size(0.032, digits=2, up=True) == "0.032 nats"


def test_a_measure_of_a_measure_is_described() -> None:
    measured = part(0.1, 0.01, measure="last(churn, hidden1)")
    assert part_facts(measured).meaning == "The last of `churn` in probes.csv"
    measured = part(0.1, 0.01, measure="range(test_error)")
    assert part_facts(measured).meaning == "Largest minus smallest value of `test_error` over the grid"


@pytest.mark.parametrize(
    ("measure", "contrast", "heading"),
    [
        ("test_loss", "a - b", "test_loss, a - b"),
        ("train_loss, test_loss", "a - b", "train_loss, test_loss, a - b"),
        ("train_loss, test_loss", "ln(a / a)", "a: ln(train_loss / test_loss)"),
        ("last(churn, all), last(churn, hidden1)", "a - a", "a: last(churn, all) - last(churn, hidden1)"),
    ],
)
def test_two_measures_of_one_arm_stand_in_its_place(measure: str, contrast: str, heading: str) -> None:
    assert part_facts(part(0.1, 0.01, measure=measure, contrast=contrast)).heading == heading
