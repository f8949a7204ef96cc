import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
from small_sweeps import finish, write_experiment

from regx.config.errors import UsageError
from regx.reading import explain
from regx.runs.folder import RunFolder
from regx.sweeps.jobs import Job, folder_name
from regx.sweeps.ledger import Ledger

ARMS = "arms: {none: {}, fast: {optim.lr: 1.0}}\nseeds: 2\n"


def job_of(tmp_path: Path, name: str = "try") -> Job:
    config = write_experiment(tmp_path, ARMS).config("none", {}, 0)
    config = config.model_copy(update={"name": name})
    return Job(config=config, folder=folder_name(config))


def known(ledger: Ledger, job: Job) -> Job:
    """The same run, in the folder that the ledger knows it by."""
    return replace(job, folder=ledger.find(job.config))


def test_a_run_is_known_by_its_content_whatever_it_is_called(tmp_path: Path) -> None:
    trained = job_of(tmp_path, "by_hand")
    finish(tmp_path / "runs", trained)
    ledger = Ledger(tmp_path / "runs")
    wanted = known(ledger, job_of(tmp_path))
    assert wanted.folder == trained.folder
    assert ledger.ended(wanted)


def test_another_seed_or_setting_is_another_run(tmp_path: Path) -> None:
    job = job_of(tmp_path)
    finish(tmp_path / "runs", job)
    ledger = Ledger(tmp_path / "runs")
    other_seed = known(ledger, replace(job, config=job.config.model_copy(update={"seed": 1})))
    assert ledger.state(other_seed) == "absent"
    assert ledger.unended([job, other_seed, other_seed]) == [other_seed]


def test_of_two_folders_with_one_content_the_finished_one_counts(tmp_path: Path) -> None:
    begun, done = job_of(tmp_path, "a"), job_of(tmp_path, "b")
    finish(tmp_path / "runs", begun, status="failed")
    finish(tmp_path / "runs", done)
    ledger = Ledger(tmp_path / "runs")
    assert ledger.find(job_of(tmp_path, "c").config) == done.folder
    assert ledger.find(begun.config) == done.folder, "its own folder is there, but not done"


def test_a_run_whose_process_is_gone_was_interrupted(tmp_path: Path) -> None:
    job = job_of(tmp_path)
    finish(tmp_path / "runs", job, status="running")
    assert Ledger(tmp_path / "runs").state(job) == "interrupted"


def test_a_damaged_record_is_told_apart_and_can_be_begun_anew(tmp_path: Path) -> None:
    job = job_of(tmp_path)
    finish(tmp_path / "runs", job)
    RunFolder(tmp_path / "runs" / job.folder).record.write_text("{")
    ledger = Ledger(tmp_path / "runs")
    assert ledger.state(job) == "damaged"
    ledger.forget_failure(job)
    assert ledger.state(job) == "absent"


def hold_for_ever(runs_dir: Path, ready) -> None:
    with Ledger(runs_dir).lock():
        ready.set()
        ready.wait(0)
        multiprocessing.Event().wait(60)


def test_a_second_sweep_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=hold_for_ever, args=(tmp_path / "runs", ready))
    process.start()
    try:
        assert ready.wait(30)
        with (
            pytest.raises(UsageError, match="another sweep is at work here"),
            Ledger(tmp_path / "runs").lock(),
        ):
            pass
    finally:
        process.kill()
        process.join(30)
    with Ledger(tmp_path / "runs").lock():  # the lock died with its holder
        pass


def test_what_a_killed_driver_left_goes(tmp_path: Path) -> None:
    (tmp_path / ".sweep-old.shared").touch()
    (tmp_path / ".small-s0.abc.part").mkdir()
    with Ledger(tmp_path).lock():
        assert [path.name for path in tmp_path.iterdir()] == [".sweep.lock"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError) as caught:
        Ledger(tmp_path / "file" / "runs")
    assert explain(caught.value) == f"{tmp_path}/file/runs: Not a directory; choose another place with --out"


def test_a_finished_run_without_its_metrics_is_one_line(tmp_path: Path) -> None:
    job = job_of(tmp_path)
    finish(tmp_path / "runs", job)
    RunFolder(tmp_path / "runs" / job.folder).metrics.unlink()
    with pytest.raises(UsageError, match=r"^/.*metrics.csv: is missing; `regx sweep` with --retry-failed"):
        Ledger(tmp_path / "runs").load(job)


def test_a_finished_run_without_its_metrics_is_damaged(tmp_path: Path) -> None:
    job = job_of(tmp_path)
    finish(tmp_path / "runs", job)
    RunFolder(tmp_path / "runs" / job.folder).metrics.unlink()
    ledger = Ledger(tmp_path / "runs")
    assert ledger.state(job) == "damaged"
    assert ledger.unended([job]) == [job]


def test_what_was_added_before_the_lock_was_held_is_seen(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "runs")
    finish(tmp_path / "runs", job_of(tmp_path, "by_another"))
    with ledger.lock():
        assert ledger.ended(known(ledger, job_of(tmp_path)))
