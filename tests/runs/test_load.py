from pathlib import Path

import pytest
from run_builder import build_run, built_run, remove_checksums

from regx.config.errors import UsageError
from regx.runs.load import find_run_folders, load_run_folder


def test_a_run_is_loaded_whole(tmp_path: Path) -> None:
    run = built_run(tmp_path, seed=3)
    assert (run.record.seed, run.config.seed, len(run.rows)) == (3, 3, 3)


def test_a_run_that_completed_no_epoch_has_no_rows(tmp_path: Path) -> None:
    path = build_run(tmp_path, train_losses=(), valid_errors=(), status="diverged")
    assert load_run_folder(path).rows == ()


def test_runs_are_found_at_any_depth_and_by_pattern(tmp_path: Path) -> None:
    paths = [build_run(tmp_path / "a" / "b", seed=seed) for seed in (0, 1)] + [
        build_run(tmp_path / "c", seed=2)
    ]
    assert find_run_folders(str(tmp_path)) == paths
    assert find_run_folders(str(tmp_path / "*" / "*" / "plain-s*")) == paths[:2]
    assert find_run_folders(str(paths[0])) == [paths[0]]


def test_hidden_folders_are_left_alone(tmp_path: Path) -> None:
    build_run(tmp_path / ".trash")
    with pytest.raises(UsageError, match="holds no run"):
        find_run_folders(str(tmp_path))


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("nowhere", "nowhere: no such folder"),
        ("nothing-*", "no run matches this pattern"),
        ("file.txt", "is a file; give the folder of a run"),
        ("~no_such_user_here/x", "is no path"),
        ("x" * 300, "is no path: File name too long; take a shorter"),
    ],
)
def test_what_is_no_run_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argument: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file.txt").touch()
    with pytest.raises(UsageError) as refused:
        find_run_folders(argument)
    assert message in str(refused.value)


def _cut_row(path: Path) -> None:
    metrics = path / "metrics.csv"
    metrics.write_text(metrics.read_text()[:-9])


def _lose_rows(path: Path) -> None:
    metrics = path / "metrics.csv"
    metrics.write_text("".join(metrics.read_text().splitlines(keepends=True)[:-1]))


def _lose_middle_row(path: Path) -> None:
    metrics = path / "metrics.csv"
    lines = metrics.read_text().splitlines(keepends=True)
    metrics.write_text("".join(lines[:2] + lines[3:]))


def _change(file: str, old: str, new: str):
    def change(path: Path) -> None:
        text = (path / file).read_text()
        assert old in text
        (path / file).write_text(text.replace(old, new, 1))

    return change


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: (path / "run.json").unlink(), "run.json: cannot be read (no such file)"),
        (lambda path: (path / "metrics.csv").unlink(), "metrics.csv: is missing"),
        (lambda path: (path / "config.yaml").unlink(), "config.yaml"),
        (lambda path: (path / "run.json").write_text("{"), "run.json: is not valid JSON"),
        (lambda path: (path / "run.json").write_bytes(b"\xff\x00"), "run.json: is not valid JSON"),
        (lambda path: (path / "metrics.csv").write_text(""), "metrics.csv: is empty"),
        (lambda path: (path / "metrics.csv").write_text("a,b\n1,2\n"), "metrics.csv:1: has another header"),
        (lambda path: (path / "config.yaml").write_text("seed: [\n"), "config.yaml:"),
        (_change("run.json", '"format": 1', '"format": 99'), "run.json: has format 99"),
        (_change("run.json", '"seed": 0', '"seed": "zero"'), "run.json: seed:"),
        (_change("metrics.csv", "0.1,0.9,", "nan,0.9,"), "metrics.csv:2: damaged row"),
        (_cut_row, "metrics.csv:"),
        (_lose_rows, "metrics.csv: holds 2 epochs where run.json says 3"),
        (_change("metrics.csv", "0.1,0.9,", "9" * 401 + ",0.9,"), "metrics.csv:2: damaged row"),
        (_change("metrics.csv", "0.1,0.9,", "-0.1,0.9,"), "metrics.csv:2: damaged row (lr is -0.1)"),
        (_change("metrics.csv", "0.1,0.9,", "0.1,0.9,7,"), "metrics.csv:2: damaged row (14 cells where 13"),
        (lambda path: (path / "run.json").write_text("[" * 100_000), "run.json: is not valid JSON"),
        (_lose_middle_row, "metrics.csv:3: epoch 3 where 2 belongs"),
    ],
)
def test_damage_is_named(tmp_path: Path, damage, message: str) -> None:
    path = build_run(tmp_path)
    remove_checksums(path)  # even so
    damage(path)
    with pytest.raises(UsageError) as refused:
        load_run_folder(path)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_runs_behind_links_are_found_and_circles_end(tmp_path: Path) -> None:
    path = build_run(tmp_path / "real")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "run").symlink_to(path)
    (tmp_path / "links" / "back").symlink_to(tmp_path / "links")
    assert find_run_folders(str(tmp_path / "links")) == [tmp_path / "links" / "run"]
