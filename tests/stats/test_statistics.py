"""Intervals and tests against scipy.stats and statsmodels, and what they refuse."""

import time
import warnings
from math import inf, nan, sqrt

import numpy as np
import pytest
from scipy import stats

from regx.stats.power import paired_power, seeds_needed
from regx.stats.tests import (
    NUM_DRAWS,
    NoSpreadError,
    holm,
    mean_interval,
    share_of_wins,
    sign_flip_p,
    summarize,
    welch,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what statsmodels says of pandas while it is imported
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.power import TTestPower
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW, ttost_paired

EXACT = {"rel": 1e-10, "abs": 1e-10}
SAMPLES = [
    np.random.default_rng(seed).lognormal(0, 1, size) - 1.2 for seed, size in enumerate([2, 3, 5, 8, 10, 20])
]
samples = pytest.mark.parametrize("sample", SAMPLES, ids=len)


@samples
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
def test_paired_interval_is_that_of_statsmodels(sample: np.ndarray, confidence: float) -> None:
    interval = summarize(sample).interval_at(confidence)
    expected = DescrStatsW(sample).tconfint_mean(1 - confidence)
    assert (interval.low, interval.high) == pytest.approx(expected, **EXACT)
    assert mean_interval(sample, confidence) == interval


@samples
def test_p_is_that_of_scipy(sample: np.ndarray) -> None:
    other = np.linspace(-1, 1, sample.size)
    assert summarize(sample).p == pytest.approx(stats.ttest_1samp(sample, 0).pvalue, **EXACT)
    assert summarize(sample - other).p == pytest.approx(stats.ttest_rel(sample, other).pvalue, **EXACT)


@samples
@pytest.mark.parametrize("margin", [0.1, 1.0, 3.0])
def test_tost_is_that_of_statsmodels(sample: np.ndarray, margin: float) -> None:
    summary = summarize(sample)
    p, _, _ = ttost_paired(sample, np.zeros(sample.size), -margin, margin)
    assert summary.equivalence_p(margin) == pytest.approx(p, **EXACT)
    interval = DescrStatsW(sample).tconfint_mean(0.1)
    assert (summary.interval_90.low, summary.interval_90.high) == pytest.approx(interval, **EXACT)


def test_tost_is_significant_exactly_when_the_interval_is_inside() -> None:
    rng = np.random.default_rng(0)
    summaries = [summarize(rng.normal(0, 1, 6)) for _ in range(300)]
    inside = [summary.interval_90.inside(0.9) for summary in summaries]
    assert 50 < sum(inside) < 250
    assert inside == [summary.equivalence_p(0.9) < 0.05 for summary in summaries]


@pytest.mark.parametrize("sizes", [(2, 2), (5, 5), (10, 4), (3, 20)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_welch_is_that_of_scipy_and_statsmodels(sizes: tuple[int, int], confidence: float) -> None:
    rng = np.random.default_rng(7)
    treatment, control = rng.normal(1, 1, sizes[0]), rng.normal(0, 3, sizes[1])
    result = welch(treatment, control, confidence)
    expected = stats.ttest_ind(treatment, control, equal_var=False)
    assert result.p == pytest.approx(expected.pvalue, **EXACT)
    means = CompareMeans(DescrStatsW(treatment), DescrStatsW(control))
    interval = means.tconfint_diff(1 - confidence, usevar="unequal")
    assert (result.interval.low, result.interval.high) == pytest.approx(interval, **EXACT)


@pytest.mark.parametrize("size", range(13))
def test_holm_is_that_of_statsmodels(size: int) -> None:
    p_values = np.random.default_rng(size).beta(0.3, 3, size).round(3).tolist()
    expected = multipletests(p_values, method="holm")[1].tolist() if p_values else []
    assert holm(p_values) == pytest.approx(expected, **EXACT)


def test_holm_by_hand() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.02, 0.02]) == pytest.approx([0.04, 0.04])


@pytest.mark.parametrize("wrong", [-0.1, 1.1, nan])
def test_holm_refuses_what_is_no_p_value(wrong: float) -> None:
    with pytest.raises(ValueError, match="p-value 1"):
        holm([0.5, wrong])


@pytest.mark.parametrize("size", [2, 5, 9])
def test_exact_sign_flips_are_those_of_scipy(size: int) -> None:
    sample = np.random.default_rng(size).normal(0.5, 1, size)
    expected = stats.permutation_test(
        (sample,), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    result = sign_flip_p(sample)
    assert result == pytest.approx(expected.pvalue, **EXACT)


def test_sign_flips_count_sums_that_are_equal_but_for_rounding() -> None:
    assert sign_flip_p([0.1]) == 1.0
    assert sign_flip_p([0.1, 0.2, 0.3]) == 0.25
    assert sign_flip_p([0.1, 0.1, 0.1, -0.1]) == sign_flip_p([1, 1, 1, -1]) == 0.625
    assert sign_flip_p([1, 1, -1]) == 1.0
    assert sign_flip_p([0.0, 0.0]) == 1.0


@pytest.mark.parametrize(("num_seeds", "p"), [(5, 0.0625), (6, 0.03125), (10, 0.001953125)])
def test_five_seeds_of_one_sign_are_never_significant(num_seeds: int, p: float) -> None:
    differences = np.linspace(1, 2, num_seeds)
    assert sign_flip_p(differences) == p


def test_many_seeds_are_sampled_and_always_alike() -> None:
    sample = np.random.default_rng(5).normal(0.3, 1, 21)
    result = sign_flip_p(sample)
    assert result == sign_flip_p(sample)
    # All 2^21 sums, by convolution: 5 standard errors of the Monte-Carlo sample.
    signs = np.array([0.0])
    for value in sample:
        signs = np.concatenate([signs + value, signs - value])
    exact = np.mean(np.abs(signs) >= abs(sample.sum()) - 1e-12)
    assert result == pytest.approx(exact, abs=5 * sqrt(exact * (1 - exact) / NUM_DRAWS))
    assert sign_flip_p(np.linspace(1, 2, 40)) == pytest.approx(1 / (NUM_DRAWS + 1))


def test_a_thousand_seeds_are_quick_and_agree_with_the_normal_distribution() -> None:
    sample = np.random.default_rng(1).normal(0.05, 1, 1000)
    samples = [sample, sample - 0.02, sample + 0.02]
    began = time.process_time()
    results = [sign_flip_p(shifted) for shifted in samples]
    assert time.process_time() - began < 1.5  # seed by seed it takes 3 s and more
    for shifted, result in zip(samples, results, strict=True):
        normal = 2 * stats.norm.sf(abs(shifted.sum()) / sqrt((shifted**2).sum()))
        assert result == pytest.approx(normal, abs=0.008)


@pytest.mark.parametrize("alpha", [0.05, 0.0042])
@pytest.mark.parametrize("num_seeds", [2, 5, 10, 30])
def test_power_is_that_of_statsmodels(num_seeds: int, alpha: float) -> None:
    for size in np.linspace(0, 5, 9) / sqrt(num_seeds):  # beyond, statsmodels says NaN
        expected = TTestPower().power(size, num_seeds, alpha)
        assert paired_power(size, num_seeds, alpha) == pytest.approx(expected, **EXACT)
        assert paired_power(-size, num_seeds, alpha) == paired_power(size, num_seeds, alpha)


@pytest.mark.parametrize(("mean", "sd"), [(1, 2), (0.1, 1), (-3, 1), (5, 1), (0.05, 1)])
@pytest.mark.parametrize("alpha", [0.05, 0.0042])
def test_seeds_needed_is_the_smallest_number_with_enough_power(mean: float, sd: float, alpha: float) -> None:
    needed = seeds_needed(mean, sd, alpha)
    assert needed is not None
    assert paired_power(mean / sd, needed, alpha) >= 0.8
    assert needed == 2 or paired_power(mean / sd, needed - 1, alpha) < 0.8


def test_known_numbers_of_seeds() -> None:
    assert seeds_needed(0.5, 1) == 34  # Cohen 1988's table for a medium effect
    assert seeds_needed(0, 1) is None
    assert seeds_needed(1e-4, 1) is None
    assert seeds_needed(1, 0) == 2
    assert seeds_needed(1e6, 1) == 2
    assert paired_power(4, 10) == paired_power(1e9, 10) == 1.0


@pytest.mark.parametrize(("mean", "sd", "power"), [(nan, 1, 0.8), (1, inf, 0.8), (1, -1, 0.8), (1, 1, 1)])
def test_seeds_needed_refuses_what_is_no_effect(mean: float, sd: float, power: float) -> None:
    with pytest.raises(ValueError, match="no number of seeds"):
        seeds_needed(mean, sd, power=power)
    with pytest.raises(ValueError, match="1 seeds"):
        paired_power(1, 1)


def test_wins_count_ties_half() -> None:
    assert share_of_wins([1, 2, -1, 0]) == 0.625
    assert share_of_wins([0, 0]) == 0.5


def test_summary_by_hand() -> None:
    sample = SAMPLES[3]
    summary = summarize(sample)
    assert summary.interval == summary.interval_at(0.95)
    assert (summary.num_seeds, summary.wins) == (8, share_of_wins(sample))
    assert summary.sign_flip_p == sign_flip_p(sample)
    assert summary.effect_size == summary.mean / summary.sd
    assert summary.sd == pytest.approx(np.std(sample, ddof=1))


def test_seeds_without_spread_are_refused_unless_a_floor_is_given() -> None:
    with pytest.raises(NoSpreadError, match=r"all 3 seeds gave 0\.2"):
        summarize([0.2, 0.2, 0.2])
    with pytest.raises(NoSpreadError):
        summarize([0.3 - 0.1, 0.4 - 0.2, 0.2])  # the same but for rounding
    with pytest.raises(NoSpreadError):
        summarize([0, 0])
    assert summarize([0.2, 0.2, 0.2], sd_floor=0.1).sd == 0.1


def test_a_floor_is_a_lower_limit_of_the_spread() -> None:
    interval = summarize([1, 1, 1, 1], sd_floor=0.5).interval
    assert interval.half_width == pytest.approx(stats.t.ppf(0.975, 3) * 0.5 / 2)
    assert summarize([1.0, 2.0, 4.0], sd_floor=0.1) == summarize([1.0, 2.0, 4.0])
    for wrong in (0.0, -1.0, nan, inf):
        with pytest.raises(ValueError, match="sd_floor"):
            summarize([1, 2], sd_floor=wrong)


def test_the_mean_of_one_arm_may_have_no_spread() -> None:
    interval = mean_interval([0.25, 0.25])
    assert (interval.low, interval.high) == (0.25, 0.25)


def test_welch_takes_one_group_without_spread_but_not_two() -> None:
    group = [0.1, 0.3, 0.2]
    alone = stats.ttest_1samp(group, 0.0)
    assert welch(group, [0.0, 0.0]).p == pytest.approx(alone.pvalue, **EXACT)
    with pytest.raises(NoSpreadError, match=r"0\.1 and 0\.2"):
        welch([0.1, 0.1], [0.2, 0.2])


@pytest.mark.parametrize("function", [summarize, mean_interval, share_of_wins, sign_flip_p])
@pytest.mark.parametrize("wrong", [nan, inf, -inf])
def test_values_that_are_not_finite_are_named(function: object, wrong: float) -> None:
    assert callable(function)
    with pytest.raises(ValueError, match=f"{wrong} at index 2"):
        function([1.0, 2.0, wrong, 3.0])


def test_too_few_values_are_refused() -> None:
    for too_few in ([], [1.0]):
        with pytest.raises(ValueError, match="2 or more"):
            summarize(too_few)
        with pytest.raises(ValueError, match="2 or more"):
            welch([1.0, 2.0], too_few)
    with pytest.raises(ValueError, match="1 or more"):
        sign_flip_p([])


@pytest.mark.parametrize("confidence", [0, 1, 95, nan])
def test_confidence_is_a_fraction(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        mean_interval([1, 2], confidence)


@pytest.mark.parametrize("margin", [0, -1, nan, inf])
def test_margin_is_positive(margin: float) -> None:
    with pytest.raises(ValueError, match="margin"):
        summarize([1, 2]).equivalence_p(margin)
