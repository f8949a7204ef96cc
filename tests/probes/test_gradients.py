"""A softmax layer, whose gradient is (p - y) x; rate and momentum of a real run."""

import math

import pytest
import torch
from hand_built import images_of, linear, network_of

from regx.probes.gradients import gradient_norms


def test_one_softmax_layer() -> None:
    """Ten classes at 0.1 each: (p - y) has length sqrt(0.9^2 + 9 * 0.1^2); x = (3, 4) has length 5."""
    network = network_of(output=linear([[0.0, 0.0]] * 10, bias=[0.0] * 10))
    images, labels = images_of(torch.tensor([[3.0, 4.0]]), labels=[2]).batch(slice(None))
    norms = gradient_norms(network, images, labels)
    error = math.sqrt(0.9)
    assert norms["output"] == pytest.approx(5 * error)
    assert norms["network"] == pytest.approx(math.sqrt(26) * error)  # with the bias, whose input is 1
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_frozen_layer_has_no_row() -> None:
    network = network_of(hidden1=linear([[1.0, 0.0]]), output=linear([[1.0], [-1.0]]))
    network.hidden1.weight.requires_grad_(False)
    images, labels = images_of(torch.tensor([[3.0, 4.0]])).batch(slice(None))
    assert set(gradient_norms(network, images, labels)) == {"output", "network"}


def test_batch_norm_hides_the_scale_of_weights() -> None:
    """Ioffe & Szegedy 2015, section 3.3: weights k times as large have a gradient k times as small."""
    torch.manual_seed(0)
    network = network_of(
        hidden1=torch.nn.Linear(2, 3, bias=False),
        hidden1_norm=torch.nn.BatchNorm1d(3, eps=1e-12),
        output=torch.nn.Linear(3, 2),
    )
    statistics = network.hidden1_norm.running_mean.clone()
    batch = images_of(torch.randn(8, 2), labels=[0, 1] * 4).batch(slice(None))
    small = gradient_norms(network, *batch)
    network.hidden1.weight.data *= 4
    large = gradient_norms(network, *batch)
    assert large["hidden1"] == pytest.approx(small["hidden1"] / 4, rel=1e-4)
    assert large["output"] == pytest.approx(small["output"], rel=1e-4)
    assert torch.equal(network.hidden1_norm.running_mean, statistics)
