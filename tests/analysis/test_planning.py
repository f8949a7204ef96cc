"""With how many seeds a claim that is open could be settled: part by part, and for the claim as a whole."""

from collections.abc import Callable

import numpy as np
import pytest

from regx.analysis.compound import all_of, any_of
from regx.analysis.decision import decide
from regx.analysis.evidence import Evidence, at_least, not_worse_than, within
from regx.analysis.planning import seeds_to_settle
from regx.analysis.power import seeds_needed

REPETITIONS = 4_000


def with_spread(mean: float, sd: float, num_seeds: int = 10) -> np.ndarray:
    """Make differences with exactly this mean and standard deviation."""
    steps = np.linspace(-1, 1, num_seeds)
    return mean + sd * steps / steps.std(ddof=1)


OPEN = at_least(with_spread(0.3, 2), 1.0)
NOISY = at_least(with_spread(0.5, 5), 1.0)
FOUND = at_least(with_spread(1.01, 0.1), 1.0)
NULL = at_least(with_spread(0.0, 0.1), 1.0)
ALWAYS = Evidence(num_seeds=10, favours=True, strong=True, p=0.0)


def test_one_comparison_needs_what_its_spread_asks_for() -> None:
    assert seeds_to_settle(OPEN) == seeds_needed(1.0, 2.0) == 34


def test_in_a_family_more_are_needed() -> None:
    assert seeds_to_settle(OPEN, 9) == seeds_needed(1.0, 2.0, alpha=0.05 / 9)
    assert seeds_needed(1.0, 2.0, alpha=0.05 / 9) == 57


@pytest.mark.parametrize(
    ("evidence", "edge"),
    [
        (at_least(with_spread(0.9, 0.3), 1.0), 0.1),
        (at_least(with_spread(-0.9, 0.3), 1.0), 0.1),
        (not_worse_than(with_spread(-0.9, 0.3), 1.0), 0.1),
        (not_worse_than(with_spread(-1.1, 0.3), 1.0), 0.1),
        (within(with_spread(0.9, 0.3), 1.0), 0.1),
        (within(with_spread(-1.1, 0.3), 1.0), 0.1),
    ],
)
def test_a_mean_close_to_the_margin_needs_as_many_as_tell_them_apart(evidence: Evidence, edge: float) -> None:
    """Seeds enough to tell the margin from 0 are there, and the claim is open all the same."""
    assert decide(evidence).verdict == "inconclusive"
    assert evidence.measured
    assert evidence.measured.seeds_needed < evidence.num_seeds  # type: ignore[operator]
    assert evidence.measured.edge == pytest.approx(edge)
    assert seeds_to_settle(evidence) == seeds_needed(0.1, 0.3, alpha=0.1) == 58


def test_what_is_settled_needs_no_more() -> None:
    for evidence in (FOUND, NULL, at_least(with_spread(-1.01, 0.1), 1.0)):
        assert decide(evidence).verdict != "inconclusive"
        assert seeds_to_settle(evidence) == seeds_needed(1.0, 0.1) == 3


def test_of_parts_that_are_all_needed_the_noisiest_decides() -> None:
    for parts in ([FOUND, NOISY], [NOISY, FOUND], [NOISY, OPEN], [NOISY, ALWAYS]):
        assert seeds_to_settle(all_of(parts)) == seeds_to_settle(NOISY)


def test_of_settings_the_cheapest_is_enough_at_a_stricter_level() -> None:
    for settings in ([OPEN, NOISY], [NOISY, OPEN]):
        assert seeds_to_settle(any_of(settings), 3) == seeds_to_settle(OPEN, 6)
    assert seeds_to_settle(any_of([all_of([OPEN, NOISY]), NOISY])) == seeds_to_settle(NOISY, 2)


def test_a_setting_that_is_lost_is_no_way_out() -> None:
    assert decide(any_of([NULL, NOISY])).verdict == "inconclusive"
    assert seeds_to_settle(any_of([NULL, NOISY])) == seeds_to_settle(NOISY, 2)


def test_a_claim_that_is_open_never_needs_fewer_seeds_than_it_has() -> None:
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(600):
        parts = [
            rule(rng.normal(rng.normal(0, 1), rng.uniform(0.1, 2), size=10), 1.0)
            for rule in rng.permutation([at_least, at_least, not_worse_than, within])[: rng.integers(1, 4)]
        ]
        for evidence in (all_of(parts), any_of(parts)):
            if decide(evidence).verdict == "inconclusive":
                found += 1
                assert (seeds_to_settle(evidence) or 11) > 10
    assert found > 200


def test_what_has_no_numbers_has_no_answer() -> None:
    lost = Evidence(num_seeds=6, problem="a seed has no number")
    assert seeds_to_settle(lost) is None
    assert seeds_to_settle(all_of([OPEN, lost])) is None


@pytest.mark.parametrize("sign", [1, -1])
def test_the_smallest_effect_that_is_excluded_is_the_far_end_of_the_90_percent_interval(sign: int) -> None:
    values = with_spread(sign * 0.2, 0.1, 5)
    measured = at_least(values, 1.0).measured
    assert measured
    ends = (measured.interval_90.low, measured.interval_90.high)
    assert measured.smallest_excluded == max(map(abs, ends)) > 0.2
    assert at_least(values, measured.smallest_excluded * 1.001).p_null < 0.05
    assert at_least(values, measured.smallest_excluded * 0.999).p_null > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("sd", [0.5, 3.0])
@pytest.mark.parametrize(
    ("rule", "true"),
    [(at_least, 1.0), (not_worse_than, 0.0), (within, 0.0)],
    ids=["at least", "not worse than", "within"],
)
def test_with_as_many_seeds_the_margin_is_found_in_4_of_5_experiments(
    rule: Callable[..., Evidence], true: float, sd: float
) -> None:
    """Seeded; the tolerance is 5 standard errors. One seed fewer is not enough."""
    needed = seeds_to_settle(rule(with_spread(0.0, sd, 3), 1.0))
    assert needed is not None
    found = {}
    for num_seeds in (needed - 1, needed):
        draws = np.random.default_rng([1, num_seeds]).normal(true, sd, size=(REPETITIONS, max(num_seeds, 2)))
        found[num_seeds] = np.mean([rule(draw, 1.0).p < 0.05 for draw in draws])
    error = (0.8 * 0.2 / REPETITIONS) ** 0.5
    assert found[needed] >= 0.8 - 5 * error
    assert found[needed - 1] <= 0.8 + 5 * error


@pytest.mark.slow
def test_with_as_many_seeds_a_mean_close_to_the_margin_is_called_null_in_4_of_5_experiments() -> None:
    needed = seeds_to_settle(at_least(with_spread(0.9, 0.3), 1.0))
    assert needed is not None
    draws = np.random.default_rng(2).normal(0.9, 0.3, size=(REPETITIONS, needed))
    null = np.mean([decide(at_least(draw, 1.0)).kind == "null" for draw in draws])
    assert (
        abs(null - 0.8) <= 5 * (0.8 * 0.2 / REPETITIONS) ** 0.5 + 0.01
    )  # whole seeds: a little more than 4 of 5
