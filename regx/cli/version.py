"""`regx --version`: what to quote when something is reported."""

import platform
from importlib.metadata import PackageNotFoundError, version

__all__ = ["version_lines"]


def version_lines() -> list[str]:
    """Name regx with the state of its source, torch and Python; torch is asked for and not imported."""
    import regx
    from regx.runs.checkout import git_state

    commit, dirty = git_state()
    source = f"commit {commit[:9]}{', changed since' if dirty else ''}" if commit else "installed package"
    try:
        torch = version("torch")
    except PackageNotFoundError:
        torch = "is not installed"
    return [f"regx {regx.__version__} ({source})", f"torch {torch}", f"Python {platform.python_version()}"]
