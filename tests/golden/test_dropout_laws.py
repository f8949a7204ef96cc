"""Laws of inverted dropout that hold exactly."""

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


def test_sgd_with_masks_finds_the_ridge_solution() -> None:
    """The same law by training: the mean of late iterates is the closed form, within 2 per cent."""
    torch.manual_seed(0)
    drop_prob, num_steps = 0.2, 12_000
    x_NF = torch.randn(40, 4, dtype=torch.double)
    y_N = x_NF @ torch.tensor([1.0, -2.0, 0.5, 3.0], dtype=torch.double)
    penalty = drop_prob / (1 - drop_prob) * torch.diag((x_NF**2).sum(dim=0))
    ridge_F = torch.linalg.solve(x_NF.T @ x_NF + penalty, x_NF.T @ y_N)
    dropout = ElementDropout(drop_prob)
    w_F, mean_F = torch.zeros(4, dtype=torch.double), torch.zeros(4, dtype=torch.double)
    for step in range(num_steps):
        kept_NF = dropout(x_NF)
        w_F -= 0.02 * kept_NF.T @ (kept_NF @ w_F - y_N) / len(y_N)
        if step >= 2000:
            mean_F += w_F / (num_steps - 2000)
    assert (mean_F - ridge_F).norm() < 0.02 * ridge_F.norm()
    assert (torch.linalg.lstsq(x_NF, y_N).solution - ridge_F).norm() > 0.1 * ridge_F.norm()
