"""Laws of the optimiser: max-norm, momentum, schedules, the loss of guessing."""

import math
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional

from regx.config.sections.optim import OptimConfig
from regx.training.optim import Sgd, project_max_norm_
from regx.training.schedules import lr_at, momentum_at


def optim(**settings: object) -> OptimConfig:
    return OptimConfig.model_validate({"lr": 0.1, **settings})


@pytest.mark.parametrize("shape", [(8, 5), (8, 3, 3, 3)])
@pytest.mark.parametrize("channels_last", [False, True])
def test_max_norm_is_the_smaller_of_old_norm_and_radius(shape: tuple[int, ...], channels_last: bool) -> None:
    """Srivastava et al. 2014, section 5.1; rows inside the ball keep every bit."""
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    if channels_last and weight.ndim == 4:
        weight = weight.to(memory_format=torch.channels_last)
    before = weight.clone()
    old_norms = before.flatten(1).norm(dim=1)
    radius = 1.001 * float(old_norms.median())
    project_max_norm_(weight, max_norm=radius)
    torch.testing.assert_close(weight.flatten(1).norm(dim=1), old_norms.clamp(max=radius))
    inside = old_norms <= radius
    assert 0 < inside.sum() < len(inside)
    assert torch.equal(weight[inside], before[inside])


def test_max_norm_leaves_zero_rows_and_shows_broken_ones() -> None:
    weight = torch.tensor([[0.0, 0.0], [math.nan, 1.0], [math.inf, 1.0]])
    project_max_norm_(weight, max_norm=1.0)
    assert weight[0].tolist() == [0.0, 0.0]
    assert weight[1:].isnan().any(dim=1).all()


def test_max_norm_refuses_a_radius_of_zero() -> None:
    with pytest.raises(ValueError, match="must be > 0"):
        project_max_norm_(torch.ones(2, 2), max_norm=0.0)


@pytest.mark.parametrize("momentum", [0.0, 0.9, {"start": 0.0, "end": 0.9, "steps": 3}])
def test_velocity_under_a_constant_gradient(momentum: object) -> None:
    """v <- mu v + g; w <- w - lr v, as a plain loop; the limit of v is g / (1 - mu)."""
    config = optim(momentum=momentum)
    layer = nn.Linear(1, 1, bias=False).double()
    nn.init.zeros_(layer.weight)
    optimizer = Sgd(layer, config)
    weight = velocity = 0.0
    for step in range(300):
        mu = momentum_at(config, step=step)
        velocity = mu * velocity + 2.0
        weight -= 0.1 * velocity
        layer.weight.grad = torch.full_like(layer.weight, 2.0)
        optimizer.step(lr=0.1, momentum=mu)
    assert layer.weight.item() == pytest.approx(weight, rel=1e-9)
    assert velocity == pytest.approx(2.0 / (1 - mu), rel=1e-9)


def test_weight_decay_acts_on_weights_alone() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    optimizer = Sgd(network, optim(weight_decay=0.5, momentum=0.0))
    before = {name: value.clone() for name, value in network.named_parameters()}
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step(lr=0.1, momentum=0.0)
    for name, value in network.named_parameters():
        factor = 1 - 0.1 * 0.5 if name == "0.weight" else 1.0
        torch.testing.assert_close(value, before[name] * factor)


@pytest.mark.parametrize(
    ("decay", "step", "expected"),
    [
        ({"kind": "none"}, 39, 1.0),
        ({"kind": "exponential", "factor": 0.9}, 9, 1.0),  # within the first epoch
        ({"kind": "exponential", "factor": 0.9}, 39, 0.9**3),
        ({"kind": "step", "factor": 0.1, "every_epochs": 2}, 19, 1.0),
        ({"kind": "step", "factor": 0.1, "every_epochs": 2}, 39, 0.1),
        ({"kind": "inverse_time", "half_life_steps": 20}, 20, 0.5),
        ({"kind": "inverse_time", "half_life_steps": 20}, 1, 20 / 21),
        ({"kind": "linear", "end_factor": 0.2}, 0, 1.0),
        ({"kind": "linear", "end_factor": 0.2}, 39, 0.2),
        ({"kind": "cosine"}, 0, 1.0),
        ({"kind": "cosine", "end_factor": 0.5}, 39, 0.5),
        ({"kind": "cosine"}, 13, (1 + math.cos(math.pi / 3)) / 2),
    ],
)
def test_schedules(decay: dict[str, object], step: int, expected: float) -> None:
    """Four epochs of ten steps; the factor on lr before the step that follows `step` completed ones."""
    lr = lr_at(optim(lr_decay=decay), step=step, steps_per_epoch=10, num_steps=40)
    assert lr == pytest.approx(0.1 * expected, rel=1e-12)


def test_momentum_ramp_rises_and_stays() -> None:
    config = optim(momentum={"start": 0.5, "end": 0.9, "steps": 4})
    assert [momentum_at(config, step=step) for step in (0, 1, 4, 9)] == pytest.approx([0.5, 0.6, 0.9, 0.9])


def test_zero_logits_lose_ln_k() -> None:
    loss = functional.cross_entropy(torch.zeros(7, 10), torch.arange(7))
    assert loss.item() == pytest.approx(math.log(10))


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_step_is_that_of_torch(nesterov: bool) -> None:
    """Bit for bit the fused optimiser of torch, on a channels-last convolution too."""
    networks = [nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(3 * 16, 4)) for _ in range(2)]
    networks[1].load_state_dict(networks[0].state_dict())
    for network in networks:
        network.to(memory_format=torch.channels_last)
    reference = torch.optim.SGD(networks[1].parameters(), lr=0.1, momentum=0.9, nesterov=nesterov, fused=True)
    ours = Sgd(networks[0], optim(nesterov=nesterov))
    x = torch.randn(5, 2, 6, 6, generator=torch.Generator().manual_seed(0))
    for _ in range(4):
        for network in networks:
            network(x).pow(2).mean().backward()
        ours.step(lr=0.1, momentum=0.9)
        reference.step()
        reference.zero_grad()
    pairs = zip(networks[0].parameters(), networks[1].parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_training_does_not_import_the_compiler() -> None:
    """It takes seconds, more than a small run."""
    code = (
        "import sys, torch\n"
        "from regx.training.optim import Sgd; from regx.config.sections.optim import OptimConfig\n"
        "layer = torch.nn.Linear(2, 2); layer(torch.ones(1, 2)).sum().backward()\n"
        "Sgd(layer, OptimConfig(lr=0.1)).step(lr=0.1, momentum=0.9); sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_rate_of_zero_moves_nothing() -> None:
    layer = nn.Linear(3, 2)
    before = layer.weight.detach().clone()
    optimizer = Sgd(layer, optim(momentum=0.9))
    for _ in range(3):
        layer(torch.ones(1, 3)).sum().backward()
        optimizer.step(lr=0.0, momentum=0.9)
    assert torch.equal(layer.weight, before)


def test_max_norm_does_not_hide_weights_that_blew_up() -> None:
    """A norm that overflows must not shrink its unit to zero, which would look healthy."""
    weight = project_max_norm_(torch.full((2, 4), 1e20), max_norm=3.0)
    assert weight.isnan().all()
