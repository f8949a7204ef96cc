"""What Linux has and another system may not: without it regx is loaded all the same, reads and trains."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from run_builder import build_run
from small_config import small_yaml

MASK = """
import importlib, json, os, pkgutil, signal, sys

for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
for name in ("sched_getaffinity", "killpg", "fork", "getuid", "getpgid"):
    delattr(os, name)
for name in ("SIGHUP", "SIGUSR1", "SIGKILL", "pthread_sigmask"):
    delattr(signal, name)
import regx
from regx.cli import main
"""
COMMANDS = """
for words in json.loads(sys.argv[1]):
    sys.argv = ["regx", *words]
    try:
        main()
    except SystemExit as end:
        assert not end.code, words
"""
EVERY_MODULE = """
for module in pkgutil.walk_packages(regx.__path__, "regx."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""
CONFIG = small_yaml()


def run_masked(script: str, folder: Path, *commands: str) -> subprocess.CompletedProcess[str]:
    words = json.dumps([command.split() for command in commands])
    return subprocess.run(
        [sys.executable, "-c", MASK + script, words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_what_reads_needs_nothing_of_posix(tmp_path: Path) -> None:
    for seed in range(2):
        build_run(tmp_path / "runs", name="plain", seed=seed)
        build_run(tmp_path / "runs", name="wide", seed=seed, model={"hidden_sizes": [32]})
    (build_run(tmp_path / "runs", name="going", status="running") / ".lock").touch()
    (tmp_path / "small.yaml").write_text(CONFIG)
    arms = " ".join(str(path.relative_to(tmp_path)) for path in sorted(tmp_path.glob("runs/[pw]*")))
    done = run_masked(
        COMMANDS, tmp_path, "--help", "runs runs", f"compare {arms}", "claims", "validate small.yaml"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "going" in done.stdout


@pytest.mark.slow
def test_every_module_is_loaded_and_a_run_trained(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(CONFIG)
    done = run_masked(EVERY_MODULE + COMMANDS, tmp_path, "train small.yaml")
    assert done.returncode == 0, done.stderr
    assert "file locks do not work there" in done.stderr
    assert "done: runs" in done.stdout
