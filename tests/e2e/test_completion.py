"""Completion, asked as shells ask: by words in the environment, and by TAB in a real bash."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shellingham
from run_builder import build_run
from sweep_builder import build_sweep
from terminal import on_terminal

Ask = Callable[..., list[str]]
RUN = "name: a\ndata: {name: digits}\nmodel: {family: cnn}\noptim: {lr: 0.1}\n"
EXPERIMENT = "name: e\nquestion: Does it?\nbase: a.yaml\narms: {plain: {}, bn: {model.batch_norm: true}}\n"


@pytest.fixture
def ask(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Ask as bash does; each word is one of COMP_WORDS, and the cursor stands in the last."""

    def complete(*words: str) -> list[str]:
        monkeypatch.setenv("_REGX_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", "\n".join(["regx", *words]))
        monkeypatch.setenv("COMP_CWORD", str(len(words)))
        result = cli()
        assert (result.code, result.err) == (0, "")
        return str(result.out).splitlines()

    return complete


def test_commands_and_options(ask: Ask) -> None:
    assert ask("va") == ["validate"]
    assert "--recompute" in ask("claims", "--re")
    assert ask("data", "f") == ["fetch"]


def test_ids_of_claims(ask: Ask) -> None:
    assert ask("claims", "C0") == [f"C0{number}" for number in range(1, 10)]
    assert ask("claims", "m1") == ["m10", "m11", "m12", "m13"]
    assert ask("reproduce", "C01", "me") == ["mechanical"]


def test_ids_of_claims_of_ones_own(ask: Ask, tmp_path: Path) -> None:
    claim = (
        "claims: [{id: W1, says: It does., source: x, family: own, measure: loss_gap,"
        " contrast: bn - plain, smallest_effect: 1}]\n"
    )
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "e.yaml").write_text(EXPERIMENT + claim)
    assert ask("claims", "--experiments", "mine", "W") == ["W1"]


def test_settings_and_their_values(ask: Ask) -> None:
    keys = ask("train", "a.yaml", "--set", "optim.l")
    assert keys[0] == "optim.lr="
    assert "optim.lr_decay.kind=" in keys
    assert len(keys) == len(set(keys))
    assert "model=" not in ask("train", "a.yaml", "--set", "")  # a section, no setting
    assert ask("train", "a.yaml", "--set", "train.precision=") == [
        "train.precision=fp32",
        "train.precision=bf16",
    ]
    assert ask("train", "a.yaml", "--set", "optim.nesterov=t") == ["optim.nesterov=true"]
    assert "probes=[weight_norms]" in ask("train", "a.yaml", "--set", "probes=")
    assert ask("train", "a.yaml", "--set", "optim.lr=") == []


def test_bash_takes_words_apart_at_breaks_and_wants_only_what_follows(ask: Ask, tmp_path: Path) -> None:
    build_sweep(tmp_path / "runs", {"none": {}, "norm": {"model.batch_norm": True}}, seeds=range(1))
    assert ask("train", "a.yaml", "--set", "train.precision", "=") == ["fp32", "bf16"]
    assert ask("train", "a.yaml", "--set", "train.precision", "=", "b") == ["bf16"]
    assert ask("train", "a.yaml", "--set", "=", "train.precision", "=", "b") == ["bf16"]
    assert ask("sweep", "e.yaml", "--tier", "=", "s") == ["smoke"]
    assert ask("compare", "runs/toggles", ":") == ["none", "norm"]
    assert ask("compare", "runs/toggles", ":", "none", "runs/toggles", ":", "no") == ["none", "norm"]
    assert ask("train", "--set", "a", "=", "--seed", "1", "--dev") == ["--device"]


def test_arms_of_sweeps_and_runs_that_no_sweep_holds(ask: Ask, tmp_path: Path) -> None:
    sweep = build_sweep(tmp_path / "runs", {"none": {}, "norm": {"model.batch_norm": True}}, seeds=range(1))
    folders = sorted(path.name for path in sweep.parent.iterdir() if path.name.startswith("toggles-"))
    alone = build_run(tmp_path / "runs", name="alone").relative_to(tmp_path)
    offered = ask("compare", "runs/")
    assert offered[:3] == ["runs/toggles", "runs/toggles:none", "runs/toggles:norm"]
    assert str(alone) in offered
    assert ask("compare", "runs/toggles:norm") == ["runs/toggles:norm"]
    assert ask("verify", "runs/al") == [str(alone)]
    assert folders, "the sweep's runs lie beside it"


def test_files_by_kind(ask: Ask, tmp_path: Path) -> None:
    for name in ("configs/a.yaml", "configs/e.yaml", "b.yml", ".hidden.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(EXPERIMENT if path.stem == "e" else RUN)
    assert ask("train", "") == ["b.yml", "configs/a.yaml"]
    assert ask("sweep", "con") == ["configs/e.yaml"]
    assert ask("validate", "configs/") == ["configs/a.yaml", "configs/e.yaml"]
    assert ask("train", "./configs/") == ["./configs/a.yaml"]


def test_data_sets_and_devices(ask: Ask) -> None:
    assert ask("data", "fetch", "mnist", "fa") == ["fashion_mnist"]
    assert ask("data", "check", "d") == ["digits"]
    assert ask("train", "a.yaml", "--device", "c") == ["cpu", "cuda"]


def test_what_cannot_be_read_is_not_told_in_the_middle_of_a_line(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "bad.yaml").write_text("claims: [")
    assert ask("claims", "C") == []
    (tmp_path / "runs" / "bad").mkdir(parents=True)
    (tmp_path / "runs" / "bad" / "sweep.json").write_text("{")
    assert ask("compare", "runs/") == []
    assert ask("train", "nowhere/") == []


def test_named_pipes_are_not_offered(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "runs" / "bad").mkdir(parents=True)
    (tmp_path / "a.yaml").write_text(RUN)
    for name in ("runs/bad/sweep.json", "b.yaml"):
        os.mkfifo(tmp_path / name)
    assert ask("train", "") == ["a.yaml"]
    assert ask("compare", "runs/") == []


def test_nothing_is_offered_that_steers_a_terminal(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sweep = build_sweep(tmp_path / "runs", {"none": {}, "norm": {"model.batch_norm": True}}, seeds=range(1))
    record = json.loads((sweep / "sweep.json").read_text()) | {"question": "a\u202eb\x1b[31m"}
    (sweep / "sweep.json").write_text(json.dumps(record))
    (tmp_path / "runs" / "c\u202ed").mkdir()
    (tmp_path / "runs" / "c\u202ed" / "run.json").touch()
    monkeypatch.setenv("_REGX_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "regx compare runs/")
    shown = cli().out
    assert "toggles" in shown
    assert "\u202e" not in shown
    assert "\x1b" not in shown


def test_zsh_is_told_what_the_words_mean(cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_REGX_COMPLETE", "complete_zsh")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "regx claims C01")
    assert '"C01":"Dropout reduces overfitting."' in cli().out


def test_where_the_shell_cannot_be_told_it_is_named(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise shellingham.ShellDetectionFailure

    monkeypatch.setattr(shellingham, "detect_shell", fail)
    for option in ("--show-completion", "--install-completion"):
        result = cli(option)
        assert result.code == 2
        assert "`_REGX_COMPLETE=source_bash regx` (or zsh, fish) prints its script" in result.err
    monkeypatch.setenv("_REGX_COMPLETE", "source_bash")
    assert "complete -o default -F _regx_completion regx" in cli().out


def test_it_is_installed_with_a_line_in_the_start_up_file(
    cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shellingham, "detect_shell", lambda: ("bash", "/bin/bash"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cli("--install-completion").code == 0
    script = tmp_path / ".bash_completions" / "regx.sh"
    assert str(script) in (tmp_path / ".bashrc").read_text()
    assert "compopt -o nospace" in script.read_text()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_tab_in_a_real_bash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script that --show-completion prints, in an interactive shell, with keys pressed."""
    program = tmp_path / "bin" / "regx"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m regx "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    build_sweep(tmp_path / "runs", {"none": {}, "wide": {"model.batch_norm": True}}, seeds=range(1))
    bash = ["bash", "--norc", "--noprofile", "-i"]
    with on_terminal(bash, tmp_path, {"TERM": "dumb", "PS1": ""}) as terminal:
        terminal.press('eval "$(regx --show-completion)"; echo rea""dy\n')
        terminal.read_until("ready")
        terminal.press("regx train a --set optim.nest\ttr\t")
        terminal.read_until("--set optim.nesterov=true ")
        terminal.press("\x15regx compare runs/toggles:w\t")
        terminal.read_until("runs/toggles:wide ")
