"""What all tests share: the command line, run in this process as a user would run it."""

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from regx.cli import main

pytest_plugins = ["real_data"]  # mnist, cifar10, ...: skipped where no source gives them

ROOT = Path(__file__).parent.parent


def pytest_configure() -> None:
    """Hear a hang-up also under `nohup`, which has it ignored by all processes below it: tests send it."""
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@dataclass(frozen=True)
class CliResult:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., CliResult]:
    """Run `regx ARGS...` in an empty folder; an unexpected exception fails the test as it should."""
    monkeypatch.chdir(tmp_path)

    def run(*args: object) -> CliResult:
        monkeypatch.setattr(sys, "argv", ["regx", *map(str, args)])
        capsys.readouterr()
        code: int | str | None = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        captured = capsys.readouterr()
        return CliResult(code=int(code or 0), out=captured.out, err=captured.err)

    return run
