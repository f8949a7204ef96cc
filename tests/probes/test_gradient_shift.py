import math
from collections import OrderedDict

import pytest
import torch
from small_config import small_config
from torch import nn
from watching import Quiet

from regx.models.dropout import ElementDropout
from regx.probes.gradient_shift import gradient_shifts
from regx.runs.folder import RunFolder
from regx.runs.probes import read_values
from regx.training.run import train_run

LABELS = torch.arange(30) % 3
IMAGES = torch.randn(30, 1, 2, 2, generator=torch.Generator().manual_seed(1))


def deep_network():
    torch.manual_seed(0)
    layers = OrderedDict(flatten=nn.Flatten())
    for name, fan_in in (("hidden1", 4), ("hidden2", 8)):
        layers[name] = nn.Linear(fan_in, 8, bias=False)
        layers[f"{name}_norm"] = nn.BatchNorm1d(8)
        layers[f"{name}_act"] = nn.ReLU()
        layers[f"{name}_drop"] = ElementDropout(0.5)
    layers["output"] = nn.Linear(8, 3)
    return nn.Sequential(layers)


def first_logit(logits, labels):
    return logits[:, 0].mean()


def nothing(logits, labels):
    return 0.0 * logits.sum()


def test_a_linear_net_of_two_layers_by_hand():
    """L = c W2 W1 x; W1 = W2 = 1, c = (1, 0), x = (3, 4): then W1 x goes from (3, 4) to (3 - 25 lr, 4)."""
    layers = OrderedDict(
        flatten=nn.Flatten(), hidden1=nn.Linear(2, 2, bias=False), output=nn.Linear(2, 2, bias=False)
    )
    network = nn.Sequential(layers)
    for parameter in network.parameters():
        nn.init.eye_(parameter)
    image = torch.tensor([3.0, 4.0]).view(1, 1, 1, 2)

    hidden, output = gradient_shifts(network, image, torch.tensor([0]), lr=0.04, criterion=first_logit)

    assert (hidden.layer, hidden.norm, hidden.distance, hidden.cosine) == ("hidden1", 5.0, 0.0, 1.0)
    assert output.norm == pytest.approx(5.0)  # |c| |(3, 4)|
    assert output.distance == pytest.approx(1.0)  # |c| |(3, 4) - (2, 4)|
    assert output.relative == pytest.approx(0.2)
    assert output.cosine == pytest.approx(22 / (5 * math.sqrt(20)))  # (3, 4) and (2, 4)


def test_nothing_lies_before_a_single_layer():
    network = nn.Sequential(OrderedDict(flatten=nn.Flatten(), output=nn.Linear(4, 3)))

    (shift,) = gradient_shifts(network, IMAGES, LABELS, lr=10.0)

    assert (shift.distance, shift.relative) == (0.0, 0.0)
    assert shift.cosine == pytest.approx(1.0)


def test_the_first_of_many_layers_does_not_shift_and_the_others_do():
    first, *others = gradient_shifts(deep_network(), IMAGES, LABELS, lr=0.5)

    assert first.distance == 0.0
    assert [shift.layer for shift in others] == ["hidden2", "output"]
    assert all(shift.relative > 0.01 and shift.cosine < 1 for shift in others)


def test_everything_before_a_layer_moves_and_nothing_else():
    """Biases, gamma and beta too: here torch's own SGD takes the step."""
    network = deep_network()
    for layer in (network.hidden1_drop, network.hidden2_drop):
        layer.eval()

    def output_gradient():
        loss = nn.functional.cross_entropy(network(IMAGES), LABELS)
        return torch.autograd.grad(loss, [network.output.weight], retain_graph=True)[0], loss

    shift = gradient_shifts(network, IMAGES, LABELS, lr=0.5)[-1]

    old, loss = output_gradient()
    loss.backward()
    below = [parameter for name, parameter in network.named_parameters() if not name.startswith("output")]
    torch.optim.SGD(below, lr=0.5).step()
    now, _ = output_gradient()
    assert shift.norm == pytest.approx(float(old.norm()))
    assert shift.distance == pytest.approx(float((old - now).norm()), rel=1e-5)


def test_no_step_no_shift_in_spite_of_dropout():
    shifts = gradient_shifts(deep_network(), IMAGES, LABELS, lr=0.0)

    assert [shift.distance for shift in shifts] == [0.0, 0.0, 0.0]


def test_only_frozen_layers_before_it_leave_a_gradient_as_it_was():
    network = deep_network()
    for layer in (network.hidden1, network.hidden1_norm):
        layer.requires_grad_(False)

    first_trained, output = gradient_shifts(network, IMAGES, LABELS, lr=0.5)

    assert (first_trained.layer, first_trained.distance) == ("hidden2", 0.0)
    assert output.distance > 0


def test_gamma_and_beta_of_layers_before_it_move_too():
    """Where only they are trained, there is no gradient of weights to compare."""
    network = deep_network()
    network.hidden1.weight.requires_grad_(False)

    shifts = gradient_shifts(network, IMAGES, LABELS, lr=0.5)

    assert [shift.layer for shift in shifts] == ["hidden2", "output"]
    assert shifts[0].distance > 0  # through hidden1_norm


def test_a_layer_without_gradient_has_no_direction():
    network = nn.Sequential(OrderedDict(flatten=nn.Flatten(), output=nn.Linear(4, 3)))

    (shift,) = gradient_shifts(network, IMAGES, LABELS, lr=0.1, criterion=nothing)

    assert shift.norm == 0.0
    assert math.isnan(shift.relative)
    assert math.isnan(shift.cosine)


def test_a_run_that_was_stopped_right_before_a_measurement_has_the_same_rows(tmp_path, digits):
    config = small_config(
        model={"drop_prob": {"hidden": 0.2}},
        optim={"lr_decay": {"kind": "exponential", "factor": 0.9}},
        train={"epochs": 10},
        probes=["gradient_shift"],
    )
    whole, parts = (RunFolder.for_config(config, tmp_path / name) for name in ("whole", "parts"))
    train_run(config, whole, digits, Quiet())

    assert train_run(config, parts, digits, Quiet(stop=50)).status == "interrupted"
    assert train_run(config, parts, digits, Quiet()).status == "done"

    assert parts.probes.read_bytes() == whole.probes.read_bytes()
    assert [value.step for value in read_values(whole.probes)] == [50] * 8
