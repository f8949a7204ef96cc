"""With how many seeds a claim that is open could be settled: part by part, and for the claim as a whole."""

from collections.abc import Callable

import numpy as np
import pytest

from regx.analysis.compound import all_of, any_of, seeds_to_find
from regx.analysis.evidence import Evidence, at_least, not_worse_than, within
from regx.analysis.power import seeds_needed

QUIET = at_least([1.0, 2.0, 0.0, 1.5, 0.5, 0.1], 1.0)
NOISY = at_least([4.0, -3.0, 2.0, -1.0, 3.0, -2.0], 1.0)
ALWAYS = Evidence(num_seeds=6, favours=True, strong=True, p=0.0)
REPETITIONS = 4_000


def test_one_comparison_needs_what_its_spread_asks_for() -> None:
    assert NOISY.measured
    assert seeds_to_find(NOISY) == NOISY.measured.seeds_needed
    assert seeds_to_find(NOISY) == seeds_needed(1.0, NOISY.measured.summary.sd)


def test_in_a_family_more_are_needed() -> None:
    alone, first_of_nine = seeds_to_find(NOISY), seeds_to_find(NOISY, 9)
    assert NOISY.measured
    assert first_of_nine == seeds_needed(1.0, NOISY.measured.summary.sd, alpha=0.05 / 9)
    assert first_of_nine > 1.4 * alone  # type: ignore[operator]


def test_of_parts_that_are_all_needed_the_noisiest_decides() -> None:
    for parts in ([QUIET, NOISY], [NOISY, QUIET], [NOISY, ALWAYS]):
        assert seeds_to_find(all_of(parts)) == seeds_to_find(NOISY)
    assert seeds_to_find(all_of([QUIET, ALWAYS])) == seeds_to_find(QUIET)


def test_of_settings_the_cheapest_is_enough_at_a_stricter_level() -> None:
    for settings in ([QUIET, NOISY], [NOISY, QUIET]):
        assert seeds_to_find(any_of(settings), 3) == seeds_to_find(QUIET, 6)
    both = any_of([all_of([QUIET, NOISY]), NOISY])
    assert seeds_to_find(both) == seeds_to_find(NOISY, 2)


def test_what_has_no_numbers_has_no_answer() -> None:
    lost = Evidence(num_seeds=6, problem="a seed has no number")
    assert seeds_to_find(lost) is None
    assert seeds_to_find(all_of([QUIET, lost])) is None


def test_the_smallest_effect_that_is_excluded_is_the_far_end_of_the_90_percent_interval() -> None:
    for sign in (1, -1):
        measured = at_least([sign * value for value in (0.3, 0.1, 0.2, 0.25, 0.15)], 1.0).measured
        assert measured
        ends = (measured.interval_90.low, measured.interval_90.high)
        assert measured.smallest_excluded == max(map(abs, ends)) > 0.2
        for margin, null in ((measured.smallest_excluded * 1.001, True), (measured.smallest_excluded, False)):
            values = [sign * value for value in (0.3, 0.1, 0.2, 0.25, 0.15)]
            assert (at_least(values, margin).p_null < 0.0499999) is null


def test_not_even_a_part_that_runs_the_other_way_is_excluded_by_its_near_end() -> None:
    measured = at_least([-0.3, -0.1, -0.2, -0.25, -0.15], 1.0).measured
    assert measured
    assert measured.smallest_excluded == -measured.interval_90.low


@pytest.mark.slow
@pytest.mark.parametrize("sd", [0.5, 1.0, 3.0])
@pytest.mark.parametrize(
    ("rule", "true"),
    [(at_least, 1.0), (not_worse_than, 0.0), (within, 0.0)],
    ids=["at least", "not worse than", "within"],
)
def test_with_as_many_seeds_the_margin_is_found_in_4_of_5_experiments(
    rule: Callable[..., Evidence], true: float, sd: float
) -> None:
    """Seeded; the tolerance is 5 standard errors. One seed fewer is not enough."""
    sample = np.array([-1.0, 0.0, 1.0]) * sd  # with exactly this standard deviation
    needed = seeds_to_find(rule(sample, 1.0))
    assert needed is not None
    found = {}
    for num_seeds in (needed - 1, needed):
        draws = np.random.default_rng([1, num_seeds]).normal(true, sd, size=(REPETITIONS, max(num_seeds, 2)))
        found[num_seeds] = np.mean([rule(draw, 1.0).p < 0.05 for draw in draws])
    error = (0.8 * 0.2 / REPETITIONS) ** 0.5
    assert found[needed] >= 0.8 - 5 * error
    assert found[needed - 1] <= 0.8 + 5 * error
