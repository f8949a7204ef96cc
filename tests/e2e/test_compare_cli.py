import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from run_builder import build_run


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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--json", "--csv"], "choose one"),
        (["--target-error", "2"], "is a fraction between 0 and 1"),
        (["--target-error", "nan"], "is a fraction between 0 and 1"),
        (["--out", "a_file/below"], "cannot be written"),
        (["nowhere"], "nowhere: no such folder"),
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
