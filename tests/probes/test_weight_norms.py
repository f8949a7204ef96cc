"""Weights whose norms are whole numbers."""

import math

import pytest
import torch
from hand_built import after_step, found, images_of, linear, network_of, run_of

from regx.probes.weight_norms import WeightNorms

IMAGES = images_of(torch.ones(4, 2))


def test_norms_by_hand() -> None:
    network = network_of(output=linear([[3.0, 4.0], [0.0, -1.0]], bias=[2.0, 0.0]))
    rows = found(WeightNorms(run_of(network, IMAGES)).start())
    assert rows["output", "weight_norm"] == pytest.approx(math.sqrt(26))
    assert rows["output", "max_incoming_norm"] == 5.0
    assert rows["output", "mean_incoming_norm"] == 3.0
    assert rows["output", "max_abs_weight"] == 4.0
    assert rows["output", "bias_norm"] == 2.0
    assert ("output", "peak_incoming_norm") not in rows  # of steps, and there was none


def test_a_filter_is_a_unit() -> None:
    convolution = torch.nn.Conv2d(1, 2, 2, bias=False)
    with torch.no_grad():
        convolution.weight.copy_(torch.tensor([[[[1.0, 1.0], [1.0, 1.0]]], [[[0.0, 0.0], [0.0, 3.0]]]]))
    rows = found(WeightNorms(run_of(torch.nn.Sequential(convolution), IMAGES)).start())
    assert rows["0", "max_incoming_norm"] == 3.0
    assert rows["0", "mean_incoming_norm"] == 2.5


def test_the_peak_is_that_of_every_step() -> None:
    """The largest norm is passed at step 3, which writes no row."""
    network = network_of(output=linear([[1.0, 0.0]]))
    probe = WeightNorms(run := run_of(network, IMAGES))
    rows = {}
    for step, weight in enumerate([1.0, 2.0, 7.0, 3.0, 4.0], start=1):
        network.output.weight.data[0, 0] = weight
        rows[step] = after_step(probe, run, step)
    assert rows[3] == rows[4] == {}
    assert rows[5]["output", "max_incoming_norm"] == 4.0
    assert rows[5]["output", "peak_incoming_norm"] == 7.0


def test_a_weight_that_is_no_number_stays_in_the_peak() -> None:
    network = network_of(output=linear([[1.0, 0.0]]))
    probe = WeightNorms(run := run_of(network, IMAGES))
    for step, weight in enumerate([math.nan, 1.0], start=1):
        network.output.weight.data[0, 0] = weight
        rows = after_step(probe, run, step)
    assert math.isnan(rows["output", "peak_incoming_norm"])
