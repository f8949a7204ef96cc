"""Folders of runs that were trained elsewhere arrive whole or not at all."""

from pathlib import Path

import pytest
from run_builder import build_run

from regx.runs.folder import FolderBusyError, RunFolder
from regx.runs.load import load_run_folder
from regx.sweeps.shared_folder import deliver, is_shared, mark, pack


def test_the_mark_is_there_while_it_lasts(tmp_path: Path) -> None:
    with mark(tmp_path, "a1"):
        assert is_shared(tmp_path, "a1")
        assert not is_shared(tmp_path, "b2")
    assert not is_shared(tmp_path, "a1")


def test_a_folder_arrives_as_it_was(tmp_path: Path) -> None:
    run = build_run(tmp_path / "there")
    (run / "checkpoint.pt").write_bytes(b"large")
    (tmp_path / "here").mkdir()
    deliver(tmp_path / "here", run.name, pack(RunFolder(run)))
    assert [path.name for path in (tmp_path / "here").iterdir()] == [run.name]
    arrived = tmp_path / "here" / run.name
    assert load_run_folder(arrived).rows == load_run_folder(run).rows
    assert sorted(path.name for path in arrived.iterdir()) == ["config.yaml", "metrics.csv", "run.json"]


def test_an_unfinished_run_is_replaced_and_a_finished_one_stays(tmp_path: Path) -> None:
    files = pack(RunFolder(build_run(tmp_path / "there", test_loss=0.5)))
    here = build_run(tmp_path / "here", status="interrupted", test_loss=0.7)
    deliver(tmp_path / "here", here.name, files)
    assert load_run_folder(here).record.status == "done"
    deliver(tmp_path / "here", here.name, pack(RunFolder(build_run(tmp_path / "there", test_loss=0.9))))
    final = load_run_folder(here).record.final
    assert final is not None
    assert final.test_loss == 0.5


def test_a_run_that_is_being_trained_is_left_alone(tmp_path: Path) -> None:
    here = build_run(tmp_path, status="interrupted")
    with RunFolder(here).lock(), pytest.raises(FolderBusyError):
        deliver(tmp_path, here.name, {"run.json": b"{}"})
    assert [path.name for path in tmp_path.iterdir()] == [here.name]


def test_names_from_elsewhere_stay_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    deliver(tmp_path / "runs", "run", {"../../outside": b"x"})
    assert not (tmp_path / "outside").exists()
