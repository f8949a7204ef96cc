"""Laws of batch normalisation that hold exactly; Ioffe & Szegedy 2015."""

import pytest
import torch
from torch import nn


@pytest.mark.parametrize("scale", [1e-2, 3.0, 1e2])
def test_scaling_weights_changes_neither_output_nor_input_gradient(scale: float) -> None:
    """Section 3.3: BN(aWu) = BN(Wu), d/du unchanged, d/d(aW) = (1/a) d/dW."""
    gen = torch.Generator().manual_seed(0)
    u_NF = torch.randn(32, 5, generator=gen, dtype=torch.double)
    weight_UF = torch.randn(4, 5, generator=gen, dtype=torch.double)
    target_NU = torch.randn(32, 4, generator=gen, dtype=torch.double)

    def outputs_and_gradients(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        norm = nn.BatchNorm1d(4, eps=1e-12, dtype=torch.double)
        inputs, weights = u_NF.clone().requires_grad_(), weight.clone().requires_grad_()
        output = norm(inputs @ weights.T)
        ((output - target_NU) ** 2).sum().backward()
        assert inputs.grad is not None
        assert weights.grad is not None
        return output.detach(), inputs.grad, weights.grad

    output, input_grad, weight_grad = outputs_and_gradients(weight_UF)
    scaled_output, scaled_input_grad, scaled_weight_grad = outputs_and_gradients(scale * weight_UF)
    torch.testing.assert_close(scaled_output, output, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(scaled_input_grad, input_grad, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(scaled_weight_grad, weight_grad / scale, rtol=1e-6, atol=1e-9)


def test_update_weight_is_the_weight_of_the_new_batch() -> None:
    """Normalised with the biased variance, stored with the unbiased one: 1 -> 0.9 + 0.1 * 5/3."""
    norm = nn.BatchNorm1d(1, momentum=0.1)
    norm(torch.tensor([[10.0], [11.0], [12.0], [13.0]]))
    assert norm.running_var is not None
    torch.testing.assert_close(norm.running_var, torch.tensor([0.9 + 0.1 * 5 / 3]))
