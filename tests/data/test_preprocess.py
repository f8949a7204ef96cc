import typing

import pytest
import torch

from regx.config.sections.data import DataConfig
from regx.data.preprocess import EXACT_ROWS, covariance, fit, mean_and_deviation

KINDS = typing.get_args(DataConfig.model_fields["preprocess"].annotation)


def images(count=200, channels=1, size=6, seed=0):
    """Smooth random images, so that pixels are correlated, with a border that never varies."""
    draw = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, channels, 3, 3, generator=draw)
    fine = torch.nn.functional.interpolate(coarse, size=size, mode="bilinear")
    fine = (fine + 0.1 * torch.rand(fine.shape, generator=draw)) * 220
    fine[..., 0] = 7
    return fine.to(torch.uint8)


def rows(kind, train, other=None):
    return fit(kind, train)(train if other is None else other).flatten(1).double()


def cov(rows):
    return torch.cov(rows.T, correction=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2, 20, 200])
def test_shape_and_type_stay_and_everything_is_finite(kind, count):
    """20 images of 36 pixels: fewer images than features; 1: no variance at all."""
    train = images(count, channels=3 if count == 20 else 1)
    transform = fit(kind, train)
    for given in (train, images(5, channels=train.shape[1], seed=1)):
        result = transform(given)
        assert result.shape == given.shape
        assert result.dtype == torch.float32
        assert result.isfinite().all()
        assert result.abs().max() < 100


@pytest.mark.parametrize("kind", KINDS)
def test_images_of_one_colour_are_no_trouble(kind):
    assert rows(kind, torch.full((10, 1, 4, 4), 9, dtype=torch.uint8)).isfinite().all()


def test_none_is_pixels_in_0_to_1():
    torch.testing.assert_close(fit("none", images())(images()), images().float() / 255)


def test_center_subtracts_the_mean_image():
    pixels = images().flatten(1).double() / 255
    torch.testing.assert_close(rows("center", images()), pixels - pixels.mean(0), atol=1e-6, rtol=0)


def test_standardize_is_per_channel():
    train = images(channels=3)
    result = fit("standardize", train)(train).double()
    torch.testing.assert_close(result.mean((0, 2, 3)), torch.zeros(3).double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(result.std((0, 2, 3), correction=0), torch.ones(3).double(), atol=1e-6, rtol=0)
    assert result.flatten(2).mean((0, 2)).abs().max() < result.mean(0).abs().max()


def test_standardize_pixels_floors_the_deviation_of_dead_pixels():
    train = images()
    train[0, 0, 0, 0] += 1  # a pixel that varies in one image only
    deviation = rows("standardize_pixels", train).std(0, correction=0)
    alive = train.flatten(1).double().std(0, correction=0) > 10
    torch.testing.assert_close(deviation[alive], torch.ones_like(deviation[alive]), atol=1e-5, rtol=0)
    assert 0 < deviation[0] < 0.1
    assert rows("standardize_pixels", train).abs().max() < 10


def test_decorrelated_components_are_uncorrelated_and_keep_all_variance():
    result = cov(rows("pca_decorrelate", images()))
    before = cov(images().flatten(1).double() / 255)
    torch.testing.assert_close(result, result.diag().diag(), atol=1e-7, rtol=0)
    torch.testing.assert_close(result.trace(), before.trace())
    assert torch.equal(result.diag(), result.diag().sort(descending=True).values)


def test_whitened_components_have_the_variance_that_eps_leaves():
    values = torch.linalg.eigvalsh(cov(images().flatten(1).double() / 255)).flip(0)
    share = values.cumsum(0) / values.sum()
    kept = int((share < 0.99).sum()) + 1
    expected = torch.zeros(36).double()
    expected[:kept] = values[:kept] / (values[:kept] + 0.01 * values.mean())
    assert 1 < kept < 36
    torch.testing.assert_close(cov(rows("pca_whiten", images())), expected.diag(), atol=1e-5, rtol=0)


def test_zca_is_pca_whitening_rotated_back():
    white, zca = rows("pca_whiten", images()), rows("zca_whiten", images())
    torch.testing.assert_close(white @ white.T, zca @ zca.T, atol=1e-4, rtol=1e-5)  # distances stay
    centred = rows("center", images())
    correlation = torch.corrcoef(torch.stack([zca.flatten(), centred.flatten()]))[0, 1]
    assert correlation > 0.5  # and the images are still to be seen, which the rotated ones are not


def test_eigenvectors_have_their_largest_component_positive():
    axes = torch.eye(36).reshape(36, 1, 6, 6)
    scaled = (axes * 200).to(torch.uint8)
    train = images()
    transform = fit("pca_decorrelate", train)
    vectors = (transform(scaled) - transform(torch.zeros_like(scaled))).flatten(1)  # (pixel, component)
    vectors = vectors[:, vectors.abs().amax(0) > 0]
    assert (vectors.gather(0, vectors.abs().argmax(0, keepdim=True)) > 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_training_images_are_looked_at(kind):
    transform = fit(kind, images())
    alone = transform(images(3, seed=2))
    together = transform(torch.cat([images(3, seed=2), torch.full((50, 1, 6, 6), 255, dtype=torch.uint8)]))
    torch.testing.assert_close(together[:3], alone, atol=1e-5, rtol=1e-5)


def test_covariance_is_exact_over_many_chunks():
    train = torch.randint(
        256, (2 * EXACT_ROWS + 5, 1, 3, 3), generator=torch.Generator().manual_seed(0)
    ).byte()
    mean, matrix = covariance(train)
    pixels = train.flatten(1).double() / 255
    torch.testing.assert_close(matrix, cov(pixels), atol=1e-14, rtol=0)
    torch.testing.assert_close(mean.flatten() / 255, pixels.mean(0), atol=1e-14, rtol=0)
    shuffled = train[torch.randperm(len(train), generator=torch.Generator().manual_seed(1))]
    assert torch.equal(covariance(shuffled)[1], matrix)
    assert torch.equal(mean_and_deviation(shuffled)[1], mean_and_deviation(train)[1])


def test_extreme_pixels_stay_exact():
    train = torch.zeros(EXACT_ROWS, 1, 1, 2, dtype=torch.uint8)
    train[0] = 255
    assert covariance(train)[1].unique().numel() == 1


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="no preprocessing 'whiten'"):
        fit("whiten", images())


def test_real_digits_whiten_on_their_own_training_images(digits):
    transform = fit("pca_whiten", digits.pool_images)
    valid = transform(digits.valid_images).flatten(1)
    kept = valid[:, valid.std(0) > 0]
    assert 20 < kept.shape[1] < 64
    assert 0.8 < kept.std(0).mean() < 1.2
