from pathlib import Path

import pytest
from run_builder import build_run
from sweep_builder import build_sweep

from regx.compare.compare import compare
from regx.compare.groups import Group, group_selections
from regx.compare.notes import notes
from regx.compare.select import select
from regx.config.errors import UsageError
from regx.runs.sweep import SweepFolder, SweepRecord

ARMS = {"none": {}, "dropout": {"model.drop_prob": {"hidden": 0.5}}, "norm": {"model.batch_norm": True}}
LADDER = [{"optim.lr": lr, "optim.momentum": mu} for lr in (0.01, 0.1) for mu in (0.0, 0.9)]


def groups(*arguments: object) -> list[Group]:
    return group_selections([one for argument in arguments for one in select(str(argument))])


def refused(*arguments: object) -> str:
    with pytest.raises(UsageError) as error:
        groups(*arguments)
    message = str(error.value)
    assert "\n" not in message
    return message


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    return build_sweep(tmp_path, ARMS, seeds=range(3))


def test_a_sweep_is_all_its_arms_in_their_order(sweep: Path) -> None:
    found = groups(sweep)
    assert [(group.label, group.seeds) for group in found] == [
        ("none", (0, 1, 2)),
        ("dropout", (0, 1, 2)),
        ("norm", (0, 1, 2)),
    ]


def test_arms_are_picked_by_name_in_the_order_given(sweep: Path) -> None:
    assert [group.label for group in groups(f"{sweep}:norm", f"{sweep}/:none")] == ["norm", "none"]


def test_tuning_runs_are_never_compared(sweep: Path) -> None:
    record = SweepRecord.read(SweepFolder(sweep).record)
    trials = [run.model_copy(update={"stage": "tune"}) for run in record.runs if run.seed == 0]
    rest = [run for run in record.runs if run.seed > 0]
    record.model_copy(update={"runs": (*trials, *rest)}).write(SweepFolder(sweep).record)
    assert {group.seeds for group in groups(sweep)} == {(1, 2)}


def test_a_grid_gives_one_group_per_cell_and_conditions_choose(tmp_path: Path) -> None:
    sweep = build_sweep(tmp_path, {"none": {}}, cells=LADDER, seeds=range(2))
    assert [group.label for group in groups(sweep)] == [
        "none optim.lr=0.01 optim.momentum=0",
        "none optim.lr=0.01 optim.momentum=0.9",
        "none optim.lr=0.1 optim.momentum=0",
        "none optim.lr=0.1 optim.momentum=0.9",
    ]
    assert len(groups(f"{sweep}:none,optim.lr=1e-1")) == 2
    chosen = groups(f"{sweep}:none,optim.lr=0.1,optim.momentum=0.9", f"{sweep}:none,optim.lr=0.01")
    assert [group.config.optim.lr for group in chosen] == [0.1, 0.01, 0.01]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (":dropuot", "no arm 'dropuot' (arms: none, dropout, norm); did you mean 'dropout'?"),
        (":none,optim.lr=0.1", "no axis 'optim.lr' (it has no grid)"),
        (":none", "is one group; a comparison needs two"),
    ],
)
def test_a_wrong_arm_is_one_line(sweep: Path, words: str, message: str) -> None:
    assert message in refused(f"{sweep}{words}")


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("optim.lt=0.1", "no axis 'optim.lt' (axes: optim.lr, optim.momentum); did you mean 'optim.lr'?"),
        ("optim.lr=0.2", "no cell of none has optim.lr=0.2 (there are optim.lr=0.01, optim.lr=0.1)"),
    ],
)
def test_a_wrong_cell_is_one_line(tmp_path: Path, condition: str, message: str) -> None:
    sweep = build_sweep(tmp_path, {"none": {}}, cells=LADDER, seeds=range(2))
    assert message in refused(f"{sweep}:none,{condition}")


def test_a_folder_that_is_no_sweep_has_no_arms(tmp_path: Path) -> None:
    assert "is not the folder of a sweep" in refused(f"{tmp_path}:none")


def test_runs_that_are_not_done_are_named_and_left_out(tmp_path: Path) -> None:
    states = {
        0: {},
        1: {"status": "failed"},
        2: None,
        3: {"status": "diverged"},
        4: {"status": "interrupted"},
    }
    sweep = build_sweep(
        tmp_path, ARMS, seeds=range(5), curves=lambda arm, _, seed: states[seed] if arm == "none" else {}
    )
    from regx.compare.compare import compare

    found = groups(f"{sweep}:none", f"{sweep}:dropout")
    assert found[0].seeds == (0, 3)  # diverged is a result
    said = " ".join(notes(compare(found)))
    assert "3 of 5 runs of none are not done (failed: seed 1; not there: seed 2; interrupted: seed 4)" in (
        said.replace(", not", "; not").replace(", interrupted", "; interrupted")
    )
    assert "`regx sweep --retry-failed` continues all of them" in said


def test_an_arm_without_a_finished_run_is_refused(tmp_path: Path) -> None:
    sweep = build_sweep(tmp_path, ARMS, seeds=range(2), curves=lambda arm, *_: None if arm == "norm" else {})
    assert f"{sweep}:norm: none of its 2 runs is done (2 not there); `regx sweep` continues" in refused(sweep)
    assert len(groups(f"{sweep}:none", f"{sweep}:dropout")) == 2


def test_what_failed_is_not_promised_to_go_on_by_itself(tmp_path: Path) -> None:
    sweep = build_sweep(tmp_path, ARMS, seeds=range(2), curves=lambda *_: {"status": "failed"})
    assert "(6 failed); `regx sweep --retry-failed` tries again" in refused(sweep)


def test_a_sweep_without_a_finished_run_is_refused(tmp_path: Path) -> None:
    sweep = build_sweep(tmp_path, ARMS, seeds=range(2), curves=lambda *_: None)
    assert f"{sweep}: none of its 6 runs is done (6 not there)" in refused(sweep)


def test_a_sweep_that_is_still_tuning_is_refused(sweep: Path) -> None:
    record = SweepRecord.read(SweepFolder(sweep).record)
    record.model_copy(update={"runs": ()}).write(SweepFolder(sweep).record)
    assert "is still tuning" in refused(sweep)


@pytest.mark.parametrize("content", ["{", "{}", '{"format": 1}'])
def test_a_damaged_sweep_is_one_line(sweep: Path, content: str) -> None:
    SweepFolder(sweep).record.write_text(content)
    assert "sweep.json: " in refused(sweep)


def test_only_the_runs_of_the_chosen_arms_are_read(sweep: Path) -> None:
    for run in SweepRecord.read(SweepFolder(sweep).record).runs:
        if run.arm == "norm":
            for path in (sweep.parent / run.folder).iterdir():
                path.write_text("{ damaged")
    assert len(groups(f"{sweep}:none", f"{sweep}:dropout")) == 2


@pytest.mark.parametrize("patterns", [("a/*", "b/*"), ("a", "b")])
def test_one_config_under_other_seeds_is_two_groups_named_after_the_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patterns: tuple[str, str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in range(3):
        build_run(Path("a"), seed=seed)
        build_run(Path("b"), seed=10 + seed)
    found = groups(*patterns)
    assert [(group.label, group.seeds) for group in found] == [
        (patterns[0], (0, 1, 2)),
        (patterns[1], (10, 11, 12)),
    ]
    written_out = groups(*sorted(Path("a").iterdir()), *sorted(Path("b").iterdir()))  # as by the shell
    assert [(group.label, len(group.runs)) for group in written_out] == [("a", 3), ("b", 3)]


def test_arms_of_two_sweeps_are_told_apart(tmp_path: Path) -> None:
    sweeps = [
        build_sweep(tmp_path, {"none": {}}, name=name, seeds=seeds)
        for name, seeds in (("one", (0, 1)), ("two", (10, 11)))
    ]
    assert [group.label for group in groups(*sweeps)] == ["one:none", "two:none"]


def test_a_run_is_not_set_against_itself(sweep: Path) -> None:
    assert "hold the same run" in refused(f"{sweep}:none", sweep.parent / "toggles-s*")
    assert "hold the same run" in refused(sweep, f"{sweep}:none")
    assert "is given twice" in refused(f"{sweep}:none", f"{sweep}:none")
    assert "is given twice" in refused(sweep, sweep)


def test_arms_of_one_sweep_that_share_their_runs_are_noted(tmp_path: Path) -> None:
    from regx.compare.compare import compare

    sweep = build_sweep(tmp_path, {"none": {}, "again": {}}, seeds=range(2))
    comparison = compare(groups(sweep))
    assert "again and none are the same runs: their configs are equal." in notes(comparison)
    assert comparison.row("test_error").inferences[1].remark == "identical"


def test_a_damaged_run_of_an_arm_is_named(sweep: Path) -> None:
    record = SweepRecord.read(SweepFolder(sweep).record)
    folder = sweep.parent / record.runs[0].folder
    text = (folder / "run.json").read_text()
    (folder / "run.json").write_text(text.replace('"num_train": 300', '"num_train": 301'))
    said = notes(compare(groups(sweep)))
    assert f"{folder}/run.json: is damaged: its content does not have its checksum." in said
    assert any("(damaged: seed 0)" in note and "--retry-failed" in note for note in said)


def test_the_record_of_another_sweep_is_refused(sweep: Path) -> None:
    record = SweepRecord.read(SweepFolder(sweep).record)
    record.model_copy(update={"name": "other"}).write(SweepFolder(sweep).record)
    assert "sweep.json: is of the sweep other; `regx sweep` of the right one writes it again" in refused(
        sweep
    )
