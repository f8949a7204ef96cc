"""What may move the last bits of a result: versions, machine, threads, the state of the source."""

import platform
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import torch

import regx
from regx.runs.record import Environment
from regx.training.device import device_name

__all__ = ["describe_environment", "git_state"]


def describe_environment(device: torch.device, *, threads: int, data_sha256: str) -> Environment:
    """Describe this process for run.json."""
    commit, dirty = git_state()
    return Environment(
        device=device.type,
        device_name=device_name(device),
        threads=threads,
        python=platform.python_version(),
        platform=platform.platform(),
        regx=regx.__version__,
        torch=torch.__version__,
        numpy=np.__version__,
        git_commit=commit,
        git_dirty=dirty,
        data_sha256=data_sha256,
    )


@cache
def git_state() -> tuple[str | None, bool | None]:
    """Return commit and dirty flag of the checkout that this package stands in, if it stands in one.

    Asked once a process: that is when its code was read. Only the package itself is looked at: what a run
    reads beside it, its config, is recorded in full, and results that regx wrote into its checkout are no
    change of the code.
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
