"""What all commands have in common: versions, help, exit codes, and what they do with an empty word."""

import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer.main

import regx
from regx.cli import app
from regx.cli.output import ENDINGS, ExitCode

ROOT = Path(__file__).parents[2]
Cli = Callable[..., Any]


def all_commands() -> Iterator[list[str]]:
    """List every command and sub-command."""
    yield []
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        yield [name]
        yield from ([name, below] for below in getattr(command, "commands", {}))


@pytest.mark.parametrize("words", list(all_commands()), ids=" ".join)
def test_h_is_help_on_every_command(cli: Cli, words: list[str]) -> None:
    short, long = cli(*words, "-h"), cli(*words, "--help")
    assert (short.code, short.err) == (0, "")
    assert short.out == long.out
    assert short.out.startswith(f"Usage: {' '.join(['regx', *words])} ")


def test_version_names_what_a_report_needs(cli: Cli) -> None:
    result = cli("--version")
    assert (result.code, result.err) == (0, "")
    first, *others = result.out.splitlines()
    assert first.startswith(f"regx {regx.__version__} (")
    assert others == [f"torch {version('torch')}", f"Python {platform.python_version()}"]


def test_version_names_the_commit_of_a_checkout(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regx.runs.checkout.git_state", lambda: ("0123456789abcdef", False))
    assert cli("--version").out.startswith(f"regx {regx.__version__} (commit 012345678)\n")
    monkeypatch.setattr("regx.runs.checkout.git_state", lambda: ("0123456789abcdef", True))
    assert cli("--version").out.startswith(f"regx {regx.__version__} (commit 012345678, changed since)\n")
    monkeypatch.setattr("regx.runs.checkout.git_state", lambda: (None, None))
    assert cli("--version").out.startswith(f"regx {regx.__version__} (installed package)\n")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["reproduce", "--help"]], ids=" ".join)
def test_they_answer_without_what_is_slow_to_import(words: list[str]) -> None:
    """Not even the schema is read: it would double the time of --help."""
    code = (
        f"import sys; sys.argv = ['regx', *{words}]; from regx.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "slow = {'torch', 'numpy', 'pandas', 'scipy', 'matplotlib', 'regx.config.run'}\n"
        "sys.exit(sorted(slow & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_names_the_exit_codes(cli: Cli) -> None:
    epilog = " ".join(cli("--help").out.split()).partition("Exit codes: ")[2]
    for code in ExitCode:
        assert f"{int(code)} " in epilog
    assert "docs/command_line.md" in epilog


def test_every_exit_code_has_its_meaning() -> None:
    assert list(ENDINGS) == list(ExitCode)
    assert ExitCode.INTERRUPTED == 130


@pytest.mark.parametrize("words", [["compare", ""], ["train", ""], ["validate", "a.yaml", ""], ["runs", ""]])
def test_an_empty_word_is_no_folder(cli: Cli, words: list[str]) -> None:
    """`regx compare "$A"` without an A must not compare all that is here."""
    result = cli(*words)
    message = "an argument is empty: is a variable of the shell not set?\n"
    assert (result.code, result.out, result.err) == (2, "", message)
