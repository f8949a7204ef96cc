"""With how many seeds a claim that is open could be settled: part by part, and for the claim as a whole."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from spread import with_spread

from regx.stats.power import seeds_needed, seeds_to_settle
from regx.stats.verdict import Evidence, all_of, always, any_of, at_least, decide, not_worse_than, within

Rule = Callable[..., Evidence]
Join = Callable[[Sequence[Evidence]], Evidence]
Part = tuple[Rule, float, float]  # mean and standard deviation of its differences

REPETITIONS = 2_000
ERROR = 5 * (0.8 * 0.2 / REPETITIONS) ** 0.5


OPEN = at_least(with_spread(1.2, 2), 1.0)
NOISY = at_least(with_spread(1.5, 5), 1.0)
SMALL = at_least(with_spread(0.5, 2), 1.0)
SMALLER = at_least(with_spread(0.3, 2), 1.0)
ALWAYS = always([0.0] * 10, 0.0)


def test_a_large_effect_needs_as_many_as_tell_it_from_none() -> None:
    assert seeds_to_settle(at_least(with_spread(3, 4), 1.0)) == seeds_needed(3.0, 4.0) == 16
    assert (
        seeds_to_settle(at_least(with_spread(3, 4), 1.0), 9) == seeds_needed(3.0, 4.0, alpha=0.05 / 9) == 28
    )


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        (at_least(with_spread(0.9, 0.3), 1.0), "null"),
        (at_least(with_spread(-0.9, 0.3), 1.0), "null"),
        (not_worse_than(with_spread(-0.9, 0.3), 1.0), "for"),
        (within(with_spread(0.9, 0.3), 1.0), "for"),
    ],
)
def test_a_mean_close_to_the_margin_needs_as_many_as_tell_them_apart(
    evidence: Evidence, verdict: str
) -> None:
    assert decide(evidence).verdict == "inconclusive"
    assert evidence.points_for == (verdict == "for")
    assert seeds_to_settle(evidence) == seeds_needed(0.1, 0.3, alpha=0.1) == 58


def test_the_way_it_points_is_the_way_it_is_settled() -> None:
    for_it = [OPEN, not_worse_than(with_spread(-0.9, 2), 1.0), within(with_spread(0.9, 2), 1.0), ALWAYS]
    assert all(evidence.points_for for evidence in for_it)
    against = [SMALL, not_worse_than(with_spread(-1.1, 2), 1.0), within(with_spread(-1.1, 2), 1.0)]
    assert not any(evidence.points_for for evidence in against)
    assert not at_least(with_spread(-1.2, 2), 1.0).points_for


def test_of_parts_that_all_point_for_it_each_may_be_missed() -> None:
    large = at_least(with_spread(3, 4), 1.0)
    assert seeds_to_settle(all_of([large, large])) == seeds_needed(3.0, 4.0, power=0.9)
    assert seeds_to_settle(all_of([NOISY, ALWAYS])) == seeds_to_settle(NOISY)
    needed = seeds_to_settle(all_of([OPEN, NOISY]))
    assert needed is not None
    assert needed == seeds_to_settle(all_of([NOISY, OPEN])) > (seeds_to_settle(NOISY) or 0)


def test_a_part_that_points_against_it_is_enough_at_a_stricter_level() -> None:
    for parts in ([SMALL, NOISY], [NOISY, SMALL]):
        assert seeds_to_settle(all_of(parts), 3) == seeds_to_settle(SMALL, 6)
    assert seeds_to_settle(all_of([SMALL, SMALLER])) == seeds_to_settle(SMALLER, 2)


def test_of_settings_only_one_that_points_for_it_can_settle_it() -> None:
    for settings in ([OPEN, NOISY, SMALLER], [SMALLER, NOISY, OPEN]):
        assert seeds_to_settle(any_of(settings), 2) == seeds_to_settle(OPEN, 6)
    assert seeds_to_settle(any_of([all_of([OPEN, SMALLER]), NOISY])) == seeds_to_settle(NOISY, 2)


def test_where_no_setting_points_for_it_all_have_to_fail() -> None:
    assert (seeds_to_settle(any_of([SMALL, SMALLER]), 2) or 0) > (seeds_to_settle(SMALL, 2) or 0)
    assert seeds_to_settle(any_of([SMALL]), 2) == seeds_to_settle(SMALL, 2)


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
    evidence = at_least(values, 1.0)
    summary = evidence.summary
    assert summary
    ends = (summary.interval_90.low, summary.interval_90.high)
    assert summary.smallest_excluded == max(map(abs, ends)) > 0.2
    assert at_least(values, summary.smallest_excluded * 1.001).p_null < 0.05
    assert at_least(values, summary.smallest_excluded * 0.999).p_null > 0.05


@pytest.mark.slow
@pytest.mark.parametrize("num_tests", [1, 9])
@pytest.mark.parametrize(
    ("rule", "mean", "sd"),
    [
        (at_least, 1.1, 0.4),
        (at_least, 2.0, 3.0),
        (at_least, 0.0, 0.7),
        (at_least, 0.7, 0.5),
        (at_least, -1.5, 1.5),
        (not_worse_than, 0.0, 1.0),
        (not_worse_than, -1.5, 0.6),
        (within, 0.0, 0.7),
        (within, 1.5, 0.5),
    ],
)
def test_with_as_many_seeds_it_is_settled_in_4_of_5_experiments(
    rule: Rule, mean: float, sd: float, num_tests: int
) -> None:
    """Seeded."""
    needed = seeds_to_settle(rule(with_spread(mean, sd), 1.0), num_tests)
    assert needed is not None

    def one(parts: Sequence[Evidence]) -> Evidence:
        return parts[0]

    assert settled(one, [(rule, mean, sd)], needed, num_tests) >= 0.8 - ERROR
    assert settled(one, [(rule, mean, sd)], int(0.8 * needed), num_tests) < 0.8 + ERROR


@pytest.mark.slow
@pytest.mark.parametrize("num_tests", [1, 9])
@pytest.mark.parametrize(
    ("join", "parts"),
    [
        (all_of, [(at_least, 2.0, 3.0)] * 2),
        (all_of, [(at_least, 2.0, 3.0)] * 4),
        (all_of, [(at_least, 2.0, 3.0), (not_worse_than, -0.4, 0.6), (within, 0.5, 0.4)]),
        (all_of, [(at_least, 0.3, 1.5), (at_least, 2.0, 1.0)]),
        (any_of, [(at_least, 0.3, 1.5)] * 3),
        (any_of, [(at_least, 0.3, 1.5), (at_least, 2.0, 1.0)]),
    ],
)
def test_with_as_many_seeds_a_claim_of_several_parts_is_settled_in_4_of_5_experiments(
    join: Join, parts: Sequence[Part], num_tests: int
) -> None:
    """Seeded; the parts are independent of one another, as two arms of their own are."""
    needed = seeds_to_settle(join([rule(with_spread(mean, sd), 1.0) for rule, mean, sd in parts]), num_tests)
    assert needed is not None
    assert settled(join, parts, needed, num_tests) >= 0.8 - ERROR
    assert settled(join, parts, int(0.7 * needed), num_tests) < 0.8 + ERROR


def settled(join: Join, parts: Sequence[Part], num_seeds: int, num_tests: int) -> float:
    """Simulate how often a verdict comes out, corrected for so many tests."""
    rng = np.random.default_rng([1, num_seeds])
    settled = 0
    for _ in range(REPETITIONS):
        found = join([rule(rng.normal(mean, sd, size=num_seeds), 1.0) for rule, mean, sd in parts])
        verdict = decide(
            replace(
                found,
                num_seeds=max(num_seeds, 5),  # the rule for fewer seeds is another matter
                p=min(1.0, num_tests * found.p),
                p_against=min(1.0, num_tests * found.p_against),
                p_null=min(1.0, num_tests * found.p_null),
            )
        )
        settled += verdict.verdict != "inconclusive"
    return settled / REPETITIONS
