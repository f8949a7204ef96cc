"""Claims in the file of an experiment, grids of single arms, and arms that follow the tuning of another."""

import math
from pathlib import Path

import pytest
from small_experiment import load, problems_of

from regx.config.schema import experiment_schema
from regx.config.sections.claim import Amount, Contrast
from regx.config.warnings import experiment_warnings
from regx.measures.registry import tuning_measures

HEAD = """\
name: mine
question: Does it?
base: base.yaml
arms:
  none: {}
  drop: {model.drop_prob: {hidden: 0.5}}
"""
TUNED = HEAD + "tune: {over: {optim.lr: [0.01, 0.1]}}\nseeds: 3\ntiers: {smoke: {seeds: 2, tune: false}}\n"
CLAIM = """\
claims:
  - id: C01
    says: Dropout reduces overfitting.
    source: Srivastava et al. 2014, Fig. 4
    family: dropout
    measure: loss_gap
    contrast: none - drop
    smallest_effect: 10% of none
    and:
      - {measure: test_loss, contrast: none - drop, not_worse_than: 0.02}
    beside:
      - {label: in errors, measure: error_gap, contrast: none - drop}
"""
GOOD = TUNED + CLAIM


class TestContrast:
    @pytest.mark.parametrize(
        ("text", "form", "sides"),
        [
            ("none", "value", (("none",),)),
            ("none - drop", "difference", (("none",), ("drop",))),
            ("a-b - c.d", "difference", (("a-b",), ("c.d",))),
            ("ln(none / drop)", "ln", (("none",), ("drop",))),
            ("log2( full/best(b32, b100) )", "log2", (("full",), ("b32", "b100"))),
        ],
    )
    def test_forms(self, text: str, form: str, sides: object) -> None:
        contrast = Contrast.parse(text)
        assert (contrast.form, contrast.sides) == (form, sides)

    @pytest.mark.parametrize("text", ["", "a -b", "a - b - c", "ln(a)", "ln(a - b)", "best(a)", "log(a / b)"])
    def test_what_is_none_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="must be `A`"):
            Contrast.parse(text)

    @pytest.mark.parametrize(
        ("text", "value"), [("a", 4.0), ("a - b", 2.0), ("ln(a / b)", math.log(2)), ("log2(a / b)", 1.0)]
    )
    def test_values(self, text: str, value: float) -> None:
        assert Contrast.parse(text).of(4.0, 2.0) == pytest.approx(value)

    def test_a_quotient_of_nothing_has_no_logarithm(self) -> None:
        assert Contrast.parse("ln(a / b)").of(0.0, 1.0) is None


class TestAmount:
    @pytest.mark.parametrize(
        ("amount", "value", "arm"),
        [
            (0.02, 0.02, None),
            ("ln 1.05", math.log(1.05), None),
            ("log2 5", math.log2(5), None),
            ("10% of none", 0.1, "none"),
            ("2.5 % of a-b", 0.025, "a-b"),
        ],
    )
    def test_forms(self, amount: float | str, value: float, arm: str | None) -> None:
        parsed = Amount.parse(amount)
        assert (parsed.value, parsed.share_of) == (pytest.approx(value), arm)

    @pytest.mark.parametrize("amount", [0, -1.0, "ln 1", "ln 0.5", "0% of none"])
    def test_nothing_is_no_amount(self, amount: float | str) -> None:
        with pytest.raises(ValueError, match="> 0"):
            Amount.parse(amount)


class TestClaims:
    def test_a_claim_is_read(self, tmp_path: Path) -> None:
        [claim] = load(tmp_path, GOOD).claims
        assert (claim.id, claim.smallest_effect.text) == ("C01", "10% of none")
        assert [part.measure for part in claim.parts] == ["loss_gap", "test_loss"]
        assert claim.beside[0].label == "in errors"

    def test_claims_are_no_part_of_the_digest(self, tmp_path: Path) -> None:
        assert load(tmp_path, GOOD).digest == load(tmp_path, TUNED).digest

    def test_a_tier_without_tuning_is_fine_where_no_verdict_is_given(self, tmp_path: Path) -> None:
        assert load(tmp_path, GOOD, "smoke").claims

    def test_too_few_seeds_for_a_verdict_are_noted(self, tmp_path: Path) -> None:
        warning = "claims: 3 seeds give no verdict; 5 are the fewest, 10 are usual"
        assert experiment_warnings(load(tmp_path, GOOD)) == [warning]
        assert experiment_warnings(load(tmp_path, TUNED)) == []
        assert experiment_warnings(load(tmp_path, edited("seeds: 3", "seeds: 5"))) == []

    def test_editors_know_them(self) -> None:
        schema = experiment_schema(tuning_measures())
        claim = schema["$defs"]["ClaimConfig"]["properties"]
        assert {"id", "says", "and", "contrast", "smallest_effect"} <= set(claim)
        assert schema["$defs"]["GridConfig"]["properties"]["arms"]["additionalProperties"]


def edited(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


CRITERIA = "smallest_effect, not_worse_than, within, always"
MISTAKES = {
    "unknown key": (
        edited("    says:", "    sais: x\n    says:"),
        "mine.yaml:12:5: claims[0].sais: unknown key (did you mean 'says'?)",
    ),
    "another word": (
        edited("    smallest_effect: 10% of none", "    delta: 0.1\n    smallest_effect: 1.0"),
        "mine.yaml:17:5: claims[0].delta: unknown key; write `smallest_effect`",
    ),
    "unknown key of a part": (
        edited("not_worse_than: 0.02", "not_worse_than: 0.02, marginn: 1"),
        "mine.yaml:19:75: claims[0].and[0].marginn: unknown key",
    ),
    "id": (
        edited("id: C01", "id: c01"),
        "mine.yaml:11:9: claims[0].id: must be a capital letter and 1 to 15 capitals, digits or _ (got",
    ),
    "id twice": (GOOD + CLAIM.partition("\n")[2], "mine.yaml:22:9: C01: id: stands in line 11 already"),
    "no source": (
        edited("    source: Srivastava et al. 2014, Fig. 4\n", ""),
        "mine.yaml:11:5: C01: source: missing; text",
    ),
    "no measure": (
        edited("    measure: loss_gap\n", ""),
        "mine.yaml:11:5: claims[0].measure: missing; text or a list, at least one, each text",
    ),
    "a contrast of no form": (
        edited("contrast: none - drop\n    small", "contrast: none minus drop\n    small"),
        "mine.yaml:16:15: claims[0].contrast: must be `A`, `A - B` (with spaces around the minus), "
        "`ln(A / B)` or `log2(A / B)`, where A and B are arms or `best(arm, arm)` (got 'none minus drop')",
    ),
    "an arm that is not there": (
        edited("contrast: none - drop\n    small", "contrast: none - dropp\n    small"),
        "mine.yaml:16:15: C01: contrast: no arm 'dropp' (did you mean 'drop'?)",
    ),
    "a minus without spaces": (
        edited("contrast: none - drop\n    small", "contrast: none-drop\n    small"),
        "mine.yaml:16:15: C01: contrast: no arm 'none-drop' (did you mean 'none - drop'?)",
    ),
    "an arm of a part": (
        edited("contrast: none - drop, not", "contrast: non - drop, not"),
        "mine.yaml:19:40: C01: and[0]: contrast: no arm 'non' (did you mean 'none'?)",
    ),
    "a share of no arm": (
        edited("10% of none", "10% of plain"),
        "mine.yaml:17:22: C01: smallest_effect: no arm 'plain' (known here: none, drop)",
    ),
    "an amount of no form": (
        edited("10% of none", "ten"),
        "mine.yaml:17:22: claims[0].smallest_effect: must be a number, `ln X`, `log2 X` or `P% of ARM` (got",
    ),
    "an amount of zero": (
        edited("10% of none", "0"),
        "mine.yaml:17:22: claims[0].smallest_effect: must be > 0 (got 0)",
    ),
    "no criterion": (
        edited("    smallest_effect: 10% of none\n", ""),
        f"mine.yaml:11:5: C01: needs one of {CRITERIA}",
    ),
    "two criteria": (
        edited("not_worse_than: 0.02", "not_worse_than: 0.02, within: 0.1"),
        "mine.yaml:19:75: C01: and[0]: within: stands beside not_worse_than; a part has one of " + CRITERIA,
    ),
    "a share without tuning": (
        edited("tune: {over: {optim.lr: [0.01, 0.1]}}\n", ""),
        "mine.yaml:16:22: C01: smallest_effect: a share of none needs `tune`: it is taken from",
    ),
    "the best without tuning": (
        edited("tune: {over: {optim.lr: [0.01, 0.1]}}\n", "").replace(
            "contrast: none - drop\n    smallest_effect: 10% of none",
            "contrast: none - best(none, drop)\n    smallest_effect: 1",
        ),
        "mine.yaml:15:15: C01: contrast: `best(...)` needs `tune`: it is chosen on its seeds",
    ),
    "a share of what is in logarithms": (
        edited("contrast: none - drop\n    small", "contrast: ln(none / drop)\n    small"),
        "mine.yaml:17:22: C01: smallest_effect: must be a number or `ln X`: the contrast is in ln units (got "
        "'10% of none')",
    ),
    "logarithms of another base": (
        edited(
            "contrast: none - drop, not_worse_than: 0.02",
            "contrast: log2(none / drop), not_worse_than: ln 1.05",
        ),
        "mine.yaml:19:75: C01: and[0]: not_worse_than: must be a number or `log2 X`: the contrast is in log2",
    ),
    "two measures of one side": (
        edited(
            "measure: loss_gap\n    contrast: none - drop",
            "measure: [loss_gap, test_loss]\n    contrast: none",
        ),
        "mine.yaml:15:14: C01: measure: is a list, one for each side, but the contrast has one side",
    ),
    "a cell without a grid": (
        edited("    and:", "    cells: {optim.lr: 0.1}\n    and:"),
        "mine.yaml:18:13: C01: cells: optim.lr: is no axis of the grid of these arms",
    ),
    "a cell that the grid has not": (
        edited("tune: {over", "grid: {train.batch_size: [20, 50]}\ntune: {over").replace(
            "    and:", "    cells: {train.batch_size: 30}\n    and:"
        ),
        "mine.yaml:19:31: C01: cells: train.batch_size: has no value 30 (there are 20, 50)",
    ),
    "an arm that is tuned and follows": (
        edited("0.1]}}", "0.1]}, arms: {drop: {optim.lr: [0.1]}}, follow: {drop: none}}"),
        "mine.yaml:7:81: tune.follow.drop: is in `tune.arms` too; an arm is tuned or follows another",
    ),
    "cells that have none to follow": (
        edited("tune: {over", "grid: {train.batch_size: [20], arms: {drop: {}}}\ntune: {over").replace(
            "0.1]}}", "0.1]}, per: cell, follow: {drop: none}}"
        ),
        "mine.yaml:8:65: tune.follow.drop: with `per: cell`, drop and none must have the same grid",
    ),
    "a setting of a claim with settings": (
        edited("    family: dropout", "    family: dropout\n    part_of: C02\n    any_of: [C03]"),
        "mine.yaml:16:5: C01: any_of: stands beside part_of; only the claim that all settings are part of",
    ),
    "a target above everything": (
        edited("    and:", "    target: 120% of none\n    and:"),
        "mine.yaml:18:13: C01: target: must be below 1, or below 100% (got '120% of none')",
    ),
}


@pytest.mark.parametrize(("content", "line"), MISTAKES.values(), ids=list(MISTAKES))
def test_one_mistake_is_one_line(tmp_path: Path, content: str, line: str) -> None:
    [found] = problems_of(tmp_path, content)
    assert found.startswith(line)


class TestGridsOfArms:
    GRID = (
        "grid: {train.batch_size: [20, 50], arms: {drop: {model.drop_prob.hidden: [0.1, 0.2, 0.3]}}}\n"
        "seeds: 3\n"
    )

    def test_an_arm_may_have_its_own(self, tmp_path: Path) -> None:
        experiment = load(tmp_path, HEAD + self.GRID)
        assert [tuple(cell.values()) for cell in experiment.cells_of("none")] == [(20,), (50,)]
        assert [tuple(cell.values()) for cell in experiment.cells_of("drop")] == [(0.1,), (0.2,), (0.3,)]

    def test_an_arm_may_have_none(self, tmp_path: Path) -> None:
        experiment = load(tmp_path, HEAD + "grid: {train.batch_size: [20, 50], arms: {none: {}}}\nseeds: 3\n")
        assert (experiment.cells_of("none"), len(experiment.cells_of("drop"))) == (({},), 2)

    @pytest.mark.parametrize(
        ("old", "new", "line"),
        [
            (
                "arms: {drop:",
                "arms: {dorp:",
                "mine.yaml:7:43: grid.arms.dorp: no such arm (did you mean 'drop'?)",
            ),
            ("[0.1,", "[1.1,", "mine.yaml:7:75: grid.arms.drop: model.drop_prob.hidden: must be in [0, 1)"),
            ("[0.1,", "[0.2,", "mine.yaml:7:80: grid.arms.drop: model.drop_prob.hidden: has 0.2 twice"),
        ],
    )
    def test_mistakes(self, tmp_path: Path, old: str, new: str, line: str) -> None:
        found = problems_of(tmp_path, (HEAD + self.GRID).replace(old, new))
        assert found[0].startswith(line), found

    def test_an_axis_may_be_crossed_in_one_arm_and_tuned_in_another(self, tmp_path: Path) -> None:
        content = (
            "grid: {arms: {drop: {optim.lr: [0.1, 0.2]}}}\n"
            "tune: {over: {optim.lr: [0.1, 0.3]}, arms: {drop: {}}}\n"
        )
        experiment = load(tmp_path, HEAD + content + "seeds: 3\n")
        assert experiment.tune
        assert [experiment.tune.tries(arm) for arm in experiment.arms] == [True, False]
        assert experiment.num_trials == 4


class TestFollowers:
    FOLLOW = HEAD + "tune: {over: {optim.lr: [0.01, 0.1]}, follow: {drop: none}}\nseeds: 3\n"

    def test_a_follower_has_no_trials(self, tmp_path: Path) -> None:
        experiment = load(tmp_path, self.FOLLOW)
        assert experiment.tune
        assert (experiment.num_trials, experiment.tune.tries("drop")) == (4, False)

    def test_a_follower_changes_the_digest(self, tmp_path: Path) -> None:
        assert load(tmp_path, self.FOLLOW).digest != load(tmp_path, TUNED).digest

    @pytest.mark.parametrize(("leader", "alike"), [("none", False), ("drop", True)])
    def test_an_arm_at_the_rate_of_another_is_not_the_same_arm(
        self, tmp_path: Path, leader: str, alike: bool
    ) -> None:
        content = HEAD.replace("  drop:", "  again: {model.drop_prob: {hidden: 0.5}}\n  drop:")
        content += f"tune: {{over: {{optim.lr: [0.01, 0.1]}}, follow: {{again: {leader}}}}}\nseeds: 3\n"
        warnings = experiment_warnings(load(tmp_path, content))
        assert warnings == (["arms again and drop are the same"] if alike else [])

    @pytest.mark.parametrize(
        ("new", "line"),
        [
            ("{drop: non}", "mine.yaml:7:54: tune.follow.drop: no such arm (did you mean 'none'?)"),
            (
                "{drop: drop}",
                "mine.yaml:7:54: tune.follow.drop: drop is not tuned itself: it follows another arm",
            ),
            ("{dorp: none}", "mine.yaml:7:48: tune.follow.dorp: no such arm (did you mean 'drop'?)"),
        ],
    )
    def test_mistakes(self, tmp_path: Path, new: str, line: str) -> None:
        assert line in problems_of(tmp_path, self.FOLLOW.replace("{drop: none}", new))
