"""Evidence of a claim from its numbers: orientation, several parts, controls, times without an end."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from claim_cases import Values, claim, lock_of, rows_of, spread, write_experiment

from regx.claims.evidence import judge_setting
from regx.claims.measuring import MeasureRow
from regx.claims.registry import Registered
from regx.claims.results import PartResult, SettingResult
from regx.config import Experiment, load_experiment
from regx.stats.verdict import Evidence, decide

DIFFERENCE = "measure: test_loss, contrast: a - b, smallest_effect: 0.1"


def a_is_larger(_: str, arm: str, seed: int) -> float:
    return (1.5 if arm == "a" else 1.0) + (arm == "a") * spread(seed)


@dataclass(frozen=True)
class Judged:
    evidence: Evidence
    result: SettingResult

    @property
    def verdict(self) -> str:
        return decide(self.evidence).label

    @property
    def parts(self) -> tuple[PartResult, ...]:
        return self.result.parts

    @property
    def beside(self) -> tuple[PartResult, ...]:
        return self.result.beside


def judge_rows(experiment: Experiment, rows: Sequence[MeasureRow]) -> Judged:
    """Judge the one claim of an experiment by rows of measures.csv."""
    [claim] = experiment.claims
    item = Registered(claim=claim, experiment=experiment.name, path=experiment.path)
    return Judged(*judge_setting(item, lock_of(experiment), rows))


def judge(
    folder: Path,
    rule: str,
    values: Values,
    notes: Mapping[tuple[str, int], str] | None = None,
    seeds: int = 10,
) -> Judged:
    """Judge a claim with this rule by numbers from a formula."""
    experiment = load_experiment(write_experiment(folder, claim("X01", rule), seeds=seeds))
    return judge_rows(experiment, rows_of(experiment, values, notes))


def test_an_effect_is_found(tmp_path: Path) -> None:
    judged = judge(tmp_path, DIFFERENCE, a_is_larger)
    assert judged.verdict == "supported (strong)"
    assert judged.parts[0].mean == pytest.approx(0.5)
    assert judged.parts[0].means == {"a": pytest.approx(1.5), "b": 1.0}


def test_swapping_the_arms_flips_the_sign(tmp_path: Path) -> None:
    swapped = DIFFERENCE.replace("a - b", "b - a")
    one, other = (judge(tmp_path, rule, a_is_larger) for rule in (DIFFERENCE, swapped))
    assert one.parts[0].mean == -other.parts[0].mean  # type: ignore[operator]
    assert other.verdict == "contradicted (reversed)"


def test_a_constant_added_to_both_arms_changes_nothing(tmp_path: Path) -> None:
    def raised(part: str, arm: str, seed: int) -> float:
        return a_is_larger(part, arm, seed) + 8

    one, other = (judge(tmp_path, DIFFERENCE, values) for values in (a_is_larger, raised))
    assert one.parts[0].mean == pytest.approx(other.parts[0].mean)


def test_a_quotient_is_in_logarithms(tmp_path: Path) -> None:
    judged = judge(
        tmp_path, "measure: test_error, contrast: ln(a / b), smallest_effect: ln 1.05", a_is_larger
    )
    assert judged.parts[0].mean == pytest.approx(math.log(1.5), abs=0.001)
    assert (judged.parts[0].unit, judged.parts[0].amount) == ("ln", pytest.approx(0.04879, abs=1e-5))


def test_all_parts_must_hold(tmp_path: Path) -> None:
    rule = DIFFERENCE + ", and: [{measure: test_error, contrast: b - a, not_worse_than: 0.3}]"
    judged = judge(tmp_path, rule, a_is_larger)
    assert [part.holds for part in judged.parts] == [True, False]
    assert judged.verdict == "contradicted (reversed)"
    mild = rule.replace("0.3", "0.6")
    assert judge(tmp_path, mild, a_is_larger).verdict == "supported (strong)"


def test_two_measures_may_agree_within_a_margin(tmp_path: Path) -> None:
    rule = "measure: [test_loss, train_loss], contrast: a - a, within: 0.05"

    def values(part: str, arm: str, seed: int) -> float:
        return spread(seed)

    path = write_experiment(tmp_path, claim("X01", rule))
    experiment = load_experiment(path)
    rows = [
        row if row.measure == "test_loss" else replace(row, value=0.0) for row in rows_of(experiment, values)
    ]
    judged = judge_rows(experiment, rows)
    assert judged.verdict == "supported (strong)"
    outside = [
        replace(row, value=(row.value or 0) + 0.2) if row.measure == "test_loss" else row for row in rows
    ]
    assert judge_rows(experiment, outside).verdict == "contradicted (outside)"


class TestAlways:
    RULE = DIFFERENCE + ", and: [{measure: diverged, contrast: b, always: 0}]"

    def values(self, part: str, arm: str, seed: int) -> float | None:
        return 0.0 if part == "2" else a_is_larger(part, arm, seed)

    def test_it_holds_where_it_is_so_under_every_seed(self, tmp_path: Path) -> None:
        assert judge(tmp_path, self.RULE, self.values).verdict == "supported (strong)"

    def test_one_seed_is_enough_against_it(self, tmp_path: Path) -> None:
        def once(part: str, arm: str, seed: int) -> float | None:
            return 1.0 if (part, seed) == ("2", 3) else self.values(part, arm, seed)

        assert judge(tmp_path, self.RULE, once).verdict == "contradicted (reversed)"


def test_few_seeds_give_no_verdict(tmp_path: Path) -> None:
    assert judge(tmp_path, DIFFERENCE, a_is_larger, seeds=4).verdict == "smoke"
    assert judge(tmp_path, DIFFERENCE, a_is_larger, seeds=5).verdict == "supported (strong, provisional, n=5)"


def test_a_seed_without_a_number_is_not_left_out(tmp_path: Path) -> None:
    def lost(part: str, arm: str, seed: int) -> float | None:
        return None if (arm, seed) == ("a", 2) else a_is_larger(part, arm, seed)

    judged = judge(tmp_path, DIFFERENCE, lost, {("a", 2): "diverged"})
    assert judged.verdict == "invalid"
    assert judged.evidence.problem == "test_loss: not every seed has a number (a: diverged (1 of 10 seeds))"


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_what_is_not_finite_is_no_number(tmp_path: Path, value: float) -> None:
    def broken(part: str, arm: str, seed: int) -> float:
        return value if (arm, seed) == ("b", 1) else a_is_larger(part, arm, seed)

    judged = judge(tmp_path, DIFFERENCE, broken)
    assert judged.verdict == "invalid"
    assert list(judged.parts[0].means) == ["a"]


def test_an_error_of_zero_has_no_logarithm(tmp_path: Path) -> None:
    judged = judge(
        tmp_path,
        "measure: test_error, contrast: ln(a / b), smallest_effect: 0.1",
        lambda _, arm, seed: 0.0 if (arm, seed) == ("b", 1) else 0.1,
    )
    assert judged.verdict == "invalid"


def test_a_grid_step_gives_equal_seeds_a_spread(tmp_path: Path) -> None:
    rule = "measure: lr_max, contrast: log2(a / b), smallest_effect: 1.0"

    def equal(part: str, arm: str, seed: int) -> float:
        return 8.0 if arm == "a" else 2.0

    assert judge(tmp_path, rule, equal).verdict == "invalid"
    judged = judge(tmp_path, f"{rule}, grid_step: 1.0", equal)
    assert judged.verdict == "supported (strong)"
    assert judged.parts[0].sd == pytest.approx(1 / math.sqrt(12))


class TestCensored:
    RULE = "measure: steps_to_target, target: 0.1, contrast: log2(a / b), smallest_effect: 0.32"
    RESERVE = ", if_censored: {measure: valid_accuracy_area, contrast: b - a, smallest_effect: 0.1}"

    def values(self, part: str, arm: str, seed: int) -> float:
        if part == "if censored":
            return (0.9 if arm == "b" else 0.6) + (arm == "a") * spread(seed)
        return 100.0 if arm == "a" else 50 + seed

    def censored(self, number: int) -> dict[tuple[str, int], str]:
        return {("a", seed): "censored" for seed in range(number)}

    def test_a_fifth_is_borne(self, tmp_path: Path) -> None:
        judged = judge(tmp_path, self.RULE + self.RESERVE, self.values, self.censored(2))
        assert judged.parts[0].part == "1"
        assert judged.parts[0].notes == ("a: censored (2 of 10 seeds)",)
        assert judged.verdict == "supported (strong)"

    def test_with_more_the_comparison_in_reserve_counts(self, tmp_path: Path) -> None:
        judged = judge(tmp_path, self.RULE + self.RESERVE, self.values, self.censored(3))
        assert (judged.parts[0].part, judged.parts[0].mean) == ("if censored", pytest.approx(0.3))

    def test_without_one_the_claim_is_invalid(self, tmp_path: Path) -> None:
        assert judge(tmp_path, self.RULE, self.values, self.censored(3)).verdict == "invalid"

    def test_a_time_that_is_longer_than_counted_flatters_the_arm_that_is_claimed_to_be_faster(
        self, tmp_path: Path
    ) -> None:
        late = {("b", seed): "censored" for seed in range(2)}
        judged = judge(tmp_path, self.RULE, self.values, late)
        assert judged.parts[0].notes == ("b: censored (2 of 10 seeds; flatters the claim)",)

    def test_it_counts_whichever_of_two_measures_is_a_time(self, tmp_path: Path) -> None:
        rule = self.RULE.replace("steps_to_target", "[best_epoch, steps_to_target]")
        assert judge(tmp_path, rule, self.values, self.censored(0)).verdict == "supported (strong)"
        late = {("b", seed): "censored" for seed in range(3)}
        assert judge(tmp_path, rule, self.values, late).verdict == "invalid"


def test_a_comparison_beside_decides_nothing(tmp_path: Path) -> None:
    rule = DIFFERENCE + ", beside: [{label: the other way, measure: test_error, contrast: b - a}]"
    judged = judge(tmp_path, rule, a_is_larger)
    assert judged.verdict == "supported (strong)"
    [beside] = judged.beside
    assert (beside.label, beside.mean) == ("the other way", pytest.approx(-0.5))
