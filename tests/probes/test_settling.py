"""Predictions and losses set by hand."""

import math

import pytest
import torch
from hand_built import after_step, found, images_of, linear, network_of, run_of

from regx.probes.settling import Settling, churn

IMAGES = images_of(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.5], [0.5, 1.0]]))


def test_churn_is_a_share() -> None:
    assert churn(torch.tensor([1, 2, 3, 4]), torch.tensor([1, 2, 0, 4])) == 0.25


def test_churn_between_two_epochs() -> None:
    """Two of four images change sides when the classes change places; between equal epochs none does."""
    network = network_of(output=linear([[1.0, 0.0], [0.0, 1.0]]))
    probe = Settling(run_of(network, IMAGES, epochs=3))
    assert found(probe.after_epoch()) == {}
    assert found(probe.after_epoch()) == {("network", "churn"): 0.0}
    network.output.weight.data[0, 0] = 0.4  # (1, 0.5) now has logits 0.4 and 0.5
    assert found(probe.after_epoch()) == {("network", "churn"): 0.25}


def test_losses_of_the_last_epoch() -> None:
    """All weights 0: ln 2 at every one of the ten points; then one point of another loss."""
    network = network_of(output=linear([[0.0, 0.0], [0.0, 0.0]]))
    probe = Settling(run := run_of(network, IMAGES, epochs=2, per_epoch=20))
    rows = [after_step(probe, run, step) for step in range(1, 41)]
    assert [step for step, row in enumerate(rows, start=1) if row] == list(range(22, 41, 2))
    assert rows[-1]["network", "late_train_loss_mean"] == pytest.approx(math.log(2))
    assert rows[-1]["network", "late_train_loss_sd"] == pytest.approx(0.0, abs=1e-7)


def test_deviation_of_the_last_losses() -> None:
    network = network_of(output=linear([[0.0, 0.0], [0.0, 0.0]], bias=[0.0, 0.0]))
    probe = Settling(run := run_of(network, IMAGES, per_epoch=2))
    after_step(probe, run, 1)
    network.output.bias.data[1] = math.log(3)  # a chance of 1/4 for the right class: ln 4
    rows = after_step(probe, run, 2)
    assert rows["network", "late_train_loss_mean"] == pytest.approx(1.5 * math.log(2))
    assert rows["network", "late_train_loss_sd"] == pytest.approx(math.log(2) / math.sqrt(2))
