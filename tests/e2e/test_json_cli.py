"""`--json`: one document on stdout and nothing else there, of findings and of errors."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from run_builder import build_run, remove_checksums
from width_experiment import ARMS, BASE

from regx.cli import app
from regx.cli.output import print_json
from regx.config.errors import Place, Problem

Cli = Callable[..., Any]
CLAIMS = """claims:
  - {id: X01, says: It does., source: x, family: own, measure: train_loss, contrast: none - wide,
     smallest_effect: 1}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "width.yaml").write_text(ARMS + CLAIMS)
    return tmp_path


def commands_with_json() -> Iterator[str]:
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", None)
        for words, one in (
            {f"{name} {sub}": below[sub] for sub in below}.items() if below else [(name, command)]
        ):
            if any("--json" in parameter.opts for parameter in one.params):
                yield words


def test_what_lists_checks_or_plans_has_it() -> None:
    assert set(commands_with_json()) == {
        "train",
        "compare",
        "sweep",
        "reproduce",
        "claims",
        "runs",
        "verify",
        "validate",
        "data list",
        "data check",
    }


def test_problems_of_configs_come_one_by_one(cli: Cli, folder: Path) -> None:
    (folder / "bad.yaml").write_text(BASE.replace("lr: 0.2", "lr: -1").replace("device: cpu", "devise: cpu"))
    result = cli("validate", "base.yaml", "bad.yaml", "none.yaml", "--json")
    assert (result.code, result.err) == (2, "")
    document = json.loads(result.out)
    assert [(file["file"], file["ok"]) for file in document["files"]] == [
        ("base.yaml", True),
        ("bad.yaml", False),
        ("none.yaml", False),
    ]
    assert document["files"][0]["summary"].startswith("mlp, ")
    rate, key, absent = document["problems"]
    assert rate == {
        "file": "bad.yaml",
        "line": 6,
        "column": 13,
        "path": "optim.lr",
        "message": "must be > 0 (got -1)",
        "hint": None,
    }
    assert (key["line"], key["path"], key["hint"]) == (8, "devise", "did you mean 'device'?")
    said = "name a YAML file that is there, e.g. experiments/width.yaml"
    assert absent == {
        **dict.fromkeys(rate),
        "file": "none.yaml",
        "message": f"no such file ({said})",
        "hint": said,
    }


def test_all_is_well(cli: Cli, folder: Path) -> None:
    result = cli("validate", "base.yaml", "experiments", "--json")
    assert (result.code, result.err) == (0, "")
    document = json.loads(result.out)
    assert [file["kind"] for file in document["files"]] == ["run", "experiment"]
    assert document["problems"] == []


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("unknown key (did you mean 'drop_prob'?)", "did you mean 'drop_prob'?"),
        ("must be one of a, b (got 'c'; did you mean 'a'?)", "did you mean 'a'?"),
        ("unknown key; write `epochs`", "write `epochs`"),
        ("unknown key here; it belongs under train", "it belongs under train"),
        ("must be a number: write 0.1 (got '0,1')", "write 0.1"),
        ("must be > 0; omit it to switch it off (got -1)", "omit it to switch it off"),
        ("unknown key (known here: lr, momentum)", "known here: lr, momentum"),
        ("no such file (`regx init` copies configs/a.yaml)", "`regx init` copies configs/a.yaml"),
        ("must be > 0 (got -1)", ""),
        ("is empty", ""),
    ],
)
def test_the_hint_is_the_part_that_says_what_to_write(message: str, hint: str) -> None:
    assert Problem(Place(0, "a.yaml"), "", message).hint == hint


def test_a_run_is_trained_listed_and_verified(cli: Cli, folder: Path) -> None:
    trained = cli("train", "base.yaml", "--json")
    assert trained.code == 0, trained.err
    record = json.loads(trained.out)
    assert (record["status"], record["name"]) == ("done", "small")
    assert json.loads(cli("train", "base.yaml", "--json").out) == record  # not trained again
    assert [run["path"] for run in json.loads(cli("runs", "--json").out)] == [record["run"]]
    verified = cli("verify", record["run"], "--json")
    found = json.loads(verified.out)
    assert (verified.code, found["run"], found["verdict"]) == (0, record["run"], "identical")
    remove_checksums(Path(record["run"]))
    rows = Path(record["run"], "metrics.csv")
    head, first, *others = rows.read_text().splitlines()
    cells = dict(zip(head.split(","), first.split(","), strict=True)) | {"train_loss": "0.123"}
    rows.write_text("\n".join([head, ",".join(cells.values()), *others]) + "\n")
    again = cli("verify", record["run"], "--json")
    found = json.loads(again.out)
    assert (again.code, found["verdict"]) == (1, "different")
    assert "epoch 1, train_loss: 0.123 -> " in found["first_difference"]


def test_a_sweep_is_planned_and_trained(cli: Cli, folder: Path) -> None:
    planned = cli("sweep", "experiments/width.yaml", "--dry-run", "--json", "--jobs", 1)
    assert (planned.code, planned.err) == (0, "")
    plan = json.loads(planned.out)
    assert plan["runs"] == {"compare": 10, "tuning": 0, "done": 0, "left": 10, "failed": 0}
    assert plan["arms"]["wide"] == {"model.hidden_sizes": [64]}
    assert plan["estimate"]["seconds"] > 0
    assert plan["estimate"]["workers"] == 1
    assert not (folder / "runs").exists()
    swept = cli("sweep", "experiments/width.yaml", "--json", "--jobs", 1, "--quiet")
    ending = json.loads(swept.out)
    assert (swept.code, ending["sweep"], ending["trained"], ending["complete"]) == (0, "runs/width", 10, True)
    plan = json.loads(cli("sweep", "experiments/width.yaml", "--dry-run", "--json").out)
    assert (plan["runs"]["done"], plan["estimate"]) == (10, None)


def test_a_reproduction_is_planned(cli: Cli, folder: Path) -> None:
    words = ["reproduce", "--experiments", "experiments", "--dry-run", "--json", "--jobs", 1]
    result = cli(*words, "x01", "M02")
    assert (result.code, result.err) == (0, "")
    plan = json.loads(result.out)
    assert plan["mechanical"] == ["M02"]
    [experiment] = plan["experiments"]
    assert (experiment["claims"], experiment["runs"]["left"]) == (["X01"], 10)
    assert plan["left"] == 10
    alone = json.loads(cli(*words, "M02").out)
    assert alone == {"mechanical": ["M02"], "experiments": []}


def test_data_sets_are_checked(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGX_DATA", str(folder / "cache"))
    result = cli("data", "check", "digits", "mnist", "--json")
    assert (result.code, result.err) == (2, "")
    digits, mnist = json.loads(result.out)
    assert (digits["ok"], digits["problem"], len(digits["sha256"])) == (True, None, 64)
    assert (mnist["ok"], mnist["sha256"]) == (False, None)
    assert "`regx data fetch mnist`" in mnist["problem"]


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "foo"],
        ["runs", "foo"],
        ["claims", "C99"],
        ["compare", "foo"],
        ["sweep", "base.yaml"],
        ["reproduce", "C99"],
        ["validate", "runs/none", "--no-such-option"],
        ["data", "list", "too", "many"],
    ],
    ids=" ".join,
)
def test_an_error_is_a_document_too(cli: Cli, folder: Path, words: list[str]) -> None:
    result = cli(*words, "--json")
    document = json.loads(result.out)
    assert document["exit_code"] == result.code == 2
    assert result.err == f"{document['error']}\n"
    assert document["problems"] == []


def test_an_error_in_a_config_has_its_problems(cli: Cli, folder: Path) -> None:
    document = json.loads(cli("train", "base.yaml", "--set", "optim.lr=-1", "--json").out)
    assert document["problems"] == [
        {
            "file": "--set optim.lr=-1",
            "line": None,
            "column": None,
            "path": "optim.lr",
            "message": "must be > 0 (got -1)",
            "hint": None,
        }
    ]


def test_compare_gives_one_document(cli: Cli, tmp_path: Path) -> None:
    runs = [build_run(tmp_path / "runs"), build_run(tmp_path / "runs", name="fast", optim={"lr": 0.2})]
    assert len(json.loads(cli("compare", *runs, "--json").out)["groups"]) == 2


def test_what_is_no_number_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [float("nan"), float("inf"), 1.5], "b": ("–",)})
    assert json.loads(capsys.readouterr().out) == {"a": [None, None, 1.5], "b": ["–"]}
