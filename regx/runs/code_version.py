"""Which regx this is, to the byte: the runs of a sweep must all come from the same code."""

import hashlib
from functools import cache
from pathlib import Path

import regx

__all__ = ["code_digest", "refusal"]


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


def refusal(worker: str, has: tuple[str, str], needs: tuple[str, str]) -> str | None:
    """Say why a worker cannot serve a sweep.

    Args:
        worker: Its name, for the message.
        has: Version and code digest of the worker.
        needs: Those of the driver.

    Returns:
        One line; None where both have the same code.
    """
    if tuple(has) == tuple(needs):
        return None
    return (
        f"worker {worker}: has regx {has[0]} (code {has[1]}), this sweep needs {needs[0]} (code {needs[1]});"
        " install the same version there"
    )
