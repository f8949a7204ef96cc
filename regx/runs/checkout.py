"""Which regx this is: a hash of its source, and the commit of its checkout."""

import hashlib
import subprocess
from functools import cache
from pathlib import Path

import regx

__all__ = ["code_digest", "git_state"]


@cache
def code_digest() -> str:
    """Hash the package's own source files, once a process.

    Returns:
        First 8 hex digits of the sha256 over the path and content of every .py file.
    """
    root = Path(regx.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:8]


@cache
def git_state() -> tuple[str | None, bool | None]:
    """Return commit and dirty flag of the checkout that this package stands in, if it stands in one.

    It is read once per process, when the code is loaded. Only the package counts: configs are recorded in
    full, and results in the checkout are no change of the code.
    """
    package = Path(regx.__file__).parent
    root = package.parent
    if not (root / ".git").exists():
        return None, None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit, bool(_git(root, "status", "--porcelain", "--", package.name))
    except (OSError, subprocess.SubprocessError):
        return None, None


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=True, timeout=10
    ).stdout.strip()
