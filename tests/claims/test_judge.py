"""Verdicts of a tier from the files in results/: families, settings, gates, and rules that have changed."""

from pathlib import Path

import pytest
from claim_cases import Values, claim, spread, write_experiment, write_results
from small_config import small_yaml

from regx.claims.judge import judge_tier
from regx.claims.measuring import read_measures, write_measures
from regx.claims.registry import Registry, read_registry
from regx.claims.results import ClaimResult, Gate, Gates, VerdictFile
from regx.claims.status import ClaimStatus, claim_statuses
from regx.config.errors import UsageError

RULE = "measure: test_loss, contrast: a - b, smallest_effect: 0.1"


def effect(size: float) -> Values:
    return lambda _, arm, seed: (1 + size + spread(seed)) if arm == "a" else 1.0


def registry_of(folder: Path) -> Registry:
    return read_registry([folder / "experiments"])


def judge(folder: Path, tier: str = "cpu") -> dict[str, ClaimResult]:
    return judge_tier(registry_of(folder), folder / "results", tier)  # type: ignore[arg-type]


def status_of(folder: Path, claim_id: str) -> ClaimStatus:
    found = claim_statuses(registry_of(folder), folder / "results")
    return next(status for status in found if status.id == claim_id)


def test_a_claim_is_judged_from_its_files(tmp_path: Path) -> None:
    write_results(tmp_path / "results", write_experiment(tmp_path, claim("X01", RULE)), effect(0.5))
    assert judge(tmp_path)["X01"].label == "supported (strong)"
    assert status_of(tmp_path, "X01").label == "supported (strong)"


def test_claims_that_were_not_run_count_as_tests_of_their_family(tmp_path: Path) -> None:
    """An effect of p = 0.03 alone is one of p = 0.09 among three."""

    def weak(part: str, arm: str, seed: int) -> float:
        return 1 + 0.15 + 6 * spread(seed) if arm == "a" else 1.0

    alone = write_experiment(tmp_path, claim("X01", RULE))
    write_results(tmp_path / "results", alone, weak)
    result = judge(tmp_path)["X01"]
    assert (result.verdict, result.family_size) == ("supported", 1)
    write_experiment(tmp_path, claim("X02", RULE) + claim("X03", RULE), name="other")
    result = judge(tmp_path)["X01"]
    assert (result.verdict, result.family_size) == ("inconclusive", 3)
    assert result.p == pytest.approx(3 * result.parts[0].p)


class TestSettings:
    """A claim that says "in some cases"."""

    BESIDE = "beside: [{label: in errors, measure: test_error, contrast: a - b}]"

    def prepare(self, folder: Path, main: float, other: float | None) -> ClaimResult:
        first = write_experiment(folder, claim("X01", f"{RULE}, {self.BESIDE}, any_of: [X01B]"))
        second = write_experiment(
            folder, f"  - {{id: X01B, part_of: X01, {RULE}, {self.BESIDE}}}\n", name="other"
        )
        write_results(folder / "results", first, effect(main))
        if other is not None:
            write_results(folder / "results", second, effect(other))
        return judge(folder)["X01"]

    def test_one_setting_is_enough(self, tmp_path: Path) -> None:
        result = self.prepare(tmp_path, 0.0, 0.5)
        assert result.label == "supported (strong)"
        assert [(setting.id, setting.holds) for setting in result.settings] == [
            ("X01", False),
            ("X01B", True),
        ]

    def test_each_setting_has_its_own_beside(self, tmp_path: Path) -> None:
        result = self.prepare(tmp_path, 0.0, 0.5)
        found = [(experiment, round(part.mean or 0, 9)) for experiment, part in result.all_beside]
        assert found == [("try", 0.0), ("other", 0.5)]

    def test_p_is_multiplied_by_their_number(self, tmp_path: Path) -> None:
        result = self.prepare(tmp_path, 0.0, 0.5)
        assert result.p == pytest.approx(2 * result.settings[1].p)

    def test_none_is_not_enough(self, tmp_path: Path) -> None:
        assert self.prepare(tmp_path, 0.0, 0.0).label == "contradicted (null)"

    def test_all_of_them_must_have_been_run(self, tmp_path: Path) -> None:
        result = self.prepare(tmp_path, 0.5, None)
        assert (result.verdict, result.reasons) == ("not run", ("X01B was not run",))

    def test_settings_do_not_count_as_claims(self, tmp_path: Path) -> None:
        self.prepare(tmp_path, 0.5, 0.5)
        registry = registry_of(tmp_path)
        assert [item.id for item in registry.empirical] == ["X01"]
        assert registry.family_sizes == {"own": 1}

    def test_a_setting_that_nothing_names_is_refused(self, tmp_path: Path) -> None:
        write_experiment(tmp_path, claim("X01", RULE) + f"  - {{id: X01B, part_of: X01, {RULE}}}\n")
        with pytest.raises(UsageError, match="X01B: part_of: no claim X01 with X01B in `any_of`"):
            registry_of(tmp_path)


class TestStale:
    def prepare(self, folder: Path) -> Path:
        path = write_experiment(folder, claim("X01", RULE))
        write_results(folder / "results", path, effect(0.5))
        judge(folder)
        return path

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("smallest_effect: 0.1", "smallest_effect: 0.2"),
            ("measure: test_loss", "measure: train_loss"),
            ("a - b", "b - a"),
            ("family: own", "family: other"),
            ("seeds: 10", "seeds: 9"),
            ("optim.momentum: 0.9", "optim.momentum: 0.8"),
        ],
    )
    def test_another_rule_makes_results_stale(self, tmp_path: Path, old: str, new: str) -> None:
        path = self.prepare(tmp_path)
        assert status_of(tmp_path, "X01").verdict == "supported"
        path.write_text(path.read_text().replace(old, new))
        assert status_of(tmp_path, "X01").verdict == "stale"
        assert judge(tmp_path)["X01"].verdict == "stale"

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("says: It does.", "says: It does indeed."),
            ("question: Does it?", "question: Does it do it?"),
            ("section 1", "section 2"),
            ("seeds: 10", "seeds: 10  # as many as there are"),
        ],
    )
    def test_other_words_do_not(self, tmp_path: Path, old: str, new: str) -> None:
        path = self.prepare(tmp_path)
        path.write_text(path.read_text().replace(old, new))
        assert status_of(tmp_path, "X01").verdict == "supported"
        assert judge(tmp_path)["X01"].verdict == "supported"

    def test_the_base_is_part_of_the_rule(self, tmp_path: Path) -> None:
        self.prepare(tmp_path)
        (tmp_path / "base.yaml").write_text(small_yaml(train={"epochs": 4}))
        assert status_of(tmp_path, "X01").verdict == "stale"


class TestGates:
    def test_a_failed_gate_makes_claims_invalid(self, tmp_path: Path) -> None:
        write_results(tmp_path / "results", write_experiment(tmp_path, claim("X01", RULE)), effect(-0.5))
        assert judge(tmp_path)["X01"].label == "contradicted (reversed)"
        gates = Gates(when="", gates=(Gate(name="one batch", holds=False, measured="50 %; 0 %"),))
        gates.write(tmp_path / "results" / "cpu" / "gates.json")
        result = judge(tmp_path)["X01"]
        assert (result.verdict, result.reasons) == ("invalid", ("gate one batch: 50 %; 0 %",))


def test_the_smoke_tier_never_gives_a_verdict(tmp_path: Path) -> None:
    path = write_experiment(tmp_path, claim("X01", RULE) + "tiers: {smoke: {seeds: 10}}\n")
    write_results(tmp_path / "results", path, effect(0.5), "smoke")
    assert judge(tmp_path, "smoke")["X01"].verdict == "smoke"
    assert status_of(tmp_path, "X01").verdict == "not run"


def test_judging_again_changes_no_byte(tmp_path: Path) -> None:
    folder = write_results(tmp_path / "results", write_experiment(tmp_path, claim("X01", RULE)), effect(0.5))
    judge(tmp_path)
    old = VerdictFile.read(folder.verdicts)
    dated = old.model_copy(
        update={"claims": {"X01": old.claims["X01"].model_copy(update={"when": "2020-01-01"})}}
    )
    dated.write(folder.verdicts)
    before = folder.verdicts.read_bytes()
    judge(tmp_path)
    assert folder.verdicts.read_bytes() == before


def test_measures_survive_being_written(tmp_path: Path) -> None:
    path = write_experiment(tmp_path, claim("X01", RULE))
    folder = write_results(tmp_path / "results", path, lambda *key: 0.1 + key[2] / 3)
    rows = read_measures(folder.measures)
    write_measures(tmp_path / "again.csv", rows)
    assert read_measures(tmp_path / "again.csv") == rows
    assert rows[1].value == 0.1 + 1 / 3


@pytest.mark.parametrize("damage", ["", "a,b\n", "claim,part,measure,arm,seed,value,note\nX01,1,m,a,0\n"])
def test_damaged_measures_are_named(tmp_path: Path, damage: str) -> None:
    (tmp_path / "measures.csv").write_text(damage)
    with pytest.raises(UsageError, match=r"measures.csv:\d: "):
        read_measures(tmp_path / "measures.csv")
