"""Rate and momentum of a real run, whose schedules are known."""

from pathlib import Path

import pytest
from small_config import small_config
from watching import Quiet

from regx.data.load import Dataset
from regx.runs.folder import RunFolder
from regx.runs.probes import read_values
from regx.training.run import train_run


def test_what_the_steps_used(tmp_path: Path, digits: Dataset) -> None:
    """0.2 in the first epoch of 6 steps, 0.1 in the second; momentum rises by 0.1 a step."""
    rates = {
        "lr": 0.2,
        "lr_decay": {"kind": "exponential", "factor": 0.5},
        "momentum": {"start": 0.0, "end": 0.9, "steps": 9},
    }
    config = small_config(optim=rates, train={"epochs": 2}, probes=["learning_rate"])
    folder = RunFolder(tmp_path / "run")
    train_run(config, folder, digits, Quiet())
    rows = {(row.step, row.quantity): row.value for row in read_values(folder.probes)}
    assert [rows[step, "lr"] for step in (1, 2, 5, 6, 10, 12)] == [0.2, 0.2, 0.2, 0.2, 0.1, 0.1]
    assert [rows[step, "momentum"] for step in (1, 2, 6, 10)] == pytest.approx([0.0, 0.1, 0.5, 0.9])
    assert rows[6, "effective_lr"] == pytest.approx(0.4)
    assert rows[10, "effective_lr"] == pytest.approx(1.0)
