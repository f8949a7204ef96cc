"""What claims say of the code that trained their runs."""

from pathlib import Path

from sweep_builder import build_sweep

from regx.claims.measuring import SweepRuns
from regx.runs.record import Process, RunRecord
from regx.runs.sweep import SweepFolder, SweepRecord


def test_the_programs_of_a_mixed_run_are_all_named(tmp_path: Path) -> None:
    sweep = build_sweep(tmp_path, {"none": {}}, seeds=range(2))
    record = SweepRecord.read(SweepFolder(sweep).record)
    runs = SweepRuns(runs_dir=tmp_path, record=record)
    [of_one_program] = runs.commits()
    path = tmp_path / record.runs[1].folder / "run.json"
    run = RunRecord.read(path)
    codes = {"aaaaaaaa": "1" * 40, "bbbbbbbb": "2" * 40}
    processes = tuple(
        Process(
            from_step=10 * index,
            when="2026-01-01 00:00:00",
            host="somewhere",
            environment=run.environment.model_copy(update={"code": code, "git_commit": commit}),
        )
        for index, (code, commit) in enumerate(codes.items())
    )
    run.model_copy(update={"processes": processes}).write(path)
    commits = SweepRuns(runs_dir=tmp_path, record=record).commits()
    assert commits == tuple(sorted([of_one_program, "mixed 111111111 then 222222222"]))
