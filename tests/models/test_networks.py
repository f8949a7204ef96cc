"""The networks: sizes, order of layers, initial weights, what is absent when switched off."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from regx.config.sections.model import ModelConfig, num_parameters
from regx.data.sets import DATASETS
from regx.models.network import build_model
from regx.training.seeding import generator

MLP = {"family": "mlp", "hidden_sizes": [512, 512]}
MCNN = {"family": "cnn", "conv_channels": [16, 32], "hidden_sizes": [128]}
OVERLAP = {
    "family": "cnn",
    "conv_channels": [16, 24, 48],
    "pool": {"size": 3, "stride": 2},
    "hidden_sizes": [256, 256],
}
SRIVASTAVA = OVERLAP | {"conv_channels": [96, 128, 256], "kernel_size": 5, "hidden_sizes": [2048, 2048]}
SIGMOID = {"family": "mlp", "hidden_sizes": [100, 100, 100], "activation": "sigmoid"}


def build(dataset: str, seed: int = 0, **model: object) -> nn.Sequential:
    config = ModelConfig.model_validate(model)
    return build_model(config, DATASETS[dataset].facts, lambda name: generator(seed, f"init/{name}"))


def images(dataset: str, num_images: int = 8) -> Tensor:
    facts = DATASETS[dataset].facts
    shape = (num_images, facts.channels, facts.size, facts.size)
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("dataset", "model", "expected"),
    [
        ("mnist", MLP, 669_706),
        ("mnist", SIGMOID, 99_710),
        ("mnist", MCNN, 206_922),
        ("cifar10", OVERLAP, 193_554),
        ("cifar10", SRIVASTAVA, 10_071_562),
        ("mnist", MCNN | {"batch_norm": True}, 206_922 + 16 + 32 + 128),  # gamma, beta for one bias
        ("mnist", MCNN | {"batch_norm": {"affine": False}}, 206_922 - 16 - 32 - 128),
        ("digits", {"family": "mlp", "hidden_sizes": []}, 650),
    ],
)
def test_parameter_counts(dataset: str, model: dict[str, object], expected: int) -> None:
    """By hand: conv c_out (c_in k^2 + 1), linear units (fan_in + 1); the built network agrees."""
    config = ModelConfig.model_validate(model)
    assert num_parameters(config, DATASETS[dataset].facts) == expected
    network = build(dataset, **model)
    assert sum(parameter.numel() for parameter in network.parameters()) == expected
    assert network(images(dataset)).shape == (8, 10)


def test_block_order() -> None:
    network = build(
        "mnist", **MCNN | {"batch_norm": True, "drop_prob": {"input": 0.2, "conv": 0.1, "hidden": 0.5}}
    )
    assert list(dict(network.named_children())) == [
        "input_drop",
        *("conv1", "conv1_norm", "conv1_pool", "conv1_act", "conv1_drop"),
        *("conv2", "conv2_norm", "conv2_pool", "conv2_act", "conv2_drop"),
        "flatten",
        *("hidden1", "hidden1_norm", "hidden1_act", "hidden1_drop"),
        "output",
    ]
    assert isinstance(network.input_drop, nn.Dropout)  # Dropout2d would blank whole one-channel images
    assert isinstance(network.conv1_drop, nn.Dropout2d)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_pooling_first_equals_activation_first(activation: str) -> None:
    """Max pooling commutes with a monotone function, in values and for relu in gradients too."""
    function = {"relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh}[activation]
    x = images("cifar10")
    first, second = x.clone().requires_grad_(), x.clone().requires_grad_()
    pooled = function(functional.max_pool2d(first, 3, 2))
    reference = functional.max_pool2d(function(second), 3, 2)
    assert torch.equal(pooled, reference)
    (pooled**2).sum().backward()
    (reference**2).sum().backward()
    assert first.grad is not None
    assert second.grad is not None
    torch.testing.assert_close(first.grad, second.grad)


@pytest.mark.parametrize("model", [MLP, MCNN, OVERLAP], ids=["mlp", "mcnn", "overlap"])
def test_probability_zero_is_the_network_without_dropout(model: dict[str, object]) -> None:
    off = build("cifar10", **model | {"drop_prob": {"input": 0.0, "conv": 0.0, "hidden": 0.0}})
    never = build("cifar10", **model)
    assert str(off) == str(never)
    assert not any(isinstance(layer, nn.Dropout | nn.Dropout2d) for layer in off.modules())
    assert all(torch.equal(a, b) for a, b in zip(off.parameters(), never.parameters(), strict=True))


@pytest.mark.parametrize(
    "toggle",
    [
        {"batch_norm": True},
        {"drop_prob": {"input": 0.2, "conv": 0.1, "hidden": 0.5}},
        {"activation": "tanh"},
        {"batch_norm": {"reference_images": 10, "noise": {}}},
        {"drop_prob": {"hidden": 0.5}, "drop_mask": {"kind": "fixed", "from_epoch": 1}},
    ],
    ids=["batch_norm", "dropout", "activation", "reference images and noise", "fixed mask"],
)
def test_toggles_do_not_move_the_initial_weights(toggle: dict[str, object]) -> None:
    plain, other = build("mnist", **MCNN), build("mnist", **MCNN | toggle)
    for name, layer in plain.named_children():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            assert torch.equal(layer.weight, getattr(other, name).weight), name


def test_seeds_give_other_weights() -> None:
    assert not torch.equal(build("mnist", **MLP).output.weight, build("mnist", seed=1, **MLP).output.weight)


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("he", 2 * math.sqrt(2 / 784)),
        ("xavier", 2 * math.sqrt(2 / (784 + 512))),
        ("normal", 2.0),
    ],
)
def test_init_schemes(scheme: str, expected: float) -> None:
    weight = build("mnist", **MLP | {"init": {"scheme": scheme, "gain": 2.0}}).hidden1.weight
    # the deviation of n draws has a relative standard error of 1 / sqrt(2 n); 5 of them
    assert weight.std().item() == pytest.approx(expected, rel=5 / math.sqrt(2 * weight.numel()))


def test_gains_reach_the_layers_that_they_name_and_no_gamma() -> None:
    """`gain` all but the output layer, `output_gain` the output layer alone."""
    plain = build("mnist", **MCNN | {"batch_norm": True})
    scaled = build("mnist", **MCNN | {"batch_norm": True, "init": {"gain": 4.0, "output_gain": 0.05}})
    factors = {"conv1": 4.0, "conv2": 4.0, "hidden1": 4.0, "output": 0.5}
    for name, layer in plain.named_children():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            assert torch.equal(getattr(scaled, name).weight, torch.ones_like(layer.weight))
        elif isinstance(layer, nn.Conv2d | nn.Linear):
            torch.testing.assert_close(getattr(scaled, name).weight, factors.pop(name) * layer.weight)
    assert factors == {}


@pytest.mark.parametrize("model", [MLP, MCNN, MCNN | {"batch_norm": True}], ids=["mlp", "cnn", "cnn_bn"])
def test_training_starts_at_the_loss_of_guessing(model: dict[str, object]) -> None:
    network = build("mnist", **model)
    loss = functional.cross_entropy(network(images("mnist", 200)), torch.arange(200) % 10)
    assert loss.item() == pytest.approx(math.log(10), abs=0.15)
    network = build("mnist", **model | {"init": {"output_gain": 0.0}})
    loss = functional.cross_entropy(network(images("mnist", 200)), torch.arange(200) % 10)
    assert loss.item() == pytest.approx(math.log(10), abs=1e-6)
