import typing

import pytest
import torch

from regx.config.sections.data import DataConfig
from regx.data import augment

KINDS = typing.get_args(DataConfig.model_fields["augment"].annotation)


def plan(kind, count=100, seed=0):
    return augment.draw_plan(kind, count, torch.Generator().manual_seed(seed))


def batch(count=100, channels=3, size=8):
    return torch.randn(count, channels, size, size, generator=torch.Generator().manual_seed(1))


def one_by_one(images, plan):
    """The definition, image by image."""
    changed = []
    for image, (flip, top, left) in zip(images, plan.tolist(), strict=True):
        size = image.shape[-1]
        source = image.flip(2) if flip else image
        padded = torch.zeros(image.shape[0], size + 8, size + 8)
        padded[:, 4:-4, 4:-4] = source
        changed.append(padded[:, top : top + size, left : left + size])
    return torch.stack(changed)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_is_changed_as_its_images_one_by_one(kind, memory_format, channels):
    images = batch(channels=channels).to(memory_format=memory_format)
    before = images.clone()
    assert torch.equal(augment.apply(kind, images, plan(kind)), one_by_one(images, plan(kind)))
    assert torch.equal(images, before)


@pytest.mark.parametrize("kind", ["flip", "crop_flip"])
def test_result_is_channels_last_in_memory(kind):
    images = batch().to(memory_format=torch.channels_last)
    assert augment.apply(kind, images, plan(kind)).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("kind", KINDS)
def test_what_happens_to_an_image_does_not_depend_on_its_batch(kind):
    rows = torch.randperm(100, generator=torch.Generator().manual_seed(2))[:7]
    whole = augment.apply(kind, batch(), plan(kind))
    assert torch.equal(augment.apply(kind, batch()[rows], plan(kind)[rows]), whole[rows])


def test_none_changes_nothing():
    images = batch()
    assert augment.apply("none", images, plan("none")) is images


def test_flips_are_fair_and_shifts_cover_their_range():
    """10,000 images: half are flipped, within 5 sd of 50; each of 81 shifts about 123 times, sd 11."""
    drawn = plan("crop_flip", count=10_000)
    assert abs(int(drawn[:, 0].sum()) - 5000) < 250
    times = torch.bincount(drawn[:, 1] * 9 + drawn[:, 2], minlength=81)
    assert times.shape == (81,)
    assert times.min() > 68
    assert times.max() < 178


def test_flip_does_not_shift():
    assert (plan("flip")[:, 1:] == augment.MAX_SHIFT).all()


def test_generator_decides():
    assert torch.equal(plan("crop_flip", seed=3), plan("crop_flip", seed=3))
    assert not torch.equal(plan("crop_flip", seed=3), plan("crop_flip", seed=4))


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="no augmentation 'cutout'"):
        plan("cutout")


@pytest.mark.gpu
@pytest.mark.parametrize("kind", KINDS)
def test_cuda_gives_the_same_images(kind):
    images = batch().cuda()
    assert images.is_cuda
    changed = augment.apply(kind, images, plan(kind).cuda())
    assert torch.equal(changed.cpu(), augment.apply(kind, batch(), plan(kind)))
