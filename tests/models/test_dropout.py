"""Element-wise dropout draws its own mask on the CPU, fair and independent; a mask can be fixed."""

import math

import pytest
import torch
from torch import Tensor, nn

from regx.models.dropout import ElementDropout, FixableDropout


def zeroed(drop_prob: float, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    torch.manual_seed(0)
    return ElementDropout(drop_prob)(torch.ones(shape, dtype=dtype)) == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_position_is_zeroed_equally_often(dtype: torch.dtype) -> None:
    """Four draws share a 64-bit word: a bias of one of them would show in its column."""
    trials, drop_prob = 200_000, 0.3
    share_per_column = zeroed(drop_prob, (trials, 8), dtype).double().mean(dim=0)
    tolerance = 5 * math.sqrt(drop_prob * (1 - drop_prob) / trials)
    assert (share_per_column - drop_prob).abs().max() < tolerance


def test_neighbours_are_independent() -> None:
    trials, drop_prob = 200_000, 0.3
    mask = zeroed(drop_prob, (trials, 8)).double()
    centred = mask - drop_prob
    correlations = (centred.T @ centred) / trials / (drop_prob * (1 - drop_prob))
    off_diagonal = correlations - torch.diag(correlations.diagonal())
    assert off_diagonal.abs().max() < 5 / math.sqrt(trials)


def test_the_gradient_passes_where_the_value_passed() -> None:
    torch.manual_seed(0)
    x = torch.randn(50, 3, requires_grad=True)
    y = ElementDropout(0.2)(x)
    y.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, torch.where(y == 0, 0.0, 1.25))


def test_eval_mode_is_the_identity() -> None:
    x = torch.randn(5, 3)
    assert ElementDropout(0.9).eval()(x) is x


def test_the_mask_follows_the_default_generator() -> None:
    layer, x = ElementDropout(0.5), torch.ones(1001)
    torch.manual_seed(1)
    first, second = layer(x), layer(x)
    torch.manual_seed(1)
    assert torch.equal(layer(x), first)
    assert not torch.equal(first, second)


def test_it_keeps_the_memory_format() -> None:
    x = torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last)
    layer = nn.Sequential(ElementDropout(0.5))
    assert layer(x).is_contiguous(memory_format=torch.channels_last)


def test_a_probability_next_to_one_zeroes_nearly_all() -> None:
    torch.manual_seed(0)
    assert ElementDropout(0.999999)(torch.ones(1000)).count_nonzero() <= 5


@pytest.mark.parametrize(
    ("dropout", "shape"),
    [(ElementDropout(0.3), (6, 40)), (ElementDropout(0.3), (6, 4, 5, 5)), (nn.Dropout2d(0.3), (6, 40, 3, 3))],
    ids=["units", "elements", "channels"],
)
def test_a_fixed_mask_is_one_for_all_images_and_modes(dropout: nn.Dropout, shape: tuple[int, ...]) -> None:
    layer, x = FixableDropout(dropout), torch.ones(shape)
    layer.fix_(torch.Generator().manual_seed(3))
    first, second = layer(x), layer(x)
    assert torch.equal(first, first[:1].expand_as(first))
    assert torch.equal(first, second)
    assert torch.equal(first, layer.eval()(x))
    torch.testing.assert_close(first.unique(), torch.tensor([0.0, 1 / 0.7]))
    if isinstance(dropout, nn.Dropout2d):
        assert torch.equal(first, first[..., :1, :1].expand_as(first))


def test_a_fixed_mask_drops_as_often_as_it_says() -> None:
    layer, units = FixableDropout(ElementDropout(0.3)), 100_000
    layer.fix_(torch.Generator().manual_seed(3))
    share = (layer(torch.ones(2, units))[0] == 0).double().mean().item()
    assert share == pytest.approx(0.3, abs=5 * math.sqrt(0.3 * 0.7 / units))


def test_until_its_mask_is_fixed_it_is_the_dropout_itself() -> None:
    x = torch.ones(7, 11)
    torch.manual_seed(1)
    expected = ElementDropout(0.3)(x)
    torch.manual_seed(1)
    layer = FixableDropout(ElementDropout(0.3))
    assert torch.equal(layer(x), expected)
    assert layer.eval()(x) is x


def test_a_mask_first_used_in_evaluation_serves_training() -> None:
    layer, x = FixableDropout(ElementDropout(0.3)), torch.ones(4, 5, requires_grad=True)
    layer.fix_(torch.Generator().manual_seed(3))
    with torch.inference_mode():
        layer(x)
    layer(x).sum().backward()
    assert x.grad is not None
