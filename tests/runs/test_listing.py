"""What `regx runs` says of one run, whatever its files are like."""

from pathlib import Path

from run_builder import build_run

from regx.runs.listing import list_folder


def listed(path: Path) -> dict:
    rows, sweeps = list_folder(path.parent)
    assert (len(rows), sweeps) == (1, [])
    return rows[0]


def test_a_run_that_has_not_ended_shows_the_last_epoch_that_was_evaluated(tmp_path: Path) -> None:
    errors = (0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
    often = {"eval_every": 3}
    path = build_run(tmp_path, train_losses=errors, valid_errors=errors, status="interrupted", train=often)
    assert listed(path)["epochs_completed"] == 6


def test_damage_is_told_with_what_trains_the_run_again(tmp_path: Path) -> None:
    path = build_run(tmp_path)
    (path / "run.json").write_text("{")
    row = listed(path)
    assert row["status"] == "damaged"
    assert row["reason"].startswith(f"{path / 'run.json'}: is not valid JSON; `regx train ")
    assert row["reason"].endswith(" --fresh` trains it again")


def test_a_record_that_is_lost_is_told(tmp_path: Path) -> None:
    path = build_run(tmp_path)
    (path / "run.json").unlink()
    assert listed(path) == {
        "path": str(path),
        "status": "damaged",
        "reason": "run.json is missing",
        "sweeps": [],
        "is_trial": False,
    }


def test_what_the_system_refuses_is_no_reason_to_train_again(tmp_path: Path) -> None:
    path = build_run(tmp_path)
    (path / "run.json").unlink()
    (path / "run.json").mkdir()
    row = listed(path)
    assert row["status"] == "damaged"
    assert row["reason"].endswith("Is a directory; a file belongs there; move the folder away")
