import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from run_builder import build_run
from sweep_builder import build_sweep


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    runs = tmp_path / "runs"
    return build_run(runs), build_run(runs, name="fast", optim={"lr": 0.2}, valid_errors=(0.3, 0.2, 0.1))


def test_the_table_and_the_conclusion(
    cli: Callable, pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = cli("compare", *pair)
    assert result.code == 0
    for words in (
        "optim.lr",
        "Overfitting",
        "Convergence",
        "Errors",
        "Speed",
        "* better mean",
        "faster than",
    ):
        assert words in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    assert "\x1b" not in result.out


def test_many_groups_fit_a_narrow_terminal(
    cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for arm in range(6):
        build_run(tmp_path / "runs", name=f"an_arm_with_a_long_name_{arm}", optim={"lr": 0.1 * (arm + 1)})
    result = cli("compare", tmp_path / "runs")
    assert max(map(len, result.out.splitlines())) <= 80
    assert "…" not in result.out  # nothing is cut
    assert "holds 6 configs" in result.err


def test_json_and_nothing_else(cli: Callable, pair: tuple[Path, Path]) -> None:
    result = cli("compare", *pair, "--json")
    content = json.loads(result.out)
    assert [group["label"] for group in content["groups"]] == ["plain", "fast"]
    assert result.err == ""


def test_csv_and_nothing_else(cli: Callable, pair: tuple[Path, Path]) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("compare", *pair, "--csv").out)))
    assert {row["group"] for row in rows} == {"plain", "fast"}


def test_markdown_and_nothing_else(cli: Callable, pair: tuple[Path, Path]) -> None:
    out = cli("compare", *pair, "--md").out
    assert out.startswith("# plain vs fast\n")
    assert "| Overfitting | plain | fast | difference |" in out


def test_out_writes_tables_and_figures_the_same_each_time(
    cli: Callable, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    names = ["compare.csv", "compare.md", "convergence.svg", "overfitting.svg"]
    for folder in ("first", "second"):
        assert cli("compare", *pair, "--out", folder).code == 0
        assert sorted(path.name for path in Path(folder).iterdir()) == names
    for name in names:
        assert Path("first", name).read_bytes() == Path("second", name).read_bytes()


def test_a_folder_of_seeds_is_one_group(cli: Callable, tmp_path: Path) -> None:
    for seed in range(3):
        build_run(tmp_path / "a", seed=seed, test_error=0.2 + 0.01 * seed)
        build_run(tmp_path / "b", name="fast", optim={"lr": 0.2}, seed=seed)
    content = json.loads(cli("compare", tmp_path / "a", str(tmp_path / "b" / "*"), "--json").out)
    assert [group["seeds"] for group in content["groups"]] == [[0, 1, 2], [0, 1, 2]]
    error = next(measure for measure in content["measures"] if measure["name"] == "test_error")
    assert error["groups"][0]["deviation"] == pytest.approx(0.01)


ERRORS = {"none": (0.10, 0.12, 0.11, 0.14, 0.13, 0.12), "dropout": (0.06, 0.07, 0.08, 0.09, 0.07, 0.08)}
TOGGLES = {"none": {}, "dropout": {"model.drop_prob": {"hidden": 0.5}}}


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    return build_sweep(
        tmp_path / "runs",
        TOGGLES,
        curves=lambda arm, _, seed: {"test_error": ERRORS[arm][seed], "test_loss": 6 * ERRORS[arm][seed]},
    )


@pytest.mark.parametrize("width", [80, 120])
def test_two_arms_fit_the_terminal(
    cli: Callable, sweep: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = cli("compare", f"{sweep}:none", f"{sweep}:dropout").out
    assert max(map(len, out.splitlines())) <= width
    [heads] = [line for line in out.splitlines() if "95 % interval" in line]
    assert heads.split() == ["dropout", "−", "none", "difference", "95", "%", "interval", "p", "d_z", "wins"]
    assert "dropout overfits less than none" in out.replace("\n", " ")


def test_json_of_arms_says_what_was_tested_and_declared(cli: Callable, sweep: Path) -> None:
    content = json.loads(cli("compare", sweep, "--json").out)
    assert content["groups"][1]["arm"]["settings"] == TOGGLES["dropout"]
    error = next(measure for measure in content["measures"] if measure["name"] == "test_error")
    assert error["groups"][0]["test"] is None
    assert error["groups"][1]["test"]["seeds"] == [0, 1, 2, 3, 4, 5]
    assert error["groups"][1]["test"]["p_sign_flip"] == 2 / 2**6


def test_csv_of_arms_is_whole(cli: Callable, sweep: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("compare", sweep, "--csv").out)))
    row = next(row for row in rows if (row["measure"], row["group"]) == ("test_error", "dropout"))
    assert (row["method"], row["num_pairs"], row["wins"], row["p_sign_flip"]) == (
        "paired",
        "6",
        "1",
        "0.03125",
    )
    assert float(row["low"]) < float(row["difference"]) < float(row["high"]) < 0


def test_out_of_arms_adds_the_differences_and_takes_an_old_figure_away(
    cli: Callable, sweep: Path, pair: tuple[Path, Path]
) -> None:
    assert cli("compare", sweep, "--out", "out").code == 0
    assert Path("out", "differences.svg").exists()
    assert cli("compare", *pair, "--out", "out").code == 0
    assert not Path("out", "differences.svg").exists()


def test_a_grid_is_one_line_per_arm(cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    sweep = build_sweep(tmp_path, TOGGLES, cells=[{"optim.lr": lr} for lr in (0.01, 0.1, 1.0)])
    result = cli("compare", sweep, "--out", "out")
    assert result.code == 0
    assert sum(line.startswith("dropout ") for line in result.out.splitlines()[:4]) == 1
    assert max(map(len, result.out.splitlines())) <= 80
    assert sorted(path.name for path in Path("out").iterdir()) == ["grid.csv", "grid.md", "grid.svg"]
    assert json.loads(cli("compare", sweep, "--json").out)["axis"] == "optim.lr"
    cell = cli("compare", f"{sweep}:none,optim.lr=0.1", f"{sweep}:dropout,optim.lr=0.1", "--csv").out
    assert "dropout optim.lr=0.1" in cell


def test_a_target_has_no_meaning_over_a_grid(cli: Callable, tmp_path: Path) -> None:
    sweep = build_sweep(
        tmp_path, {"none": {}}, cells=[{"optim.lr": lr} for lr in (0.01, 0.1)], seeds=range(1)
    )
    result = cli("compare", sweep, "--target-error", "0.1")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert "--target-error: no measure over a grid of optim.lr has a target" in result.err
    assert "name one cell of each arm" in result.err


def test_runs_that_were_not_named_are_not_read(cli: Callable, tmp_path: Path) -> None:
    """In a folder of thousands the answer must cost what the named runs cost."""
    for lr in (0.1, 0.2, 0.3):
        for seed in range(2):
            path = build_run(tmp_path / "runs", name=f"lr{lr}", optim={"lr": lr}, seed=seed)
            if lr == 0.3:
                for file in path.iterdir():
                    file.write_bytes(b"{ damaged")
    assert cli("compare", "runs/lr0.1-*", "runs/lr0.2-*").code == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--json", "--csv"], "choose one"),
        (["--target-error", "2"], "is a fraction between 0 and 1"),
        (["--target-error", "nan"], "is a fraction between 0 and 1"),
        (["--out", "a_file/below"], "choose another place with --out"),
        (["nowhere"], "nowhere: no such folder"),
        (["nowhere:arm"], "nowhere:arm: no such folder"),
        (["empty:arm"], "is not the folder of a sweep"),
        (["empty"], "empty: holds no run"),
    ],
)
def test_wrong_usage_is_one_line(
    cli: Callable, pair: tuple[Path, Path], options: list[str], message: str
) -> None:
    Path("a_file").touch()
    Path("empty").mkdir()
    result = cli("compare", *pair, *options)
    assert result.code == 2
    assert message in result.err
    assert result.err.count("\n") == 1
    assert result.out == ""


@pytest.mark.parametrize("file", ["run.json", "metrics.csv", "config.yaml"])
@pytest.mark.parametrize("content", [None, b"", b"\x00\xff", b"{"])
def test_a_bad_folder_is_one_line(
    cli: Callable, pair: tuple[Path, Path], file: str, content: bytes | None
) -> None:
    if content is None:
        (pair[1] / file).unlink()
    else:
        (pair[1] / file).write_bytes(content)
    result = cli("compare", *pair)
    assert result.code == 2
    assert file in result.err
    assert result.err.count("\n") == 1
    assert result.out == ""


def test_compare_with_figures_never_imports_torch(pair: tuple[Path, Path], tmp_path: Path) -> None:
    code = (
        "import sys; from regx.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "sys.exit('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, "compare", *map(str, pair), "--out", str(tmp_path / "out")]
    assert subprocess.run(command, check=False, capture_output=True, cwd=tmp_path).returncode == 0
    assert (tmp_path / "out" / "overfitting.svg").exists()
