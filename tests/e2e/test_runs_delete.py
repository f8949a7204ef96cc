"""`regx runs --delete` removes what it lists, and nothing else."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from run_builder import build_run
from small_config import small_yaml
from sweep_builder import build_sweep
from watching import timeless

from regx.runs.folder import RunFolder
from regx.runs.lock import hold
from regx.runs.sweep import SweepRecord


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    states = ("done", "failed", "failed", "done")
    return [build_run(tmp_path / "runs", seed=seed, status=state) for seed, state in enumerate(states)]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def there(folders: list[Path]) -> list[bool]:
    return [folder.exists() for folder in folders]


def test_what_is_listed_goes_and_nothing_else(cli: Callable, runs: list[Path]) -> None:
    result = cli("runs", "--where", "status=failed", "--delete", "--yes")
    assert result.code == 0
    assert there(runs) == [True, False, False, True]
    assert [line.split()[0] for line in result.out.splitlines()[1:3]] == [
        f"runs/{runs[1].name}",
        f"runs/{runs[2].name}",
    ]
    assert result.err.splitlines()[-1] == "removed 2 runs."


def test_without_a_terminal_it_wants_yes(cli: Callable, runs: list[Path]) -> None:
    result = cli("runs", "--delete")
    assert (result.code, result.err) == (
        2, "--delete: asks on a terminal before it removes 4 runs; elsewhere give --yes\n",
    )  # fmt: skip
    assert all(there(runs))


@pytest.mark.parametrize(("answer", "left"), [("y\n", False), ("n\n", True), ("\n", True)])
def test_on_a_terminal_it_asks(
    cli: Callable, runs: list[Path], monkeypatch: pytest.MonkeyPatch, answer: str, left: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal(answer))
    result = cli("runs", "--where", "seed=1", "--delete")
    assert "remove 1 run? [y/N]" in result.err
    assert there(runs) == [True, left, True, True]
    assert result.code == 0


def test_nothing_to_remove(cli: Callable, runs: list[Path]) -> None:
    result = cli("runs", "--where", "seed=9", "--delete", "--yes")
    assert (result.code, result.err) == (0, "nothing to remove.\n")


def test_a_run_at_work_stays(cli: Callable, runs: list[Path]) -> None:
    with RunFolder(runs[1]).lock():
        result = cli("runs", "--delete", "--yes")
    assert result.code == 1
    assert f"kept: runs/{runs[1].name}: is being trained\n" in result.err
    assert "removed 3 runs." in result.err
    assert there(runs) == [False, True, False, False]


def test_a_run_that_another_process_trains_stays(cli: Callable, runs: list[Path]) -> None:
    code = (
        "import sys; from pathlib import Path; from regx.runs.folder import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).lock(): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(runs[0])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        result = cli("runs", "--where", "seed=0", "--delete", "--yes")
        holder.communicate()
    assert (result.code, there(runs)[0]) == (1, True)


def test_while_a_sweep_is_at_work_its_folder_stays(cli: Callable, runs: list[Path]) -> None:
    with hold(runs[0].parent / ".sweep.lock"):
        result = cli("runs", "--delete", "--yes")
    assert (result.code, all(there(runs))) == (1, True)
    assert "a sweep is at work in runs" in result.err


@pytest.mark.parametrize("name", ["notes.txt", "figures/a.png", "checkpoint.pt.old", ".git/config"])
def test_foreign_files_keep_a_folder_whole(cli: Callable, runs: list[Path], name: str) -> None:
    foreign = runs[2] / name
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("mine")
    before = sorted(runs[2].rglob("*"))
    result = cli("runs", "--delete", "--yes")
    assert result.code == 1
    assert f"kept: runs/{runs[2].name}: holds what is not of a run ({Path(name).parts[0]})" in result.err
    assert sorted(runs[2].rglob("*")) == before
    assert there(runs) == [False, False, True, False]


def test_leftovers_go_along_and_a_damaged_run_too(cli: Callable, runs: list[Path]) -> None:
    (runs[0] / ".curves.svg.abc123.part").write_text("half")
    (runs[1] / "run.json").write_text("{ half")
    (runs[2] / "run.json").unlink()
    assert cli("runs", "--delete", "--yes").code == 0
    assert there(runs) == [False] * 4


def test_what_is_no_run_stays(cli: Callable, tmp_path: Path, runs: list[Path]) -> None:
    """Folders of other programs may have a run.json or a metrics.csv; a link leads elsewhere."""
    others = [tmp_path / "runs" / name for name in ("theirs", "rows")]
    for folder, name in zip(others, ("run.json", "metrics.csv"), strict=True):
        folder.mkdir()
        (folder / name).write_text("{}")
    elsewhere = build_run(tmp_path / "elsewhere", name="far")
    (tmp_path / "runs" / elsewhere.name).symlink_to(elsewhere)
    result = cli("runs", "--delete", "--yes")
    assert result.code == 1
    assert all(there([*others, elsewhere, elsewhere / "run.json"]))
    assert result.err.count("has neither the name nor the record of a run") == 2
    assert "is a link" in result.err
    assert there(runs) == [False] * 4


def test_a_renamed_run_is_a_run(cli: Callable, tmp_path: Path, runs: list[Path]) -> None:
    runs[0].rename(tmp_path / "runs" / "best")
    cli("runs", "--delete", "--yes")
    assert not (tmp_path / "runs" / "best").exists()


def test_the_record_of_a_sweep_stays_valid(
    cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # a run in one line
    sweep = build_sweep(tmp_path / "runs", {"none": {}, "norm": {"model.batch_norm": True}}, seeds=range(3))
    result = cli("runs", "--where", "model.batch_norm=true", "--delete", "--yes")
    assert result.code == 0
    assert "note: runs/toggles had some of them; the next `regx sweep` trains those again." in result.err
    assert len(SweepRecord.read(sweep / "sweep.json").runs) == 6
    lines = cli("runs", sweep).out.splitlines()
    assert [line.split()[1:4] for line in lines if " norm " in line] == [
        ["norm", str(s), "not"] for s in range(3)
    ]
    assert "3 done, 3 left" in cli("runs").out


def test_the_runs_of_one_arm_in_a_sweep(cli: Callable, tmp_path: Path) -> None:
    """Arms of the same config share their runs: each goes once."""
    sweep = build_sweep(
        tmp_path / "runs", {"one": {}, "same": {}, "norm": {"model.batch_norm": True}}, seeds=range(2)
    )
    result = cli("runs", sweep, "--where", "arm=same", "--delete", "--yes")
    assert result.err.splitlines()[0] == "removed 2 runs."
    again = cli("runs", sweep, "--where", "status=not there", "--delete", "--yes")
    assert (again.code, again.err) == (0, "nothing to remove.\n")


def test_the_next_sweep_trains_again_what_was_removed(cli: Callable, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(small_yaml(train={"epochs": 1}))
    (tmp_path / "mine.yaml").write_text(
        "name: mine\nquestion: Does it?\nbase: small.yaml\narms: {plain: {}}\nseeds: 0-1\n"
    )
    cli("sweep", "mine.yaml", "--jobs", "1")
    (folder,) = Path("runs").glob("mine.plain-s1-*")
    before = timeless(folder)
    assert cli("runs", "--where", "seed=1", "--delete", "--yes").code == 0
    assert not folder.exists()
    assert "done already: 1 run; left: 1 run" in cli("sweep", "mine.yaml", "--jobs", "1").err
    assert timeless(folder) == before
