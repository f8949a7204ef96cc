"""What run.json says of the code that ran: its commit, and whether the package had changed since."""

import shutil
import subprocess
import sys
from pathlib import Path

import regx

ASK = """
from pathlib import Path
from regx.runs.checkout import git_state
for path, text in (("results/table.csv", "a"), ("regx/new.py", "# new"), ("regx/new.py", "")):
    commit, dirty = git_state()
    print(commit, dirty)
    git_state.cache_clear()
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(text)
"""


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_results_that_were_written_into_the_checkout_do_not_make_its_code_changed(tmp_path: Path) -> None:
    package = Path(regx.__file__).parent
    shutil.copytree(package, tmp_path / "regx", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".gitignore").write_text("__pycache__\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    asked = subprocess.run(
        [sys.executable, "-c", ASK], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60
    )
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert asked.stdout.splitlines() == [f"{commit} False", f"{commit} False", f"{commit} True"]
