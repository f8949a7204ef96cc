"""`status=failed`, `optim.lr<0.1`, `-seconds`: what a condition means, and which are refused."""

from pathlib import Path
from typing import Any

import pytest
from run_builder import build_run

from regx.config.errors import UsageError
from regx.runs.query import Condition, Order, select

ON = {"affine": True, "eps": 1e-5}


@pytest.mark.parametrize(
    ("condition", "found", "holds"),
    [
        ("optim.lr=0.1", 0.1, True),
        ("optim.lr=1e-1", 0.1, True),
        ("optim.lr==0.1", 0.1, True),
        ("optim.lr = 0.1", 0.1, True),
        ("optim.lr=0.1", 0.2, False),
        ("optim.lr!=0.1", 0.2, True),
        ("optim.lr<0.1", 0.1, False),
        ("optim.lr<=0.1", 0.1, True),
        ("optim.lr>0.1", 0.2, True),
        ("optim.lr>=0.3", 0.2, False),
        ("test_error<3%", 0.029, True),
        ("test_error<3%", 0.031, False),
        ("test_error<0.5", None, False),
        ("test_error=none", None, True),
        ("test_error!=none", 0.2, True),
        ("seed=3", 3, True),
        ("name=3", "3", True),
        ("status=failed", "failed", True),
        ("status!=done", "done", False),
        ("model.batch_norm=true", ON, True),
        ("model.batch_norm=true", False, False),
        ("model.batch_norm=false", False, True),
        ("model.batch_norm=none", False, True),
        ("model.batch_norm=false", ON, False),
        ("optim.nesterov=true", True, True),
        ("optim.nesterov=1", True, False),
        ("train.threads=true", 1, False),
        ("optim.max_norm=none", None, True),
        ("optim.max_norm=none", 3.0, False),
        ("optim.lr_decay=cosine", {"kind": "cosine", "end_factor": 0.0}, True),
        ("optim.lr_decay=none", {"kind": "none"}, True),
        ("optim.momentum={start: 0.5}", {"start": 0.5, "end": 0.9, "steps": 10}, True),
        ("model.hidden_sizes=[16]", [16], True),
        ("model.hidden_sizes=[16, 8]", [16], False),
    ],
)
def test_what_a_condition_means(condition: str, found: Any, holds: bool) -> None:
    assert Condition.parse(condition).holds(found) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("status", "--where status: write KEY=VALUE, e.g. status=failed or 'optim.lr<0.1'"),
        ("=3", "--where =3: write KEY=VALUE, e.g. status=failed or 'optim.lr<0.1'"),
        ("lr=0.1", "--where lr=0.1: unknown key 'lr'; did you mean optim.lr?"),
        ("learning_rate=1", "--where learning_rate=1: unknown key 'learning_rate'; did you mean optim.lr?"),
        ("optim.lrr=1", "--where optim.lrr=1: unknown key 'optim.lrr'; did you mean optim.lr?"),
        ("statsu=done", "--where statsu=done: unknown key 'statsu'; did you mean status?"),
        ("optim.lr<fast", "--where optim.lr<fast: < needs a number"),
        ("seed>true", "--where seed>true: > needs a number"),
    ],
)
def test_a_wrong_condition_is_one_line(text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        Condition.parse(text)
    assert str(error.value) == message


def test_a_value_that_is_not_yaml() -> None:
    with pytest.raises(UsageError, match=r"^--where name=\[: is not valid YAML"):
        Condition.parse("name=[")


def test_a_key_with_nothing_near_names_what_there_is() -> None:
    with pytest.raises(UsageError, match=r"unknown key 'zebra'; known are status, name, .* as optim\.lr$"):
        Order.parse("-zebra")


def test_settings_come_from_the_configs_and_damaged_runs_meet_nothing(tmp_path: Path) -> None:
    paths = [build_run(tmp_path, optim={"lr": lr}, model=model) for lr, model in
             ((0.3, {"batch_norm": True}), (0.1, {}), (0.2, {}))]  # fmt: skip
    rows = [{"path": str(path), "status": "done", "test_error": 0.1} for path in paths]
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.yaml").write_text("[" * 5000)
    rows.append({"path": str(broken), "status": "damaged"})

    def chosen(*conditions: str, order: str = "path") -> list[str]:
        found = select(rows, [Condition.parse(text) for text in conditions], Order.parse(order))
        return [row["path"] for row in found]

    assert chosen("optim.lr>=0.2", order="optim.lr") == [str(paths[2]), str(paths[0])]
    assert chosen("optim.lr!=0.2", order="-optim.lr") == [str(paths[0]), str(paths[1])]
    assert chosen("model.batch_norm=true") == [str(paths[0])]
    assert chosen("status!=done") == [str(broken)]
    assert chosen("optim.lr_decay.factor=0.5") == []
    assert chosen(order="-optim.lr") == [*map(str, (paths[0], paths[2], paths[1])), str(broken)]
    assert chosen(order="optim.lr")[-1] == str(broken)


def test_a_setting_that_is_younger_than_the_run_has_its_default(tmp_path: Path) -> None:
    path = build_run(tmp_path)
    config = path / "config.yaml"
    text = config.read_text()
    config.write_text(text.replace("  freeze_layers: 0\n", ""))
    assert config.read_text() != text
    rows = [{"path": str(path), "status": "done"}]
    assert len(select(rows, [Condition.parse("optim.freeze_layers=0")])) == 1
    assert select(rows, [Condition.parse("optim.freeze_layers=1")]) == []
