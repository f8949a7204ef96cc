"""`regx reproduce` without a claim asks before hours of training begin, or wants --all where nobody can."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from terminal import on_terminal
from width_experiment import ARMS, BASE, CLAIM

ROOT = Path(__file__).parents[2]
EXPERIMENT = f"""{ARMS}tiers:
  smoke: {{seeds: 2, set: {{train.epochs: 1}}}}
{CLAIM}"""
WORDS = ["reproduce", "--experiments", "experiments", "--tier", "smoke", "--jobs", "1"]
HINT = "no claim is named, and all of them take hours: `regx reproduce --all` starts them, "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "width.yaml").write_text(EXPERIMENT)
    return tmp_path


def files_in(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize(("keys", "code"), [("n\n", 0), pytest.param("\x03", 130, marks=pytest.mark.slow)])
def test_on_a_terminal_it_shows_the_plan_and_asks(folder: Path, keys: str, code: int) -> None:
    before = files_in(folder)
    with on_terminal([sys.executable, "-m", "regx", *WORDS], folder, {"PYTHONPATH": str(ROOT)}) as terminal:
        terminal.read_until("Train all of this? [y/N]:")
        assert "exact checks: M01, M02, " in terminal.shown
        assert "width (smoke): X01; 0 runs done, 4 left" in terminal.shown
        assert "about " in terminal.shown
        terminal.press(keys)
        assert terminal.end() == code
    assert ("nothing was started." in terminal.shown) == (code == 0)
    assert files_in(folder) == before


@pytest.mark.usefixtures("folder")
class TestWhatStarts:
    @pytest.fixture
    def reproduce(self, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
        """Without the sanity gates and exact checks, which take seconds and are tried elsewhere."""
        monkeypatch.setattr("regx.claims.gates.quick.GATES", ())
        monkeypatch.setattr("regx.claims.registry.all_mechanical", tuple)
        return cli

    def test_y_trains_all(self, reproduce: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
        keyboard, program_side = os.openpty()
        os.write(keyboard, b"y\n")
        with os.fdopen(program_side) as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
            result = reproduce(*WORDS, "--quiet")
        os.close(keyboard)
        assert result.code == 0, result.err
        assert "Train all of this?" in result.err
        assert result.out.splitlines()[-1].endswith("1 claim: 1 smoke")

    def test_all_starts_at_once(self, reproduce: Callable[..., Any]) -> None:
        result = reproduce(*WORDS, "--all")
        assert result.code == 0, result.err
        assert "Train all of this?" not in result.err
        assert result.out.splitlines()[-1] == "1 claim: 1 smoke"


def test_where_nobody_can_answer_it_wants_all(folder: Path) -> None:
    before = files_in(folder)
    command = [sys.executable, "-m", "regx", *WORDS]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(HINT)
    assert done.stderr.count("\n") == 1
    assert files_in(folder) == before


def test_all_and_a_claim_exclude_each_other(cli: Callable[..., Any], folder: Path) -> None:
    result = cli(*WORDS, "--all", "X01")
    assert (result.code, result.err) == (2, "--all and CLAIM: choose one\n")


def test_a_plan_needs_no_question(cli: Callable[..., Any], folder: Path) -> None:
    before = files_in(folder)
    result = cli(*WORDS, "--dry-run")
    assert result.code == 0, result.err
    assert "width (smoke): X01; 0 runs done, 4 left" in result.out
    assert files_in(folder) == before


def test_make_says_all() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipes = [line for line in text.splitlines() if "regx reproduce" in line]
    assert len(recipes) == 2
    assert all("regx reproduce --all " in line for line in recipes)
