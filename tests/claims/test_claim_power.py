"""What a verdict that is no finding says: the seeds that are needed, and the smallest effect excluded."""

from pathlib import Path

import pytest
from claim_cases import Values, claim, spread, write_experiment, write_results

from regx.claims.judge import judge_tier
from regx.claims.registry import read_registry
from regx.claims.results import ClaimResult, VerdictFile
from regx.stats.power import seeds_needed

RULE = "measure: test_loss, contrast: a - b, smallest_effect: 0.1"
SECOND = ", and: [{measure: test_error, contrast: a - b, smallest_effect: 0.1}]"


def noisy(size: float, spreads: float) -> Values:
    """Make an effect in all parts, with so many spreads (0.03 each) in the second and none in the first."""

    def value(part: str, arm: str, seed: int) -> float:
        return 1 + size + (spreads if part == "2" else 1) * spread(seed) if arm == "a" else 1.0

    return value


def judge(folder: Path, rule: str, values: Values, family: int = 1) -> ClaimResult:
    folder.mkdir(exist_ok=True)
    path = write_experiment(folder, claim("X01", rule))
    if family > 1:
        others = "".join(claim(f"Y{number:02}", RULE) for number in range(1, family))
        write_experiment(folder, others, name="other")
    stored = write_results(folder / "results", path, values)
    judge_tier(read_registry([folder / "experiments"]), folder / "results", "cpu")
    return VerdictFile.read(stored.verdicts).claims["X01"]


def test_an_open_claim_says_how_many_seeds_it_needs(tmp_path: Path) -> None:
    result = judge(tmp_path, RULE + SECOND.replace("0.1}", "0.2}"), noisy(0.25, 20))
    assert result.verdict == "inconclusive"
    assert [part.holds for part in result.parts] == [True, False]
    sd = result.parts[1].sd
    assert sd == pytest.approx(20 * 0.0302765, rel=1e-5)
    assert result.seeds_needed > seeds_needed(0.25, sd)  # type: ignore[operator]


def test_a_claim_that_only_the_correction_leaves_open_needs_more_seeds(tmp_path: Path) -> None:
    """p = 0.01 alone; nothing of that is left among nine."""

    def weak(part: str, arm: str, seed: int) -> float:
        return 1 + 0.105 + 3.3 * spread(seed) if arm == "a" else 1.0

    assert judge(tmp_path / "alone", RULE, weak).verdict == "supported"
    result = judge(tmp_path / "nine", RULE, weak, family=9)
    assert result.verdict == "inconclusive"
    assert result.parts[0].holds
    assert result.num_seeds < result.seeds_needed  # type: ignore[operator]


def test_a_mean_close_to_the_smallest_effect_needs_as_many_as_tell_them_apart(tmp_path: Path) -> None:
    result = judge(tmp_path, RULE, noisy(0.09, 0))
    assert result.verdict == "inconclusive"
    sd = result.parts[0].sd
    assert seeds_needed(0.1, sd) < 5  # type: ignore[operator]
    assert result.seeds_needed == seeds_needed(0.01, sd, alpha=0.1)


def test_a_null_says_which_effect_is_excluded(tmp_path: Path) -> None:
    result = judge(tmp_path, RULE, noisy(0.02, 0))
    [part] = result.parts
    assert (result.label, result.seeds_needed) == ("contradicted (null)", None)
    assert part.smallest_excluded == part.high_90 < part.amount  # type: ignore[operator]
    assert part.smallest_excluded > abs(part.low_90)  # type: ignore[operator, arg-type]


def test_a_conjunction_that_is_null_in_one_part_says_so_there(tmp_path: Path) -> None:
    def value(part: str, arm: str, seed: int) -> float:
        return 1 + (0.5 if part == "1" else 0.0) + spread(seed) if arm == "a" else 1.0

    result = judge(tmp_path, RULE + SECOND, value)
    assert result.label == "contradicted (null)"
    assert [part.smallest_excluded < 0.1 for part in result.parts] == [False, True]  # type: ignore[operator]
