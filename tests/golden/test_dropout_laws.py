"""Laws of inverted dropout that hold exactly; that training under dropout obeys them is a sanity gate."""

import math
from itertools import product

import pytest
import torch

from regx.models.dropout import ElementDropout


@pytest.mark.parametrize("drop_prob", [0.2, 0.8])  # never 0.5: there p = 1 - p hides an error
def test_dropout_on_linear_regression_is_ridge(drop_prob: float) -> None:
    """Srivastava et al. 2014, section 9.1, with q = 1 - p and inverted scaling; all masks enumerated."""
    gen = torch.Generator().manual_seed(0)
    x_NF = torch.randn(6, 3, generator=gen, dtype=torch.double)
    y_N = torch.randn(6, generator=gen, dtype=torch.double)
    w_F = torch.randn(3, generator=gen, dtype=torch.double)
    keep = 1 - drop_prob
    expected = torch.zeros((), dtype=torch.double)
    for mask in product([0.0, 1.0], repeat=3):
        weight = math.prod(keep if bit else drop_prob for bit in mask)
        kept = x_NF * torch.tensor(mask, dtype=torch.double) / keep
        expected += weight * ((y_N - kept @ w_F) ** 2).sum()
    ridge = ((y_N - x_NF @ w_F) ** 2).sum() + drop_prob / keep * (x_NF**2 @ w_F**2).sum()
    torch.testing.assert_close(ridge, expected)


@pytest.mark.parametrize("drop_prob", [0.2, 0.8])
def test_the_dropout_layer_zeroes_with_drop_prob_and_scales_what_it_keeps(drop_prob: float) -> None:
    """The layer that the networks use has the convention of the enumeration above."""
    torch.manual_seed(0)
    num_units = 1_000_000
    output_N = ElementDropout(drop_prob)(torch.ones(num_units))
    zeroed = int((output_N == 0).sum())
    # 5 standard deviations of a binomial count
    tolerance = 5 * math.sqrt(num_units * drop_prob * (1 - drop_prob))
    assert abs(zeroed - num_units * drop_prob) < tolerance
    kept = output_N[output_N != 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / (1 - drop_prob)))
