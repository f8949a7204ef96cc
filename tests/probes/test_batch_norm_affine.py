"""Gamma and beta that undo the normalisation, do nothing, or do the contrary."""

import math

import pytest
import torch
from hand_built import found, images_of, linear, network_of, run_of

from regx.probes.batch_norm_affine import BatchNormAffine, relative_change, undo_index

RAW = torch.tensor([[10.0, 14.0]])  # mean 12, deviation 2
NORMALISED = torch.tensor([[-1.0, 1.0]])


@pytest.mark.parametrize(
    ("gamma", "beta", "index"), [(2.0, 12.0, 1.0), (1.0, 0.0, 0.0), (1.5, 6.0, 0.75), (0.0, 0.0, None)]
)
def test_undo_index(gamma: float, beta: float, index: float | None) -> None:
    """||xhat - x||^2 = 11^2 + 13^2 = 290; halfway back leaves a quarter of it."""
    expected = 1 - (10**2 + 14**2) / 290 if index is None else index
    assert undo_index(RAW, NORMALISED, gamma * NORMALISED + beta) == pytest.approx(expected)


def test_nothing_to_undo() -> None:
    assert math.isnan(undo_index(NORMALISED, NORMALISED, 2 * NORMALISED))


def test_relative_change() -> None:
    assert relative_change(torch.tensor([3.0, 4.0]), torch.tensor([3.0, 5.0])) == pytest.approx(0.2)


def test_a_layer_by_hand() -> None:
    norm = torch.nn.BatchNorm1d(1, eps=0.0)
    norm.running_mean.fill_(12.0)
    norm.running_var.fill_(4.0)
    network = network_of(hidden1=linear([[1.0]]), hidden1_norm=norm, output=linear([[1.0]]))
    probe = BatchNormAffine(run := run_of(network, images_of(RAW.t())))
    norm.weight.data.fill_(2.0)
    norm.bias.data.fill_(12.0)
    network.hidden1.weight.data.fill_(-1.0)
    network.hidden1.weight.data.neg_()
    run.step = run.config.num_steps
    rows = found(probe.after_epoch())
    assert rows["hidden1", "undo_index"] == 1.0
    assert rows["hidden1", "weight_change"] == 0.0
    assert rows["hidden1", "affine_change"] == pytest.approx(math.sqrt(1 + 144))  # from (1, 0) to (2, 12)
    channel = {quantity: value for (layer, quantity), value in rows.items() if layer == "hidden1[0]"}
    assert channel == {"gamma": 2.0, "beta": 12.0, "raw_mean": 12.0, "raw_sd": 2.0}


def test_without_gamma_and_beta_nothing_is_undone() -> None:
    norm = torch.nn.BatchNorm1d(1, affine=False)
    network = network_of(hidden1=linear([[1.0]]), hidden1_norm=norm, output=linear([[1.0]]))
    rows = found(BatchNormAffine(run_of(network, images_of(RAW.t()))).after_epoch())
    assert rows["hidden1", "undo_index"] == 0.0
    assert rows["hidden1", "affine_change"] == 0.0
