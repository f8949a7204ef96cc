"""Where the ready-made configs and experiments are."""

from pathlib import Path

__all__ = ["starter_root"]


def starter_root() -> Path:
    """Return the folder that holds `configs` and `experiments`: in an installed package, or the clone."""
    package = Path(__file__).parent.parent
    return package / "starter" if (package / "starter").is_dir() else package.parent
