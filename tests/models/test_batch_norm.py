"""What stands around batch norm: ghosts, reference images, noise."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from regx.config.sections.model import ModelConfig
from regx.data.sets import DATASETS
from regx.models.batch_norm import BatchNormNoise, GhostBatchNorm, PrependReference, ReferenceBatchNorm
from regx.models.network import build_model
from regx.training.seeding import generator


def activations(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return 3 + 2 * torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def batch_norm(channels: int, dims: int = 2, dtype: torch.dtype = torch.float64) -> Any:
    """A batch norm whose gamma and beta are not those of its start."""
    norm = (nn.BatchNorm2d if dims == 4 else nn.BatchNorm1d)(channels, dtype=dtype)
    nn.init.uniform_(norm.weight, 0.5, 2.0, generator=torch.Generator().manual_seed(1))
    nn.init.uniform_(norm.bias, -1.0, 1.0, generator=torch.Generator().manual_seed(2))
    return norm


def normalised(x: Tensor, statistics_of: Tensor, norm: Any) -> Tensor:
    """The formula, with mean and biased variance over all dimensions but the channels."""
    dims = [dim for dim in range(x.ndim) if dim != 1]
    mean = statistics_of.mean(dim=dims, keepdim=True)
    variance = ((statistics_of - mean) ** 2).mean(dim=dims, keepdim=True)
    each = (1, -1, *(1 for _ in x.shape[2:]))
    return (x - mean) / (variance + norm.eps).sqrt() * norm.weight.view(each) + norm.bias.view(each)


SHAPES = pytest.mark.parametrize("shape", [(12, 5), (12, 5, 3, 3)], ids=["linear", "conv"])


@SHAPES
def test_a_ghost_as_large_as_the_batch_is_batch_norm(shape: tuple[int, ...]) -> None:
    x, plain, inner = activations(*shape), batch_norm(5, len(shape)), batch_norm(5, len(shape))
    assert torch.equal(GhostBatchNorm(inner, 12)(x), plain(x))
    assert torch.equal(inner.running_mean, plain.running_mean)
    assert torch.equal(inner.running_var, plain.running_var)


@SHAPES
def test_each_ghost_has_statistics_of_its_own(shape: tuple[int, ...]) -> None:
    x, norm = activations(*shape), batch_norm(5, len(shape))
    output = GhostBatchNorm(norm, 4)(x)
    for ghost, part in zip(x.split(4), output.split(4), strict=True):
        torch.testing.assert_close(part, normalised(ghost, ghost, norm))


def test_running_statistics_take_the_mean_of_the_ghosts() -> None:
    """By hand: means 2 and 6, unbiased variances 2 and 8; 0.9 * the start + 0.1 * the mean."""
    norm = nn.BatchNorm1d(1)
    GhostBatchNorm(norm, 2)(torch.tensor([[1.0], [3.0], [4.0], [8.0]]))
    assert norm.running_mean is not None
    assert norm.running_var is not None
    torch.testing.assert_close(norm.running_mean, torch.tensor([0.1 * 4.0]))
    torch.testing.assert_close(norm.running_var, torch.tensor([0.9 + 0.1 * 5.0]))


@pytest.mark.parametrize("wrap", [GhostBatchNorm, ReferenceBatchNorm])
def test_in_eval_mode_the_running_statistics_act(wrap: Any) -> None:
    x, norm = activations(12, 5), batch_norm(5)
    layer = wrap(norm, 4)
    layer(x)
    layer.eval()
    assert torch.equal(layer(x), norm(x))
    expected = (x - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
    torch.testing.assert_close(layer(x), expected)


@SHAPES
def test_reference_images_give_the_statistics_of_all(shape: tuple[int, ...]) -> None:
    x, norm = activations(*shape), batch_norm(5, len(shape))
    output = ReferenceBatchNorm(norm, 7)(x)
    torch.testing.assert_close(output, normalised(x, x[:7], norm))
    torch.testing.assert_close(output[:7], batch_norm(5, len(shape))(x[:7]))  # torch agrees of its own batch
    dims = [0, *range(2, x.ndim)]
    torch.testing.assert_close(norm.running_mean, x[:7].mean(dim=dims))
    torch.testing.assert_close(norm.running_var, x[:7].var(dim=dims, correction=0))


def test_without_affine_reference_images_only_normalise() -> None:
    x, norm = activations(12, 5), nn.BatchNorm1d(5, affine=False, dtype=torch.float64)
    output = ReferenceBatchNorm(norm, 7)(x)[:7]
    torch.testing.assert_close(output.mean(dim=0), torch.zeros(5, dtype=torch.float64))
    assert output.var(dim=0, correction=0).max() < 1


def test_gradients_pass_through_the_statistics_of_reference_images() -> None:
    """Finite differences in double precision, for reference images and batch, gamma and beta."""
    norm = batch_norm(2)
    layer, x = ReferenceBatchNorm(norm, 3), activations(5, 2).requires_grad_()

    def batch_only(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        del gamma, beta  # they stand in the layer
        return layer(x)[3:]  # type: ignore[no-any-return]

    assert torch.autograd.gradcheck(batch_only, (x, norm.weight, norm.bias))
    [gradient] = torch.autograd.grad((layer(x)[3:] ** 2).sum(), x)
    assert gradient[:3].abs().min() > 1e-6  # the reference rows have a part in it


def network(**batch_norm: object) -> nn.Sequential:
    config = ModelConfig.model_validate(
        {"family": "cnn", "conv_channels": [4], "hidden_sizes": [6], "batch_norm": batch_norm}
    )
    return build_model(config, DATASETS["digits"].facts, lambda name: generator(0, f"init/{name}"))


def test_an_output_does_not_depend_on_the_company_in_the_batch() -> None:
    net, images = network(reference_images=20), activations(50, 1, 8, 8, dtype=torch.float32)
    assert isinstance(net.reference, PrependReference)
    net.reference.images = images[:20]
    alone, together = net(images[40:41]), net(images[40:])
    assert alone.shape == (1, 10)
    torch.testing.assert_close(alone[0], together[0])
    assert not torch.allclose(network()(images[40:])[0], network()(images[38:])[2])  # plain batch norm does


def test_reference_images_must_have_been_given() -> None:
    with pytest.raises(RuntimeError, match="no reference images"):
        network(reference_images=20)(activations(2, 1, 8, 8, dtype=torch.float32))


def test_the_noise_has_its_moments() -> None:
    """Of the shift N(0, 0.5^2); of the scale U(1, 1.25): mean 1.125 and variance 0.25^2 / 12."""
    torch.manual_seed(0)
    units = 100_000
    noise = BatchNormNoise(0.5, 1.25)
    shifted = noise(torch.tensor([0.0, 1.0]).view(2, 1).expand(2, units))
    shift, scale = shifted[0], shifted[1] - shifted[0]
    error = 5 / math.sqrt(units)  # 5 standard errors, in standard deviations
    sd = 0.25 / math.sqrt(12)
    assert shift.mean().item() == pytest.approx(0, abs=0.5 * error)
    assert shift.std().item() == pytest.approx(0.5, abs=0.5 * error / math.sqrt(2))
    assert scale.mean().item() == pytest.approx(1.125, abs=sd * error)
    assert scale.std().item() == pytest.approx(sd, abs=sd * error)
    assert scale.min() + 1e-5 >= 1
    assert scale.max() <= 1.25 + 1e-5


def test_the_noise_is_one_draw_per_channel_and_step() -> None:
    torch.manual_seed(0)
    noise, x = BatchNormNoise(0.5, 1.0), torch.zeros(4, 3, 2, 2)
    first, second = noise(x), noise(x)
    assert torch.equal(first, first[:1, :, :1, :1].expand_as(first))
    assert len(first[0, :, 0, 0].unique()) == 3
    assert not torch.equal(first, second)
    assert noise.eval()(x) is x


def test_the_noise_stands_between_batch_norm_and_what_follows() -> None:
    names = [name for name, _ in network(noise={}).named_children()]
    assert names[:3] == ["conv1", "conv1_norm", "conv1_noise"]
    assert names[-4:] == ["hidden1_norm", "hidden1_noise", "hidden1_act", "output"]


def test_switched_off_they_are_absent() -> None:
    off = network(ghost_size=None, reference_images=None, noise=None)
    assert {type(layer).__module__.split(".")[0] for layer in off.modules()} == {"torch"}
