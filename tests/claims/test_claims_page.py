"""docs/claims.md is right with no results, with some, with open ones. No comment outlives its verdict."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from claim_cases import Values, claim, lock_of, spread, write_experiment, write_results

from regx.claims.judge import judge_tier
from regx.claims.registry import read_registry
from regx.claims.results import ResultsFolder
from regx.claims.tuned import show_tuning
from regx.config import load_experiment
from regx.config.errors import UsageError
from regx.runs.files import write_csv
from regx.runs.sweep import ArmRecord, Tuned

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "docs"), str(ROOT)]

from claims_page import ClaimsPage, Comment, read_comments  # noqa: E402

RULE = "measure: test_loss, contrast: a - b, smallest_effect: 0.1"
RUNS = """stage,arm,tuned,folder,status,seconds
confirm,a,{},try.a-s0,done,90.0
confirm,b,{},try.b-s0,done,30.0
"""


def differ(size: float, spreads: float = 1) -> Values:
    return lambda _, arm, seed: 1 + size + spreads * spread(seed) if arm == "a" else 1.0


def page(
    folder: Path, values: Values | None, comments: dict[str, Comment] | None = None, *, seeds: int = 10
) -> ClaimsPage:
    path = write_experiment(folder, claim("X01", RULE) + claim("X02", RULE, family="other"), seeds=seeds)
    registry = read_registry([folder / "experiments"])
    if values is not None:
        stored = write_results(folder / "results", path, values)
        stored.runs.write_text(RUNS)
        stored.figure("X01").write_text("<svg/>")
        judge_tier(registry, folder / "results", "cpu")
    return ClaimsPage(registry=registry, results=folder / "results", root=folder, comments=comments or {})


def section(page: ClaimsPage, name: str) -> str:
    return page.sections().partition(f"### {name}\n")[2].partition("\n### ")[0]


def test_without_results_every_claim_is_there_and_was_not_run(tmp_path: Path) -> None:
    made = page(tmp_path, None)
    assert made.table().count("| not run |") == 15
    assert "Not run yet; `regx reproduce X01` runs it." in section(made, "X01")
    assert "Not run yet; `regx reproduce M01` runs it." in section(made, "M01")
    assert "svg" not in made.sections()


def test_a_claim_with_results_has_everything(tmp_path: Path) -> None:
    text = section(page(tmp_path, differ(0.3)), "X01")
    assert "Verdict: **supported (strong)** ([experiment](../experiments/try.yaml), [numbers](" in text
    assert "> (Somebody 2014, section 1)" in text
    assert "](../results/cpu/try/X01.svg)" in text
    row = "`test_loss, a - b` | a 1.30 nats, b 1.00 nats | at least 0.1 nats | +0.30 [0.28, 0.32] nats"
    assert f"| {row} | 10 | <0.001 | holds |" in text
    assert "- nothing was tuned\n" in text
    assert "- 10 seeds; p < 0.001, alone in its family" in text


def test_the_summary_counts_verdicts_and_each_run_once(tmp_path: Path) -> None:
    text = page(tmp_path, differ(0.3)).summary()
    assert "15 claims: 2 supported, 13 not run." in text
    assert "2 runs, tuning included, took 0.0 CPU-hours" in text
    assert "| `try` | X01, X02 | 2 | 2 |" in text


def test_an_open_claim_says_how_many_seeds_it_needs(tmp_path: Path) -> None:
    text = section(page(tmp_path, differ(0.05, spreads=10)), "X01")
    assert "| open |" in text
    assert "seeds would settle it in 4 of 5 experiments" in text


def test_a_null_says_which_effect_is_excluded(tmp_path: Path) -> None:
    text = section(page(tmp_path, differ(0.02)), "X01")
    assert "Verdict: **contradicted (null)**" in text
    assert "| too small: 0.038 nats or more is excluded |" in text


def arm_tuned(name: str, trials: int, **settings: object) -> ArmRecord:
    chosen = {key.replace("__", "."): value for key, value in settings.items()}
    tuned = Tuned(cell={}, settings=chosen, score=1.0, at_edge=())
    return ArmRecord(name=name, settings={}, num_trials=trials, tuned=(tuned,))


def tuning(folder: Path, arms: tuple[ArmRecord, ...], trials: Sequence[tuple[dict[str, object], str]]) -> str:
    """Store what arms were tuned to, and the trials of the first; return what is said of it."""
    path = write_experiment(folder, claim("X01", RULE))
    results = ResultsFolder.named(folder / "results", "cpu", "try")
    lock = lock_of(load_experiment(path, "cpu"))
    lock.model_copy(update={"tune_by": "final_valid_loss", "arms": arms}).write(results.lock)
    rows = (["tune", "a", json.dumps(settings), "try.a-s0", status, 9.0] for settings, status in trials)
    write_csv(results.runs, ["stage", "arm", "tuned", "folder", "status", "seconds"], rows)
    return show_tuning(results, "X01")


def test_a_tuned_value_at_an_edge_is_called_that(tmp_path: Path) -> None:
    trials: list[tuple[dict[str, object], str]] = [
        ({"optim.lr": lr}, status) for lr, status in ((0.01, "done"), (0.1, "done"), (1.0, "diverged"))
    ]
    arms = (arm_tuned("a", 3, optim__lr=0.1), arm_tuned("b", 0, optim__lr=0.1))
    assert tuning(tmp_path, arms, trials) == (
        "tuned by final_valid_loss: a optim.lr 0.1 (highest that trains); "
        "b optim.lr 0.1 (taken over from another arm)"
    )


def test_a_list_is_told_and_one_bad_combination_makes_no_edge(tmp_path: Path) -> None:
    trials: list[tuple[dict[str, object], str]] = [
        (
            {"optim.lr": lr, "model.drop_prob.hidden": drop},
            "diverged" if (lr, drop[1]) == (1.0, 0.5) else "done",
        )
        for lr in (0.01, 0.1, 1.0)
        for drop in ([0.0, 0.25], [0.0, 0.5])
    ]
    best = arm_tuned("a", 6, optim__lr=0.1, model__drop_prob__hidden=[0.0, 0.25])
    assert tuning(tmp_path, (best,), trials) == (
        "tuned by final_valid_loss: a optim.lr 0.1, model.drop_prob.hidden [0, 0.25] (lowest of 2)"
    )


@pytest.mark.parametrize("damage", ["stag", "tune,x", "tune,a,{,try.a-s0,done,1.0", "\0"])
def test_a_damaged_table_of_runs_is_named(tmp_path: Path, damage: str) -> None:
    results = ResultsFolder(tmp_path)
    results.runs.write_text(RUNS.replace("stage", damage) if damage == "stag" else f"{RUNS}{damage}\n")
    with pytest.raises(UsageError, match=r"runs.csv: is damaged; put the right file back, or remove it"):
        results.read_runs()


def test_the_effect_in_the_table_is_the_one_that_decides(tmp_path: Path) -> None:
    rule = f"{RULE}, and: [{{measure: test_error, contrast: a - b, smallest_effect: 0.1}}]"
    path = write_experiment(tmp_path, claim("X01", rule))
    registry = read_registry([tmp_path / "experiments"])

    def value(part: str, arm: str, seed: int) -> float:
        return 1 + (0.3 if part == "1" else -0.3) + spread(seed) if arm == "a" else 1.0

    write_results(tmp_path / "results", path, value)
    judge_tier(registry, tmp_path / "results", "cpu")
    made = ClaimsPage(registry=registry, results=tmp_path / "results", root=tmp_path, comments={})
    assert "| contradicted (reversed) | part 2: −30 [−32, −28] pp |" in made.table()
    rows = [line for line in section(made, "X01").splitlines() if line.startswith("| `test_")]
    assert [row.split(" | ")[-1] for row in rows] == ["holds |", "the other way |"]


def test_a_claim_that_is_not_valid_shows_no_number(tmp_path: Path) -> None:
    def value(part: str, arm: str, seed: int) -> float | None:
        return None if (arm, seed) == ("a", 3) else differ(0.3)(part, arm, seed)

    made = page(tmp_path, value)
    assert "| invalid |  | 10 | cpu |" in made.table()
    assert "- because: test_loss: not every seed has a number" in section(made, "X01")
    assert "0.30" not in section(made, "X01")


def test_the_larger_tier_counts_and_the_other_is_told(tmp_path: Path) -> None:
    path = write_experiment(tmp_path, claim("X01", RULE))
    path.write_text(path.read_text() + "tiers: {gpu: {set: {train.epochs: 3}}}\n")
    registry = read_registry([tmp_path / "experiments"])
    write_results(tmp_path / "results", path, differ(0.3))
    write_results(tmp_path / "results", path, differ(-0.3), tier="gpu")
    judge_tier(registry, tmp_path / "results", "cpu")
    judge_tier(registry, tmp_path / "results", "gpu")
    made = ClaimsPage(registry=registry, results=tmp_path / "results", root=tmp_path, comments={})
    assert "| contradicted (reversed) | −0.30 [−0.32, −0.28] nats | 10 | gpu |" in made.table()
    assert "at tier cpu: supported (strong), +0.30 [0.28, 0.32] nats" in section(made, "X01")


def test_few_seeds_are_provisional(tmp_path: Path) -> None:
    text = section(page(tmp_path, differ(0.3), seeds=5), "X01")
    assert "5 seeds (provisional: fewer than 10); p < 0.001" in text


def test_a_claim_whose_rule_has_changed_shows_no_number(tmp_path: Path) -> None:
    page(tmp_path, differ(0.3))
    path = tmp_path / "experiments" / "try.yaml"
    path.write_text(path.read_text().replace("smallest_effect: 0.1", "smallest_effect: 0.2"))
    registry = read_registry([tmp_path / "experiments"])
    made = ClaimsPage(registry=registry, results=tmp_path / "results", root=tmp_path, comments={})
    assert "| stale |  | 10 | cpu |" in made.table()
    assert "judged by the old rule" in section(made, "X01")
    assert "0.30" not in section(made, "X01")


def test_a_comment_is_shown_with_its_verdict(tmp_path: Path) -> None:
    made = page(tmp_path, differ(0.3), {"X01": Comment("supported", "One network only.")})
    assert "**Comment.** One network only." in section(made, "X01")


@pytest.mark.parametrize(
    ("name", "message"), [("X01", "the claim is 'supported' now"), ("X99", "no such claim")]
)
def test_a_comment_on_another_verdict_is_refused(tmp_path: Path, name: str, message: str) -> None:
    made = page(tmp_path, differ(0.3), {name: Comment("inconclusive", "We shall see.")})
    with pytest.raises(UsageError, match=message):
        made.table()


def test_a_comment_without_its_verdict_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "comments.yaml"
    path.write_text("X01: {text: One network only.}\n")
    with pytest.raises(UsageError, match=r"X01.*`verdict` and `text`"):
        read_comments(path)


def test_a_sentence_without_a_claim_has_a_reason(tmp_path: Path) -> None:
    text = page(tmp_path, None).sentences()
    assert "- S16, “Usually the total amount of training data available is quite large.”: It says" in text
