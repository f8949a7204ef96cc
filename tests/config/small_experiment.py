"""A small base, experiments over it, and the lines that a user reads of a wrong one."""

from pathlib import Path

import pytest

from regx.config import ConfigError, Experiment, load_experiment
from regx.config.load_experiment import load_tiers

BASE = """\
name: base
data: {name: digits, train_size: 300}
model: {family: mlp, hidden_sizes: [8]}
optim: {lr: 0.1}
train: {batch_size: 50, epochs: 2}
"""


def write(folder: Path, content: str, base: str = BASE) -> Path:
    """Write an experiment as mine.yaml, and what it builds on as base.yaml."""
    (folder / "base.yaml").write_text(base)
    path = folder / "mine.yaml"
    path.write_text(content)
    return path


def load(folder: Path, content: str, tier: str = "cpu", base: str = BASE) -> Experiment:
    """Load an experiment at a tier."""
    return load_experiment(write(folder, content, base), tier)  # type: ignore[arg-type]


def problems_of(folder: Path, content: str, base: str = BASE) -> list[str]:
    """Load at every tier, and return the lines of the error with the folder cut off."""
    with pytest.raises(ConfigError) as error:
        load_tiers(write(folder, content, base))
    return str(error.value).replace(f"{folder}/", "").split("\n")
