import copy
import math
from collections import OrderedDict

import pytest
import torch
from torch import nn
from torch.nn import functional

from regx.probes.layers import layer_blocks, move_, noiseless_copy
from regx.probes.non_additivity import LossChanges, layer_steps, loss_changes, steps_of_relative_length


def linear_network(first, second):
    hidden = nn.Linear(len(first[0]), len(first), bias=False)
    output = nn.Linear(len(first), len(second), bias=False)
    hidden.weight.data = torch.tensor(first, dtype=torch.float64)
    output.weight.data = torch.tensor(second, dtype=torch.float64)
    return nn.Sequential(OrderedDict(flatten=nn.Flatten(), hidden1=hidden, output=output))


def mean_logit(logits, labels):
    return logits.mean()


def changes_of(network, image, *, lr):
    images_NCHW = torch.tensor(image, dtype=torch.float64).view(1, 1, 1, -1)
    labels, blocks = torch.tensor([0]), layer_blocks(network)
    steps = layer_steps(network, blocks, images_NCHW, labels, lr=lr, criterion=mean_logit)
    return loss_changes(blocks, steps, images_NCHW, labels, criterion=mean_logit)


def test_a_product_of_two_weights_by_hand():
    """L = w2 w1 with w1 = 2, w2 = 3: at lr 0.1 the steps are -0.3 and -0.2, L goes from 6 to 1.7 * 2.8."""
    changes = changes_of(linear_network([[2.0]], [[3.0]]), [1.0], lr=0.1)

    assert changes.single == pytest.approx((-0.9, -0.4))
    assert changes.joint == pytest.approx(-1.24)
    assert changes.non_additivity == pytest.approx(0.06 / 1.3)


def test_layers_that_move_different_paths_are_independent():
    """Only the first hidden unit is active and only the second is read: each step opens a path of its own."""
    network = linear_network([[1.0, 0.0], [0.0, 0.0]], [[0.0, 1.0]])

    changes = changes_of(network, [1.0, 0.0], lr=0.1)

    assert changes.single == pytest.approx((-0.1, -0.1))
    assert changes.non_additivity == pytest.approx(0.0, abs=1e-15)


def test_steps_that_undo_each_other_are_not_independent():
    assert LossChanges(single=(-1.0, -1.0), joint=0.0).non_additivity == 1.0
    assert math.isnan(LossChanges(single=(0.0, 0.0), joint=0.0).non_additivity)


IMAGES = torch.randn(40, 1, 2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
LABELS = torch.arange(40) % 3


@pytest.fixture
def network():
    torch.manual_seed(0)
    layers = OrderedDict(flatten=nn.Flatten())
    for name, fan_in in (("hidden1", 4), ("hidden2", 8)):
        layers[name] = nn.Linear(fan_in, 8, bias=False)
        layers[f"{name}_norm"] = nn.BatchNorm1d(8)
        layers[f"{name}_act"] = nn.ReLU()
    layers["output"] = nn.Linear(8, 3)
    return noiseless_copy(nn.Sequential(layers), torch.float64)


def steps_for(network, lr):
    blocks = layer_blocks(network)
    return blocks, layer_steps(network, blocks, IMAGES, LABELS, lr=lr)


def test_changes_are_those_of_whole_networks(network):
    blocks, steps = steps_for(network, 0.5)

    def loss_after(rows):
        twin = copy.deepcopy(network)
        for row in rows:
            move_(layer_blocks(twin)[row], steps[row])
        return functional.cross_entropy(twin(IMAGES), LABELS).item()

    changes = loss_changes(blocks, steps, IMAGES, LABELS)

    still = loss_after([])
    assert changes.single == pytest.approx([loss_after([row]) - still for row in range(3)], rel=1e-12)
    assert changes.joint == pytest.approx(loss_after([0, 1, 2]) - still, rel=1e-12)
    assert changes.joint < 0


def test_measuring_moves_nothing_for_good(network):
    before = [parameter.clone() for parameter in network.parameters()]
    blocks, steps = steps_for(network, 0.5)

    loss_changes(blocks, steps, IMAGES, LABELS)

    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))


def test_the_smaller_the_steps_the_more_independent(network):
    """What is not additive is of second order: a tenth of the step, a tenth of the index."""
    large, small = (
        loss_changes(*steps_for(network, lr), IMAGES, LABELS).non_additivity for lr in (1e-3, 1e-4)
    )

    assert small == pytest.approx(large / 10, rel=0.3)
    assert large > 1e-4


def test_steps_of_equal_relative_length_in_all_layers(network):
    blocks, steps = steps_for(network, 0.5)

    stretched = steps_of_relative_length(blocks, steps, 0.01)

    for block, step, before in zip(blocks, stretched, steps, strict=True):
        assert float(step[0].norm() / block.weight.detach().norm()) == pytest.approx(0.01)
        factor = step[0].norm() / before[0].norm()
        assert torch.allclose(step[-1], factor * before[-1])  # beta, or the output's bias


def test_a_frozen_layer_changes_no_loss(network):
    network.hidden2.requires_grad_(False)
    network.hidden2_norm.requires_grad_(False)
    blocks, steps = steps_for(network, 0.5)

    assert loss_changes(blocks, steps, IMAGES, LABELS).single[1] == 0.0
