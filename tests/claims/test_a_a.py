"""What `make a-a` found, held to what is nominal: claims that one of two equal arms is better."""

import csv
from collections.abc import Sequence
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

RESULT = Path(__file__).parents[2] / "results" / "statistics" / "a_a_claims.csv"
SIGMA = 3  # above which a share is no chance: once in 700 where the nominal share is the true one


def outcomes(experiment: str, rule: str) -> dict[str, str]:
    """Return a letter per repetition and measure; measures that never gave a verdict are left out."""
    with RESULT.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["experiment"], row["rule"]) == (experiment, rule)]
    return {row["measure"]: row["outcomes"] for row in rows if set(row["outcomes"]) != {"x"}}


def shares(verdicts: Sequence[str], letter: str) -> list[float]:
    """Return the share of the measures with a verdict, repetition by repetition.

    The measures of a repetition hang together; the repetitions have no run in common.
    """
    each = ["".join(letters).replace("x", "") for letters in zip(*verdicts, strict=True)]
    return [letters.count(letter) / len(letters) for letters in each if letters]


def is_more_than(nominal: float, per_repetition: Sequence[float]) -> bool:
    """Whether a mean share is above what is nominal by more than chance."""
    error = float(np.std(per_repetition, ddof=1)) / sqrt(len(per_repetition))
    return float(np.mean(per_repetition)) - SIGMA * error > nominal


def test_there_are_enough_measures_and_repetitions() -> None:
    runs, probed, over_grid = (outcomes(name, "any effect") for name in ("same_rate", "probes", "ladder"))
    assert (len(runs), len(probed), len(over_grid)) == (24, 12, 10)
    for found in (runs, probed, over_grid):
        assert all(len(letters) >= 30 for letters in found.values())
        assert set("".join(found.values())) <= set("srnix")


@pytest.mark.parametrize(
    ("experiment", "rule", "nominal"),
    [
        ("same_rate", "any effect", 0.025),
        ("probes", "any effect", 0.025),
        ("ladder", "any effect", 0.025),
        ("same_rate", "10 % of a", 0.025),
        ("probes", "ln 1.05", 0.025),
        ("ladder", "a doubling", 0.025),
        ("same_rate", "one of two settings", 0.025),
        ("same_rate", "not worse by a hair", 0.05),
    ],
)
@pytest.mark.parametrize("letter", ["s", "r"])
def test_false_claims_are_supported_no_more_often_than_nominal(
    experiment: str, rule: str, nominal: float, letter: str
) -> None:
    found = outcomes(experiment, rule)
    assert found
    assert not is_more_than(nominal if letter == "s" else 0.025, shares([*found.values()], letter))


@pytest.mark.parametrize("experiment", ["same_rate", "probes", "ladder"])
def test_no_single_measure_is_far_from_nominal(experiment: str) -> None:
    """Exact binomial bound of each, at a level that allows for their number."""
    found = outcomes(experiment, "any effect")
    for measure, letters in found.items():
        trials = len(letters.replace("x", ""))
        most = stats.binom.isf(0.001 / len(found), trials, 0.025)
        assert max(letters.count("s"), letters.count("r")) <= most, measure


@pytest.mark.parametrize(
    "rule", ["two parts, any effect", "an effect and no loss", "a target that many miss"]
)
def test_neither_are_claims_of_several_parts(rule: str) -> None:
    [letters] = outcomes("same_rate", rule).values()
    assert letters.count("s") <= stats.binom.isf(0.001, len(letters), 0.025)


def test_a_family_has_any_false_verdict_as_seldom_as_a_single_claim() -> None:
    found = outcomes("same_rate", "a family of 9")
    assert len(found) == 9
    some = sum("s" in letters or "r" in letters for letters in zip(*found.values(), strict=True))
    repetitions = len(next(iter(found.values())))
    assert some <= stats.binom.isf(0.001, repetitions, 0.05)


def test_equal_arms_are_never_told_to_be_equal_to_a_hair() -> None:
    found = outcomes("same_rate", "equal to a hair")
    assert not any("s" in letters for letters in found.values())
    assert not is_more_than(0.05, shares([*found.values()], "o"))


def test_the_bound_sees_arms_that_are_not_equal() -> None:
    """Where tuning gave the arms different rates, the runs are told apart, as they should be."""
    [rates] = outcomes("own_rate", "tuned to").values()
    found = outcomes("own_rate", "any effect").values()
    split = [
        "".join(pair[0] for pair in zip(letters, rates, strict=True) if pair[1] == "d") for letters in found
    ]
    assert is_more_than(0.025, shares(split, "s"))


def test_the_bound_sees_a_share_three_times_the_nominal_one() -> None:
    rng = np.random.default_rng(0)
    seen = [is_more_than(0.025, rng.binomial(24, 0.075, size=40) / 24) for _ in range(200)]
    missed = [is_more_than(0.025, rng.binomial(24, 0.025, size=40) / 24) for _ in range(200)]
    assert np.mean(seen) > 0.9
    assert np.mean(missed) < 0.05
