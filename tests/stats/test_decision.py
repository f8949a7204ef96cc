"""Every verdict, at and on both sides of what separates it from the next."""

from dataclasses import replace
from math import sqrt

import pytest
from scipy import stats
from spread import with_spread

from regx.stats.tests import summarize
from regx.stats.verdict import (
    Decision,
    Evidence,
    all_of,
    any_of,
    at_least,
    decide,
    decide_family,
    not_worse_than,
    within,
)


def judge(mean: float, sd: float, num_seeds: int = 10, **corrected: float) -> Decision:
    return decide(replace(at_least(with_spread(mean, sd, num_seeds), 1.0), **corrected))


# The half-width of the 95 % interval of 10 seeds is 0.7154 sd, that of the 90 % interval 0.5797 sd.
@pytest.mark.parametrize(
    ("mean", "sd", "label"),
    [
        (1.8, 1.0, "supported (strong)"),
        (1.7, 1.0, "supported"),
        (1.001, 1.0, "supported"),
        (0.999, 1.0, "inconclusive"),  # not 0, but maybe too small to matter
        (1.5, 2.2, "inconclusive"),  # large enough, but maybe chance
        (-1.001, 1.0, "contradicted (reversed)"),
        (-0.999, 1.0, "inconclusive"),
        (-1.5, 2.2, "inconclusive"),
        (0.0, 1.7, "contradicted (null)"),
        (0.0, 1.75, "inconclusive"),
        (0.4, 1.0, "contradicted (null)"),
        (0.9, 0.1, "contradicted (null)"),  # certainly there, certainly too small to matter
    ],
)
def test_the_rule(mean: float, sd: float, label: str) -> None:
    assert judge(mean, sd).label == label


def test_an_effect_of_exactly_the_smallest_size_is_enough() -> None:
    assert decide(at_least([0.5, 1.5, 0.5, 1.5, 1.0], 1.0)).verdict == "supported"


@pytest.mark.parametrize("mean", [-3.0, 0.0, 3.0])
@pytest.mark.parametrize("num_seeds", [1, 2, 4])
def test_below_five_seeds_there_is_no_verdict(mean: float, num_seeds: int) -> None:
    decision = decide(at_least([mean] * num_seeds, 1.0, sd_floor=0.01))
    assert decision.label == "smoke"
    assert decide_family({"C": decision.evidence})["C"].label == "smoke"


def test_below_ten_seeds_a_verdict_is_provisional() -> None:
    assert judge(3, 1, 5).label == "supported (strong, provisional, n=5)"
    assert judge(-3, 1, 9).label == "contradicted (reversed, provisional, n=9)"
    assert judge(0, 0.1, 9).provisional
    assert not judge(3, 1, 10).provisional
    assert judge(0, 9, 5).label == "inconclusive"


def test_failed_gates_and_equal_seeds_are_invalid() -> None:
    decision = decide(at_least(with_spread(3, 1), 1.0), failed_gates=["chance level not reached"])
    assert (decision.label, decision.reasons) == ("invalid", ("chance level not reached",))
    equal = decide(at_least([3.0] * 5, 1.0))
    assert equal.label == "invalid"
    assert "was the seed used?" in equal.reasons[0]
    assert decide(at_least([3.0] * 5, 1.0, sd_floor=0.3)).verdict == "supported"


def test_what_is_not_finite_is_refused_and_not_judged() -> None:
    with pytest.raises(ValueError, match="nan at index 1"):
        at_least([1.0, float("nan"), 1.0, 1.0, 1.0], 1.0)
    with pytest.raises(ValueError, match="must be > 0"):
        at_least(with_spread(1, 1), 0.0)


def test_the_numbers_behind_a_decision() -> None:
    differences = with_spread(1.2, 1.0)
    evidence = at_least(differences, 1.0)
    summary = evidence.summary
    assert summary is not None
    assert summary == summarize(differences)
    assert summary.interval.half_width == pytest.approx(stats.t.ppf(0.975, 9) / sqrt(10))
    assert summary.interval_90 == summary.interval_at(0.9)
    assert summary.wins == 0.9
    assert (evidence.points_for, evidence.hurdles[1].distance) == (True, pytest.approx(0.2))
    assert summary.sign_flip_p < 0.05


def test_the_sign_of_the_differences_swaps_supported_and_reversed() -> None:
    for mean in (0.2, 1.1, 3.0):
        there, back = judge(mean, 1.0), judge(-mean, 1.0)
        swapped = {"supported": "contradicted"}.get(there.verdict, there.verdict)
        assert back.verdict == swapped
        assert back.p == pytest.approx(there.p)


def test_corrected_p_values_decide() -> None:
    assert judge(1.5, 1.0, p=0.06).verdict == "inconclusive"
    assert judge(-1.5, 1.0, p_against=0.06).verdict == "inconclusive"
    assert judge(0.0, 0.1, p_null=0.06).verdict == "inconclusive"


def test_the_family_is_corrected_by_holm() -> None:
    close = at_least(with_spread(1.5, 1.8), 1.0)
    assert close.p == pytest.approx(0.0271, abs=1e-4)
    assert decide_family({"A": close})["A"].verdict == "supported"
    assert decide_family({"A": close}, family_size=2)["A"].label == "inconclusive"
    both = decide_family({"A": close, "B": at_least(with_spread(3, 1), 1.0)})
    assert both["A"].verdict == both["B"].verdict == "supported"  # B is the smaller p: A is not doubled
    assert both["A"].p == pytest.approx(close.p)
    three = decide_family({"A": close, "B": close, "C": at_least(with_spread(3, 1), 1.0)})
    assert [decision.verdict for decision in three.values()] == ["inconclusive", "inconclusive", "supported"]


def test_only_what_is_open_enters_the_null_stage() -> None:
    null = at_least(with_spread(0.0, 1.35), 1.0)
    assert 0.01 < null.p_null < 0.025
    settled = {"A": at_least(with_spread(3, 1), 1.0), "B": at_least(with_spread(-3, 1), 1.0)}
    assert decide_family({"N": null, **settled})["N"].label == "contradicted (null)"
    assert decide_family({"N": null, **settled})["N"].p == null.p_null
    open_ones = {name: at_least(with_spread(0.0, 9), 1.0) for name in "ABCD"}
    assert decide_family({"N": null, **open_ones})["N"].label == "inconclusive"
    assert decide_family({"N": null}, family_size=5)["N"].label == "inconclusive"


def test_invalid_claims_count_as_tests_that_found_nothing() -> None:
    close = at_least(with_spread(1.5, 1.8), 1.0)
    strong, equal = at_least(with_spread(3, 1), 1.0), at_least([3.0] * 10, 1.0)
    assert decide_family({"A": close, "B": strong})["A"].verdict == "supported"
    family = decide_family({"A": close, "B": equal})
    assert [decision.verdict for decision in family.values()] == ["inconclusive", "invalid"]
    family = decide_family({"A": close, "B": strong}, failed_gates=["broken"])
    assert [decision.reasons for decision in family.values()] == [("broken",)] * 2
    with pytest.raises(ValueError, match="more than the family of 1"):
        decide_family({"A": close, "B": strong}, family_size=1)


@pytest.mark.parametrize(
    ("mean", "label"),
    [
        (0.0, "supported (strong)"),
        (0.35, "supported"),  # the 90 % interval is inside, the 95 % interval is not
        (0.5, "inconclusive"),
        (1.7, "inconclusive"),
        (1.8, "contradicted (outside)"),
        (-1.8, "contradicted (outside)"),
    ],
)
def test_equivalence(mean: float, label: str) -> None:
    evidence = within(with_spread(mean, 1.0), 1.0)
    assert decide(evidence).label == label
    if evidence.favours:
        assert evidence.p == pytest.approx(summarize(with_spread(mean, 1.0)).equivalence_p(1.0))


@pytest.mark.parametrize(
    ("mean", "label"),
    [
        (5.0, "supported (strong)"),
        (-0.4, "supported"),
        (-0.45, "inconclusive"),
        (-1.7, "inconclusive"),
        (-1.8, "contradicted (reversed)"),
    ],
)
def test_not_worse_than(mean: float, label: str) -> None:
    evidence = not_worse_than(with_spread(mean, 1.0), 1.0)
    assert decide(evidence).label == label
    shifted = stats.ttest_1samp(with_spread(mean, 1.0), -1.0, alternative="greater")
    assert evidence.p == pytest.approx(shifted.pvalue, rel=1e-9)
    if mean < -1:
        two_sided = stats.ttest_1samp(with_spread(mean, 1.0), -1.0)
        assert evidence.p_against == pytest.approx(two_sided.pvalue, rel=1e-9)


FOR = at_least(with_spread(3, 1), 1.0)
BARELY_FOR = at_least(with_spread(1.5, 1.8), 1.0)
AGAINST = at_least(with_spread(-3, 1), 1.0)
BARELY_AGAINST = at_least(with_spread(-1.5, 1.8), 1.0)
NULL = at_least(with_spread(0, 0.1), 1.0)
BARELY_NULL = at_least(with_spread(0, 1.6), 1.0)
OPEN = at_least(with_spread(0.5, 3), 1.0)
KEPT = not_worse_than(with_spread(0, 1), 1.0)


@pytest.mark.parametrize(
    ("parts", "label"),
    [
        ([FOR], "supported (strong)"),
        ([FOR, BARELY_FOR, BARELY_FOR], "supported"),  # no correction for the number of parts
        ([FOR, KEPT], "supported (strong)"),
        ([FOR, OPEN], "inconclusive"),
        ([FOR, AGAINST], "contradicted (reversed)"),
        ([FOR, NULL], "contradicted (null)"),
        ([NULL, AGAINST], "contradicted (reversed)"),
        ([BARELY_AGAINST], "contradicted (reversed)"),
        ([FOR, BARELY_AGAINST], "inconclusive"),  # one of two: its p is doubled
        ([FOR, BARELY_NULL], "inconclusive"),
        ([FOR, within(with_spread(3, 1), 1.0)], "contradicted (outside)"),
    ],
)
def test_claims_that_need_all_their_parts(parts: list[Evidence], label: str) -> None:
    for order in (parts, parts[::-1]):
        assert decide(all_of(order)).label == label
    assert all_of(parts).p == max(part.p for part in parts)


@pytest.mark.parametrize(
    ("parts", "label"),
    [
        ([FOR, AGAINST, NULL], "supported (strong)"),
        ([BARELY_FOR], "supported"),
        ([BARELY_FOR, OPEN], "inconclusive"),  # the better of two: its p is doubled
        ([BARELY_FOR, AGAINST], "inconclusive"),  # the small p of the other direction does not help
        ([AGAINST, BARELY_AGAINST], "contradicted (reversed)"),
        ([AGAINST, NULL, BARELY_NULL], "contradicted (null)"),
        ([AGAINST, OPEN], "inconclusive"),
        ([NULL, OPEN], "inconclusive"),
    ],
)
def test_claims_for_which_one_setting_is_enough(parts: list[Evidence], label: str) -> None:
    for order in (parts, parts[::-1]):
        assert decide(any_of(order)).label == label


def test_every_setting_must_speak_against_by_itself() -> None:
    assert any_of([AGAINST, BARELY_AGAINST]).p_against == BARELY_AGAINST.p_against
    assert any_of([NULL, BARELY_NULL]).p_null == BARELY_NULL.p_null


def test_parts_nest() -> None:
    settings = [all_of([FOR, KEPT]), all_of([FOR, NULL])]
    evidence = any_of(settings)
    assert decide(evidence).verdict == "supported"
    assert evidence.p == pytest.approx(2 * max(FOR.p, KEPT.p))
    assert decide(all_of([evidence, AGAINST])).label == "contradicted (reversed)"


def test_the_weakest_part_sets_seeds_and_problems() -> None:
    few = at_least(with_spread(3, 1, 3), 1.0)
    assert decide(all_of([FOR, few])).label == "smoke"
    assert decide(any_of([FOR, few])).label == "smoke"
    equal = at_least([2.0] * 6, 1.0)
    assert decide(all_of([FOR, equal])).label == decide(any_of([FOR, equal])).label == "invalid"
    assert decide(all_of([FOR, at_least(with_spread(3, 1, 6), 1.0)])).provisional
    for combine in (all_of, any_of):
        with pytest.raises(ValueError, match="at least one part"):
            combine([])
