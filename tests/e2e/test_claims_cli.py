"""`regx claims`: the table, one claim in full, JSON, judging anew; and what is committed in results/."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ready_made import EXPERIMENTS
from width_experiment import ARMS, BASE

from regx.claims.judge import judge_tier
from regx.claims.measuring import MeasureRow, read_measures, write_measures
from regx.claims.registry import read_registry
from regx.claims.results import VerdictFile
from regx.claims.sentences import course_text
from regx.claims.status import claim_statuses
from regx.cli.claims_text import claim_lines

ROOT = Path(__file__).parents[2]
VERDICTS = [
    path for path in sorted((ROOT / "results").glob("*/*/verdicts.json")) if path.parent.name in EXPERIMENTS
]
EXPERIMENT = f"""{ARMS}claims:
  - id: X01
    says: A wider network learns faster.
    quote: "Width speeds learning up."
    source: Somebody 2014, section 1
    family: own
    measure: train_loss
    contrast: none - wide
    smallest_effect: 0.05
    published: [{{figures: Twice as fast, where: Table 2, verified: secondary}}]
    deviations: [Other images., Fewer of them.]
    traps: [A rate that suits one arm only.]
    beside: [{{label: in errors, measure: test_error, contrast: none - wide}}]
"""

Cli = Callable[..., Any]


@pytest.fixture
def claims(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setattr("regx.claims.gates.quick.GATES", ())
    monkeypatch.setenv("COLUMNS", "200")  # a claim in one line
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "width.yaml").write_text(EXPERIMENT)
    return lambda *words: cli("claims", *words, "--experiments", "experiments")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what is trained and judged once."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def judged(claims: Cli, cli: Cli, tmp_path: Path, kept: Path) -> Cli:
    if not (kept / "results").exists():
        result = cli("reproduce", "X01", "--experiments", "experiments", "--jobs", 1, "--quiet")
        assert result.code == 0, result.err
        shutil.copytree(tmp_path / "results", kept / "results")
    shutil.copytree(kept / "results", tmp_path / "results", dirs_exist_ok=True)
    return claims


def test_without_results_nothing_was_run(claims: Cli) -> None:
    result = claims()
    assert result.code == 0, result.err
    rows = result.out.splitlines()
    assert rows[1].split() == ["X01", "A", "wider", "network", "learns", "faster.", "not", "run"]
    assert rows[-1].startswith("14 claims: ")


def test_the_table_has_the_effect_with_its_interval(judged: Cli) -> None:
    row = next(line for line in judged().out.splitlines() if line.startswith("X01"))
    assert "supported" in row
    assert "] nats" in row
    assert " cpu " in row


def test_one_claim_in_full(judged: Cli) -> None:
    result = judged("X01")
    assert result.code == 0, result.err
    for words in (
        "X01  A wider network learns faster.",
        "quote: “Width speeds learning up.”",
        "source: Somebody 2014, section 1",
        "published: Twice as fast (Table 2; from a secondary text)",
        "5 seeds (provisional: fewer than 10); p < 0.001, alone in its family",
        "nothing was tuned",
        "part 1: train_loss, none - wide: +",
        "at least 0.05 nats: holds; p < 0.001",
        "in errors: test_error",
        "deviations from the source:",
        "  2. Fewer of them.",
        "traps:",
    ):
        assert words in result.out


def test_a_mechanical_claim_in_full(claims: Cli, cli: Cli) -> None:
    before = claims("M02", "--results", "results").out
    assert "Not run yet; `regx reproduce M02` runs it." in before
    cli("reproduce", "M02", "--experiments", "experiments")
    after = claims("M02").out
    assert "checked " in after
    assert "reading: " in after


def test_json_has_every_number(judged: Cli) -> None:
    rows = json.loads(judged("--json").out)
    [row] = [row for row in rows if row["id"] == "X01"]
    assert row["low"] < row["effect"] < row["high"]
    one = json.loads(judged("X01", "--json").out)
    assert len(one["result"]["parts"][0]["differences"]) == 5


def test_results_of_ones_own_lie_over_those_that_came_along(judged: Cli, cli: Cli, tmp_path: Path) -> None:
    """The ready-made claims keep their verdicts in a folder that has results of its own."""
    assert (tmp_path / "results").is_dir()
    rows = {row["id"]: row["verdict"] for row in json.loads(cli("claims", "--json").out)}
    assert rows["X01"] == "supported"
    assert rows["M01"] == "supported"
    alone = json.loads(cli("claims", "--json", "--results", "results").out)
    assert next(row["verdict"] for row in alone if row["id"] == "M01") == "not run"


def test_files_are_named_as_their_folder_was_given(judged: Cli) -> None:
    assert "\nexperiment: experiments/width.yaml\n" in judged("X01").out


def test_all_effects_are_drawn_in_one_figure(judged: Cli, tmp_path: Path) -> None:
    result = judged("--figure", "out/all.svg")
    assert (result.code, result.err) == (0, "out/all.svg: written\n")
    assert "X01 A wider network learns faster." in (tmp_path / "out" / "all.svg").read_text()
    result = judged("--figure", "all.png", "--recompute")  # refused before anything is stored
    assert (result.code, result.err) == (2, "--figure: must be a file that ends in .svg (got 'all.png')\n")


def test_an_unknown_claim_is_one_line(claims: Cli) -> None:
    result = claims("X2")
    assert (result.code, result.err) == (2, "X2: no such claim; `regx claims` lists them\n")


def test_a_setting_shows_the_claim_that_it_is_part_of(cli: Cli) -> None:
    result = cli(
        "claims", "c20_mnist_cnn", "--experiments", ROOT / "experiments", "--results", ROOT / "results"
    )
    assert result.out.startswith("C20  In some cases")
    assert "C20_MNIST_CNN (mnist_cnn_dropout_batch_norm):" in result.out


def test_a_changed_rule_shows_as_stale(judged: Cli, tmp_path: Path) -> None:
    path = tmp_path / "experiments" / "width.yaml"
    path.write_text(EXPERIMENT.replace("smallest_effect: 0.05", "smallest_effect: 0.06"))
    assert " stale " in judged().out
    assert "The rule has changed since it was fixed" in judged("X01").out


def test_verdicts_are_judged_anew_from_the_measures(judged: Cli, tmp_path: Path) -> None:
    path = tmp_path / "results" / "cpu" / "width" / "measures.csv"
    rows = [
        MeasureRow(**{**row.__dict__, "value": -row.value if row.value and row.part == "1" else row.value})
        for row in read_measures(path)
    ]
    write_measures(path, rows)
    assert "supported" in judged().out
    result = judged("--recompute")
    assert "results/cpu: judged 1 claim from measures.csv" in result.err
    assert "contradicted (reversed" in result.out


def test_two_claims_of_one_id_are_refused(claims: Cli, tmp_path: Path) -> None:
    other = tmp_path / "experiments" / "again.yaml"
    other.write_text(EXPERIMENT.replace("name: width", "name: again"))
    result = claims()
    assert result.code == 2
    assert "X01: is in " in result.err


def test_a_claim_of_the_wrong_shape_is_named_at_its_line(claims: Cli, tmp_path: Path) -> None:
    path = tmp_path / "experiments" / "width.yaml"
    path.write_text(EXPERIMENT.replace("    family: own", "    famly: own"))
    result = claims()
    assert result.code == 2
    assert "width.yaml:14:5: claims[0].famly: unknown key (did you mean 'family'?)" in result.err


def test_it_answers_without_torch() -> None:
    code = "import sys; sys.argv = ['regx', 'claims']; from regx.cli import main\n"
    code += "try: main()\nexcept SystemExit: pass\n"
    code += "sys.exit(sorted({'torch', 'pandas', 'scipy', 'matplotlib'} & set(sys.modules)) or 0)"
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert time.monotonic() - began < 10  # 1 s on an idle machine


@pytest.mark.parametrize(
    "tier", sorted({path.parent.parent for path in VERDICTS}), ids=lambda tier: tier.name
)
def test_what_is_committed_follows_from_the_measures(tier: Path, tmp_path: Path) -> None:
    """Verdicts in results/ are those that the measures beside them give."""
    for name in ("lock.json", "measures.csv", "verdicts.json"):
        for file in tier.glob(f"*/{name}"):
            copied = tmp_path / tier.name / file.parent.name / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_bytes(file.read_bytes())
    if (tier / "gates.json").is_file():
        (tmp_path / tier.name / "gates.json").write_bytes((tier / "gates.json").read_bytes())
    registry = read_registry([ROOT / "experiments"]).only(course_text().claims)
    judge_tier(registry, tmp_path, tier.name)  # type: ignore[arg-type]
    for path in (path for path in VERDICTS if path.parent.parent == tier):
        committed = VerdictFile.read(path)
        again = VerdictFile.read(tmp_path / tier.name / path.parent.name / "verdicts.json")
        assert committed.claims == again.claims, path
        assert not [claim.id for claim in committed.claims.values() if claim.verdict == "stale"]


def test_what_is_open_says_how_many_seeds_would_settle_it() -> None:
    files = [VerdictFile.read(path) for path in VERDICTS]
    claims = [claim for file in files for claim in file.claims.values() if claim.verdict == "inconclusive"]
    assert claims
    found = {
        item.id: item for item in claim_statuses(read_registry([ROOT / "experiments"]), ROOT / "results")
    }
    for claim in claims:
        assert claim.seeds_needed is not None
        said = f"{claim.seeds_needed:,} seeds would settle it in 4 of 5 experiments, if the true means"
        assert any(line.startswith(said) for line in claim_lines(found[claim.id], width=200))


def test_a_damaged_file_of_results_is_named_with_what_to_do(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / VERDICTS[0].relative_to(ROOT / "results")
    path.parent.mkdir(parents=True)
    path.write_bytes(VERDICTS[0].read_bytes()[:-100])
    result = cli("claims", "--results", tmp_path)
    said = "is not valid JSON; put the right file back, or remove it, and `regx reproduce` writes it again"
    assert (result.code, result.err) == (2, f"{path}: {said}\n")
