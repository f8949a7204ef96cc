"""`regx --version`: what to quote in a report."""

import platform
from importlib.metadata import PackageNotFoundError, version

__all__ = ["version_lines"]


def version_lines() -> list[str]:
    """Name regx with its commit, torch and Python; the version of torch is read without importing it."""
    import regx
    from regx.runs.checkout import git_state

    commit, dirty = git_state()
    source = f"commit {commit[:9]}{', changed since' if dirty else ''}" if commit else "installed package"
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = "is not installed"
    return [f"regx {regx.__version__} ({source})", f"torch {torch}", f"Python {platform.python_version()}"]
