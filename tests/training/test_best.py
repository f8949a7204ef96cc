"""The test set is read with the weights of the best epoch too."""

from pathlib import Path
from typing import Any

import pytest
import torch
from small_config import small_config
from torch import nn
from watching import Quiet

from regx.data.load import Dataset
from regx.runs.folder import RunFolder
from regx.runs.metrics import EpochMetrics
from regx.runs.record import Best, RunRecord
from regx.training.evaluate import BestWeights, weights_of
from regx.training.run import train_run


def train(folder: Path, dataset: Dataset, *, epochs: int, stop: int | None = None, **model: Any) -> RunRecord:
    """Train at a rate so high that the last epoch is seldom the best."""
    config = small_config(
        data={"train_size": 200}, model=model, optim={"lr": 1.0}, train={"epochs": epochs, "batch_size": 20}
    )
    return train_run(config, RunFolder(folder), dataset, Quiet(stop))


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_best_weights_are_those_of_a_run_that_ends_there(
    tmp_path: Path, digits: Dataset, batch_norm: bool
) -> None:
    """At a constant rate a shorter run is the beginning of a longer one."""
    long = train(tmp_path / "long", digits, epochs=8, batch_norm=batch_norm, drop_prob={"hidden": 0.5})
    assert long.best is not None
    assert long.best.epoch < 8
    short = train(
        tmp_path / "short", digits, epochs=long.best.epoch, batch_norm=batch_norm, drop_prob={"hidden": 0.5}
    )
    assert short.final is not None
    assert (long.best.test_loss, long.best.test_error) == (short.final.test_loss, short.final.test_error)
    assert long.final is not None
    assert long.best.test_loss != long.final.test_loss
    assert short.best is not None
    assert short.best.test_error == short.final.test_error  # its best epoch is its last


def test_the_best_weights_survive_a_checkpoint(tmp_path: Path, digits: Dataset) -> None:
    whole = train(tmp_path / "whole", digits, epochs=8, batch_norm=True)
    assert whole.best is not None
    assert whole.best.epoch < 7  # stopped after it
    stopped = train(tmp_path / "parts", digits, epochs=8, batch_norm=True, stop=75)
    assert stopped.best is not None
    assert stopped.best.test_error is None  # nothing but the end reads the test set
    assert train(tmp_path / "parts", digits, epochs=8, batch_norm=True).best == whole.best


def test_a_network_gets_its_own_weights_back() -> None:
    network = nn.BatchNorm1d(2)
    best = BestWeights(network={name: value.clone() for name, value in network.state_dict().items()})
    network.weight.data.fill_(5.0)
    with weights_of(network, best):
        assert network.weight.tolist() == [1.0, 1.0]
    assert network.weight.tolist() == [5.0, 5.0]


def test_of_equal_epochs_the_earliest_is_kept() -> None:
    network, best = nn.Linear(1, 1, bias=False), BestWeights()
    for epoch, error in enumerate([0.3, 0.2, 0.2, 0.4], start=1):
        torch.nn.init.constant_(network.weight, epoch)
        row = EpochMetrics(
            epoch=epoch,
            step=epoch,
            lr=1.0,
            momentum=0.0,
            train_loss=1.0,
            train_error=0.1,
            train_loss_running=1.0,
            valid_loss=1.0,
            valid_error=error,
            train_seconds=0.0,
            eval_seconds=0.0,
        )
        best.see(network, row)
    assert best.epoch == 2
    assert best.network["weight"].item() == 2.0


def test_a_record_from_before_has_no_test_metrics_of_its_best_epoch() -> None:
    assert Best.model_validate({"epoch": 1, "valid_loss": 1.0, "valid_error": 0.5}).test_error is None
