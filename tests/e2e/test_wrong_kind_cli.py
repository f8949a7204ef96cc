"""Every command with the wrong kind of thing: one line that says what stands there and what to do with it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from run_builder import build_run
from sweep_builder import build_sweep

from regx.config.ready_made import near_file

Cli = Callable[..., Any]
RUN = "name: a\ndata: {name: digits}\nmodel: {family: cnn}\noptim: {lr: 0.1}\n"
EXPERIMENT = "name: e\nquestion: Does it?\nbase: a.yaml\narms: {plain: {}, bn: {model.batch_norm: true}}\n"


@pytest.fixture
def here(cli: Cli, tmp_path: Path) -> Path:
    """Build one of each kind: config, experiment, run, sweep, empty folder, some other file."""
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "a.yaml").write_text(RUN)
    (tmp_path / "configs" / "e.yaml").write_text(EXPERIMENT)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("Buy milk.")
    build_run(tmp_path / "runs", name="one").rename(tmp_path / "runs" / "one-s0-01234567")
    build_sweep(tmp_path / "runs", {"none": {}, "norm": {"model.batch_norm": True}}, seeds=range(1))
    return tmp_path


RUN_FOLDER, SWEEP = "runs/one-s0-01234567", "runs/toggles"
IS_CONFIG = "configs/a.yaml: is the config of a run; `regx train configs/a.yaml` trains it"
IS_EXPERIMENT = "configs/e.yaml: is an experiment; `regx sweep configs/e.yaml` trains its runs"
IS_SWEEP = (
    f"{SWEEP}: is the folder of a sweep; `regx runs {SWEEP}` lists its runs, `regx compare {SWEEP}` its"
)
IS_RUN = f"{RUN_FOLDER}: is the folder of a run; its config is {RUN_FOLDER}/config.yaml, `regx verify "
IS_FILE_OF_RUN = f"{RUN_FOLDER}/run.json: is a file of the run {RUN_FOLDER}; give that folder"
IS_RUNS = "runs: is a folder of runs; `regx runs runs` lists them"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        # a run is wanted
        (["verify", "foo"], "foo: no such folder; `regx runs` lists the runs that are here"),
        (["verify", "one"], f"one: no such folder (did you mean '{RUN_FOLDER}'?)"),
        (
            ["verify", "runs/one-s0-01234568"],
            f"runs/one-s0-01234568: no such folder (did you mean '{RUN_FOLDER}'?)",
        ),
        (["verify", "configs/a.yaml"], IS_CONFIG),
        (["verify", "configs/e.yaml"], IS_EXPERIMENT),
        (["verify", SWEEP], IS_SWEEP),
        (
            ["verify", f"{SWEEP}:none"],
            f"{SWEEP}:none: is the arm of a sweep; `regx runs {SWEEP}` lists its runs",
        ),
        (["verify", "runs"], IS_RUNS),
        (["verify", "empty"], "empty: is a folder without runs or YAML files"),
        (["verify", "configs"], "configs: is a folder of YAML files; name one of them, e.g. configs/a.yaml"),
        (["verify", f"{RUN_FOLDER}/run.json"], IS_FILE_OF_RUN),
        (["verify", "notes.txt"], "notes.txt: is a file; give the folder of a run"),
        # runs are wanted
        (
            ["compare", "runs/two-*"],
            "runs/two-*: no run matches this pattern; `regx runs runs` lists what is there",
        ),
        (
            ["compare", "two-*"],
            "two-*: no run matches this pattern; `regx runs .` lists",
        ),
        (["compare", "toggles"], f"toggles: no such folder (did you mean '{SWEEP}'?)"),
        (["compare", "empty"], "empty: holds no run"),
        (["compare", "configs/a.yaml"], IS_CONFIG),
        (["compare", "configs/e.yaml"], IS_EXPERIMENT),
        (["compare", f"{RUN_FOLDER}/run.json"], IS_FILE_OF_RUN),
        (
            ["compare", f"{SWEEP}:norn"],
            f"{SWEEP}:norn: no arm 'norn' (arms: none, norm); did you mean 'norm'?",
        ),
        (["runs", "configs/a.yaml"], IS_CONFIG),
        (["runs", "foo"], "foo: no such folder; `regx runs` lists the runs that are here"),
        (
            ["runs", f"{SWEEP}/sweep.json"],
            f"{SWEEP}/sweep.json: is a file of the sweep {SWEEP}; give that folder",
        ),
        # a config is wanted, or an experiment
        (["train", "a"], "a: no such file (did you mean 'configs/a.yaml'?)"),
        (["sweep", "e"], "e: no such file (did you mean 'configs/e.yaml'?)"),
        (["validate", "e"], "e: no such file (did you mean 'configs/e.yaml'?)"),
        (["train", "mnist_cnn"], "mnist_cnn: no such file (`regx init` copies configs/mnist_cnn.yaml)"),
        (["sweep", "dropout_overfitting"], "(`regx init` copies experiments/dropout_overfitting.yaml)"),
        (["validate", "digits_toggles.yaml"], "(`regx init` copies experiments/digits_toggles.yaml)"),
        (["train", "xyz"], "xyz: no such file (name a YAML file that is there, e.g. configs/a.yaml)"),
        (["train", "C01"], "C01: no such file (a claim is run by `regx reproduce`)"),
        (
            ["train", "configs/e.yaml"],
            "configs/e.yaml: is an experiment, not the config of a run: regx sweep",
        ),
        (["sweep", "configs/a.yaml"], IS_CONFIG),
        *(([command, RUN_FOLDER], IS_RUN) for command in ("train", "sweep")),
        *(([command, SWEEP], IS_SWEEP) for command in ("train", "sweep")),
        *(([command, "runs"], IS_RUNS) for command in ("train", "sweep")),
        *(([command, "empty"], "empty: is a folder without runs") for command in ("train", "sweep")),
        *(
            ([command, f"{RUN_FOLDER}/run.json"], IS_FILE_OF_RUN)
            for command in ("train", "sweep", "validate")
        ),
        (["sweep", "notes.txt"], "notes.txt:1:1: must be a mapping of keys to values"),
        (["validate", "empty"], "empty: no YAML files in this folder"),
        # a claim is wanted
        (["claims", "C1"], "C1: no such claim; did you mean 'C01'?"),
        (["claims", "c001"], "c001: no such claim; did you mean 'C01'?"),
        (["reproduce", "CO1"], "CO1: no such claim; did you mean 'C01'?"),
        (["reproduce", "C99"], "C99: no such claim; `regx claims` lists them"),
        (
            ["claims", "dropout_overfitting"],
            "dropout_overfitting: is an experiment, not a claim; its claims: C01",
        ),
        (
            ["reproduce", "configs/a.yaml"],
            "configs/a.yaml: no such claim; it is the config of a run; `regx train",
        ),
        (["reproduce", SWEEP], f"{SWEEP}: no such claim; it is the folder of a sweep; "),
        (["claims", "--experiments", "foo"], "--experiments foo: no such folder"),
        (["claims", "--experiments", "notes.txt"], "--experiments notes.txt: is a file, not a folder of"),
        (["claims", "--results", "notes.txt"], "--results notes.txt: is a file, not a folder of results"),
        (["reproduce", "M01", "--results", "notes.txt"], "--results notes.txt: is a file, not a folder of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_one_line_says_what_it_is_and_what_to_do(
    cli: Cli, here: Path, words: list[str], message: str
) -> None:
    before = set(here.rglob("*"))
    result = cli(*words)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert result.err.count("\n") == 1
    assert set(here.rglob("*")) == before


def test_where_there_are_no_runs_it_says_what_makes_one(cli: Cli) -> None:
    for command in ("verify", "compare"):
        assert cli(command, "foo").err == "foo: no such folder; `regx train` makes one of a config\n"
    assert cli("compare", "foo-*").err == "foo-*: no run matches this pattern; `regx train` makes a run\n"
    assert cli("train", "foo").err == "foo: no such file (`regx init` copies the ready-made configs)\n"


def test_an_experiment_by_its_path_is_no_claim_either(cli: Cli, tmp_path: Path) -> None:
    cli("init")
    result = cli("reproduce", "experiments/dropout_overfitting.yaml")
    assert result.code == 2
    assert (
        result.err
        == "experiments/dropout_overfitting.yaml: is an experiment, not a claim; its claims: C01, C05\n"
    )


def test_ids_may_be_written_in_small_letters(cli: Cli) -> None:
    assert cli("claims", "c01").out == cli("claims", "C01").out
    result = cli("reproduce", "m02", "Mechanical", "--dry-run")
    assert result.out.startswith("exact checks: M01, M02, ")


def test_files_are_named_where_few_enough_begin_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("net_a", "net_b", "net_c", "cnn_large"):
        Path(f"{name}.yaml").touch()
    assert near_file(Path("net")) == " (did you mean 'net_a.yaml' or 'net_b.yaml' or 'net_c.yaml'?)"
    assert near_file(Path("cnn_lage.yaml")) == " (did you mean 'cnn_large.yaml'?)"
    Path("net_d.yaml").touch()
    assert "net" not in near_file(Path("net.yaml"))
    assert near_file(Path("x" * 300)).startswith(" (`regx init`")


@pytest.mark.skipif(os.name != "posix", reason="a path that no system has")
def test_a_word_that_is_no_path_is_refused_like_others(cli: Cli) -> None:
    for command in ("train", "sweep", "validate", "verify", "compare", "runs", "claims", "reproduce"):
        result = cli(command, "x" * 300)
        assert result.code == 2, command
        assert result.err.count("\n") == 1
