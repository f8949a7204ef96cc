"""Groups of seeds: what is said of their differences, against scipy and by hand."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from run_builder import built_run, group_runs
from scipy import stats
from sweep_builder import build_sweep

from regx.compare.compare import Comparison, compare
from regx.compare.groups import group_selections
from regx.compare.notes import notes
from regx.compare.select import select
from regx.compare.words import conclude
from regx.stats.power import seeds_needed

FIRST = (0.10, 0.12, 0.11, 0.14, 0.13, 0.12)
BETTER = (0.06, 0.07, 0.08, 0.09, 0.07, 0.08)
WORSE = (0.16, 0.15, 0.17, 0.21, 0.20, 0.17)
LIKE = (0.11, 0.11, 0.12, 0.13, 0.12, 0.14)


def arm(
    root: Path, errors: Sequence[float], lr: float, seeds: Sequence[int] | None = None, **changes: Any
) -> Any:
    """Runs with these test errors, and test losses six times as large."""
    return [
        built_run(
            root,
            seed=seed,
            optim={"lr": lr},
            test_error=error,
            test_loss=6 * error,
            **{"name": f"lr{lr:g}", **changes},
        )
        for seed, error in zip(seeds or range(len(errors)), errors, strict=True)
    ]


def compared(*arms: Any, target_error: float | None = None) -> Comparison:
    return compare(group_runs(list(itertools.chain(*arms))), target_error=target_error)


def test_pairs_agree_with_scipy(tmp_path: Path) -> None:
    row = compared(arm(tmp_path, FIRST, 0.1), arm(tmp_path, WORSE, 0.2)).row("test_error")
    one = row.inferences[1]
    differences = [b - a for a, b in zip(FIRST, WORSE, strict=True)]
    expected = stats.ttest_1samp(differences, 0)
    interval = expected.confidence_interval()
    assert one.method == "paired"
    assert (one.low, one.high, one.p) == pytest.approx(
        (interval.low, interval.high, expected.pvalue), rel=1e-10
    )
    assert one.p_sign_flip == 2 / 2**6  # all six have the same sign
    assert one.wins == 0.0
    cell = row.cells[0]
    mean = stats.ttest_1samp(FIRST, 0).confidence_interval()
    assert cell.half_width == pytest.approx((mean.high - mean.low) / 2, rel=1e-10)


def test_wins_follow_the_better_direction_and_ties_count_half(tmp_path: Path) -> None:
    errors = (0.09, 0.12, 0.11, 0.15, 0.13, 0.12)  # one better, one worse, four ties
    row = compared(arm(tmp_path, FIRST, 0.1), arm(tmp_path, errors, 0.2)).row("test_error")
    assert row.inferences[1].wins == 0.5
    assert compared(arm(tmp_path / "b", FIRST, 0.1), arm(tmp_path / "b", BETTER, 0.2)).row(
        "test_error"
    ).inferences[1].wins == 1.0  # fmt: skip


def test_only_shared_seeds_are_paired_and_the_others_named(tmp_path: Path) -> None:
    comparison = compared(arm(tmp_path, FIRST, 0.1), arm(tmp_path, BETTER, 0.2, seeds=range(2, 8)))
    one = comparison.row("test_error").inferences[1]
    assert one.seeds == (2, 3, 4, 5)
    pairs = [b - a for a, b in zip(FIRST[2:], BETTER[:4], strict=True)]
    assert one.difference == pytest.approx(sum(pairs) / 4)
    assert (
        "lr0.1 and lr0.2: paired by the 4 seeds that both have (2–5); "
        "only lr0.1 has 0–1 and only lr0.2 has 6–7."
    ) in notes(comparison)


def test_groups_without_a_common_seed_are_compared_by_welch(tmp_path: Path) -> None:
    comparison = compared(arm(tmp_path, FIRST, 0.1), arm(tmp_path, BETTER, 0.2, seeds=range(10, 16)))
    one = comparison.row("test_error").inferences[1]
    expected = stats.ttest_ind(BETTER, FIRST, equal_var=False)
    assert (one.method, one.p, one.wins) == ("unpaired", pytest.approx(expected.pvalue, rel=1e-10), None)
    assert "lr0.1 and lr0.2 share no seed: they are not paired (Welch's test)." in notes(comparison)


def test_one_pair_is_no_test(tmp_path: Path) -> None:
    comparison = compared(arm(tmp_path, FIRST, 0.1), arm(tmp_path, FIRST, 0.2, seeds=range(5, 11)))
    one = comparison.row("test_error").inferences[1]
    assert (one.method, one.p, one.remark) == ("none", None, "one pair")


def test_more_groups_are_corrected_by_holm(tmp_path: Path) -> None:
    arms = [
        arm(tmp_path, errors, lr) for errors, lr in ((FIRST, 0.1), (WORSE, 0.2), (LIKE, 0.3), (BETTER, 0.4))
    ]
    row = compared(*arms).row("test_error")
    raw = [stats.ttest_rel(errors, FIRST).pvalue for errors in (WORSE, LIKE, BETTER)]
    smallest, middle, largest = sorted(raw)
    holm = {smallest: 3 * smallest, middle: max(3 * smallest, 2 * middle), largest: max(2 * middle, largest)}
    assert [one.p_holm for one in row.inferences[1:]] == pytest.approx([holm[p] for p in raw], rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.02])
def test_differences_without_spread_get_a_word(tmp_path: Path, shift: float) -> None:
    same = [error + shift for error in FIRST]
    one = compared(arm(tmp_path, FIRST, 0.1), arm(tmp_path, same, 0.2)).row("test_error").inferences[1]
    assert (one.low, one.p, one.effect_size, one.is_significant) == (None, None, None, False)
    assert one.remark == ("the same in each" if shift else "identical")


def test_a_winner_is_called_only_where_the_interval_leaves_out_0(tmp_path: Path) -> None:
    said = " ".join(conclude(compared(arm(tmp_path, FIRST, 0.1), arm(tmp_path, BETTER, 0.2))))
    assert "lr0.2 overfits less than lr0.1: loss gap 0.350 against 0.620 nats, difference −0.270 [−0." in said
    assert "p < 0.001, in 6 of 6 seeds" in said
    assert "The test error of lr0.2 is lower than that of lr0.1: 7.50 against 12.00 %" in said
    said = " ".join(conclude(compared(arm(tmp_path / "b", FIRST, 0.1), arm(tmp_path / "b", LIKE, 0.2))))
    assert "No clear difference in overfitting between lr0.2 and lr0.1" in said
    assert "to see one of this size takes about" in said
    assert "less than" not in said


def test_swapping_the_groups_turns_the_sentence(tmp_path: Path) -> None:
    said = " ".join(conclude(compared(arm(tmp_path, BETTER, 0.1), arm(tmp_path, FIRST, 0.2))))
    assert "lr0.2 overfits more than lr0.1: loss gap 0.620 against 0.350 nats, difference +0.270 [+0." in said
    assert "in 6 of 6 seeds. The test error of lr0.2 is higher" in said


def test_a_smaller_gap_by_fitting_less_is_said(tmp_path: Path) -> None:
    good = arm(tmp_path, FIRST, 0.1, train_losses=(1.0, 0.4, 0.01))
    poor = arm(tmp_path, WORSE, 0.2, train_losses=(1.0, 0.9, 0.8))
    said = conclude(compared(good, poor))[0]
    assert "lr0.2 overfits less" in said
    assert (
        "lr0.2 does so by fitting less: its test loss is 1.06 against 0.720 nats".replace("1.06", "1.060")
        in said
    )


def test_few_seeds_are_no_claim_and_it_says_how_many_are_needed(tmp_path: Path) -> None:
    comparison = compared(arm(tmp_path, FIRST[:3], 0.1), arm(tmp_path, LIKE[:3], 0.2))
    said = conclude(comparison)
    assert not comparison.row("test_error").inferences[1].is_significant
    assert said[-1].startswith("3 seeds are too few for a claim; differences of this size need about ")
    assert "for the loss gap" in said[-1]
    assert "for the test error" in said[-1]


def test_four_seeds_call_no_winner_however_clear_they_are(tmp_path: Path) -> None:
    comparison = compared(arm(tmp_path, FIRST[:4], 0.1), arm(tmp_path, BETTER[:4], 0.2))
    one = comparison.row("test_error").inferences[1]
    assert one.p < 0.05
    assert not one.is_significant
    assert "The overfitting of lr0.2 against that of lr0.1: loss gap 0." in conclude(comparison)[0]


def test_a_fifth_that_missed_the_target_counts_with_its_budget(tmp_path: Path) -> None:
    late = arm(tmp_path, FIRST[:1], 0.1, valid_errors=(0.5, 0.5, 0.4))
    rest = arm(tmp_path, FIRST[1:5], 0.1, seeds=range(1, 5))
    comparison = compared([*late, *rest], arm(tmp_path, BETTER[:5], 0.2), target_error=0.25)
    cell = comparison.row("epochs_to_target").cells[0]
    assert cell.values == (3.0, 2.5, 2.5, 2.5, 2.5)
    assert cell.num_censored == 1
    assert comparison.row("epochs_to_target").inferences[1] is not None
    assert any("1 of 5 runs of lr0.1 did not reach the target" in note for note in notes(comparison))


def timed(root: Path, lr: float, curves: Sequence[Sequence[float]], **changes: Any) -> Any:
    """Runs with these validation errors, one seed each."""
    built = [
        arm(root, [0.1], lr, seeds=[seed], valid_errors=curve, **changes) for seed, curve in enumerate(curves)
    ]
    return list(itertools.chain(*built))


SLOW = [(0.5, 0.4, 0.2 - 0.01 * seed) for seed in range(10)]  # 2.75 epochs to 0.25, and a little less
FAST = [(0.2, 0.2, 0.2)] * 10  # 1 epoch
NEVER = (0.5, 0.5, 0.4)


def test_a_group_that_looks_faster_by_lower_bounds_is_not_called_faster(tmp_path: Path) -> None:
    comparison = compared(
        timed(tmp_path, 0.1, SLOW), timed(tmp_path, 0.2, [*FAST[:9], NEVER]), target_error=0.25
    )
    one = comparison.row("epochs_to_target").inferences[1]
    assert one.high < 0
    assert one.p_holm < 0.05
    assert not one.is_significant
    said = conclude(comparison)[1]
    assert said.startswith(
        "No clear difference in convergence between lr0.2 and lr0.1: at least 1.2 against 2.6 epochs"
    )
    assert said.endswith("; times of lr0.2 are lower bounds.")
    assert any("lr0.2 looks faster than lr0.1" in note for note in notes(comparison))


def test_lower_bounds_of_the_slower_group_leave_the_difference_told(tmp_path: Path) -> None:
    comparison = compared(
        timed(tmp_path, 0.1, [*SLOW[:9], NEVER]), timed(tmp_path, 0.2, FAST), target_error=0.25
    )
    assert comparison.row("epochs_to_target").inferences[1].is_significant
    said = conclude(comparison)[1]
    assert said.startswith("lr0.2 converges faster than lr0.1: 1.0 against at least 2.7 epochs")
    assert "at least 2.7 times faster" in said


def test_lower_bounds_outside_the_pairs_do_not_count(tmp_path: Path) -> None:
    comparison = compared(
        timed(tmp_path, 0.1, SLOW[:9]), timed(tmp_path, 0.2, [*FAST[:9], NEVER]), target_error=0.25
    )
    assert comparison.row("epochs_to_target").cells[1].num_censored == 1
    assert comparison.row("epochs_to_target").inferences[1].is_significant


def test_a_single_run_is_not_called_slower_than_a_lower_bound(tmp_path: Path) -> None:
    comparison = compared(
        timed(tmp_path, 0.1, [(0.5, 0.4, 0.2)]), timed(tmp_path, 0.2, [*FAST[:4], NEVER]), target_error=0.25
    )
    assert comparison.row("epochs_to_target").best is None
    assert (
        "No clear difference in convergence between lr0.2 and lr0.1: at least 1.4 against 2.8 epochs "
        "to a validation error of 25 %, difference −1.4; times of lr0.2 are lower bounds."
    ) in conclude(comparison)


def test_the_speed_up_is_the_ratio_of_geometric_means(tmp_path: Path) -> None:
    slow = timed(tmp_path, 0.1, SLOW)
    fast = timed(tmp_path, 0.2, FAST, seconds_per_epoch=1.0)
    comparison = compared(slow, fast, target_error=0.25)
    times = [2 + 0.15 / (0.2 + 0.01 * seed) for seed in range(10)]
    ratio = stats.gmean(times)
    assert comparison.row("epochs_to_target").inferences[1].times_as_fast == pytest.approx(ratio)
    assert comparison.row("seconds_to_target").inferences[1].times_as_fast == pytest.approx(2 * ratio)
    assert comparison.row("test_error").inferences[1].times_as_fast is None
    assert conclude(comparison)[1].endswith(
        ", in 10 of 10 seeds; 2.6 times faster; in training time 1.00 s against 5.24 s, 5.2 times faster."
    )
    turned = compared(fast, slow, target_error=0.25)
    assert turned.row("epochs_to_target").inferences[1].times_as_fast == pytest.approx(1 / ratio)
    assert "in 10 of 10 seeds; 2.6 times slower; in training" in conclude(turned)[1]


def test_the_sentences_take_the_means_over_the_pairs(tmp_path: Path) -> None:
    """Seeds that only one group has do not make a mean that the difference does not fit."""
    half_done = arm(tmp_path, BETTER[1:], 0.2, seeds=range(1, 6))
    comparison = compared(arm(tmp_path, (0.9, *FIRST[1:]), 0.1), half_done)
    one = comparison.row("loss_gap").inferences[1]
    assert one.means[1] - one.means[0] == pytest.approx(one.difference)
    said = conclude(comparison)[0]
    assert "lr0.2 overfits less than lr0.1: loss gap 0.368 against 0.644 nats over the 5 pairs" in said
    assert (
        "The test error of lr0.2 is lower than that of lr0.1: 7.80 against 12.40 % over the 5 pairs, " in said
    )
    whole = compared(arm(tmp_path / "b", FIRST, 0.1), arm(tmp_path / "b", BETTER, 0.2))
    assert "over the" not in conclude(whole)[0]


def test_more_than_a_fifth_makes_the_area_step_in(tmp_path: Path) -> None:
    late = arm(tmp_path, FIRST[:2], 0.1, valid_errors=(0.5, 0.5, 0.4))
    rest = arm(tmp_path, FIRST[2:], 0.1, seeds=range(2, 6))
    comparison = compared([*late, *rest], arm(tmp_path, BETTER, 0.2), target_error=0.25)
    row = comparison.row("epochs_to_target")
    assert (row.cells[0].missing, row.inferences[1]) == ("2 of 6 not reached", None)
    assert any("2 of 6 not reached, which is more than 20 %" in note for note in notes(comparison))
    assert any("mean valid accuracy (AUC) " in line for line in conclude(comparison))


def test_a_diverged_run_is_never_dropped(tmp_path: Path) -> None:
    broken = arm(tmp_path, FIRST[:1], 0.1, status="diverged")
    rest = arm(tmp_path, FIRST[1:], 0.1, seeds=range(1, 6))
    comparison = compared([*broken, *rest], arm(tmp_path, BETTER, 0.2))
    assert comparison.row("test_error").cells[0].missing == "1 of 6 diverged"
    assert comparison.row("test_error").inferences[1] is None
    assert "cannot be compared: lr0.1: 1 of 6 diverged" in " ".join(conclude(comparison))


def test_more_than_one_setting_is_confounded_and_said_first(tmp_path: Path) -> None:
    other = arm(tmp_path, BETTER, 0.2, model={"batch_norm": True})
    assert conclude(compared(arm(tmp_path, FIRST, 0.1), other))[0] == (
        "CONFOUNDED: they differ in model.batch_norm and optim.lr; "
        "this comparison cannot tell which made the difference."
    )


def test_each_group_is_confounded_by_itself(tmp_path: Path) -> None:
    """Two settings in all, but one in each group."""
    norm = arm(tmp_path, BETTER, 0.1, name="norm", model={"batch_norm": True})
    said = " ".join(conclude(compared(arm(tmp_path, FIRST, 0.1), arm(tmp_path, LIKE, 0.2), norm)))
    assert "CONFOUNDED" not in said
    assert "Each differs from lr0.1 in one setting: model.batch_norm and optim.lr." in said


def declared(tmp_path: Path, trials: dict[str, int], words: Sequence[str] = ("",)) -> Comparison:
    arms = {"none": {}, "dropout": {"model.drop_prob": {"hidden": 0.5}}}
    sweep = build_sweep(
        tmp_path,
        arms,
        name="toggles",
        tuned={"none": {"optim.lr": 0.1}, "dropout": {"optim.lr": 0.03}},
        num_trials=trials,
        curves=lambda arm, _, seed: {"test_error": (FIRST if arm == "none" else BETTER)[seed]},
    )
    return compare(group_selections([one for word in words for one in select(f"{sweep}{word}")]))


def test_arms_of_a_sweep_differ_as_declared(tmp_path: Path) -> None:
    said = conclude(declared(tmp_path, {"none": 6, "dropout": 6}))
    assert not any("CONFOUNDED" in line for line in said)
    assert (
        "They differ as arms none and dropout of toggles declare (model.drop_prob.hidden), "
        "each at its own tuned optim.lr (0.1 and 0.03; 6 trials each)." in said
    )


def test_unequal_tuning_is_noted(tmp_path: Path) -> None:
    comparison = declared(tmp_path, {"none": 6, "dropout": 12}, words=(":dropout", ":none"))
    assert any("unequal numbers of trials (dropout: 12 and none: 6)" in note for note in notes(comparison))


def test_unlike_cells_of_unlike_arms_are_confounded(tmp_path: Path) -> None:
    sweep = build_sweep(
        tmp_path,
        {"none": {}, "norm": {"model.batch_norm": True}},
        cells=[{"optim.lr": lr} for lr in (0.1, 0.2)],
    )
    words = f"{sweep}:none,optim.lr=0.1", f"{sweep}:norm,optim.lr=0.2"
    comparison = compare(group_selections([one for word in words for one in select(word)]))
    assert conclude(comparison)[0].startswith("CONFOUNDED: they differ in model.batch_norm and optim.lr")


def test_many_groups_get_one_sentence_each(tmp_path: Path) -> None:
    values = (FIRST, BETTER, LIKE, WORSE, BETTER)
    comparison = compared(*(arm(tmp_path, errors, 0.1 * (at + 1)) for at, errors in enumerate(values)))
    said = conclude(comparison)
    assert said[0].startswith(
        "lr0.2: overfits less (−0.270 nats) and has the lower test error (−4.50 points)"
    )
    assert said[1] == "lr0.3: no clear difference in loss gap, test error and epochs to target."
    assert len(said) <= 6


def test_the_clearest_and_the_faintest_difference_say_how_many_seeds_are_needed(tmp_path: Path) -> None:
    faint = (0.11, 0.11, 0.12, 0.16)
    arms = [arm(tmp_path, errors[:4], lr) for errors, lr in ((FIRST, 0.1), (WORSE, 0.2), (faint, 0.3))]
    comparison = compared(*arms)
    tests = [one.pairs for one in comparison.row("test_error").inferences[1:]]
    few, many = (seeds_needed(test.mean, test.sd) for test in tests)
    assert (few, many > 5) == (4, True)
    assert f"5 to {many:,} for the test error" in conclude(comparison)[-1]
    same = arm(tmp_path, LIKE[:4], 0.4)  # a mean of 0, which no number of seeds tells from 0
    assert "5 or more for the test error" in conclude(compared(*arms, same))[-1]
