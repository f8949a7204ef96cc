"""The contract of every data set, and what is published of each."""

import hashlib
import typing
from pathlib import Path

import pytest
import torch

from regx.config import DATASETS
from regx.config.schema import DataConfig
from regx.data import Dataset, known, status
from regx.data.cache import read_cache
from regx.data.fetch import verify
from regx.data.moments import mean_and_deviation
from regx.data.registry import find

PARTS = ("pool", "valid", "test")


@pytest.fixture(params=known())
def dataset(request: pytest.FixtureRequest) -> Dataset:
    found: Dataset = request.getfixturevalue(request.param)
    return found


def test_files_facts_and_schema_name_the_same_data_sets():
    assert len(known()) >= 4
    assert list(known()) == list(DATASETS)
    assert typing.get_args(DataConfig.model_fields["name"].annotation) == known()


@pytest.mark.parametrize("name", known())
def test_spec_says_whose_it_is_and_how_it_is_checked(name):
    spec = find(name)
    assert spec.name == name
    assert len(spec.sha256) == 64
    assert all((spec.title, spec.licence, spec.citation))
    if not spec.embedded:
        assert [source.kind for source in spec.sources] == ["torchvision", "packages"]
        assert spec.md5


@pytest.mark.parametrize("name", known())
def test_page_about_data_has_its_hash(name):
    page = Path(__file__).parents[2] / "docs" / "data.md"
    assert f"| `{name}` | `{find(name).sha256}` |" in page.read_text(encoding="utf-8")


def test_split_is_the_declared_one(dataset):
    facts = DATASETS[dataset.name]
    for part, count in zip(PARTS, (facts.num_pool, facts.num_valid, facts.num_test), strict=True):
        images, labels = getattr(dataset, f"{part}_images"), getattr(dataset, f"{part}_labels")
        assert images.shape == (count, facts.channels, facts.size, facts.size)
        assert images.dtype == torch.uint8
        assert images.is_contiguous()
        assert labels.dtype == torch.int64
        assert torch.bincount(labels).shape == (facts.num_classes,)
        assert images.min() == 0
        assert images.max() == 255


def test_parts_share_no_image(dataset):
    images = [getattr(dataset, f"{part}_images")[:1000] for part in PARTS]
    hashes = [{hashlib.sha256(image.numpy()).digest() for image in part} for part in images]
    assert len(set.union(*hashes)) == sum(map(len, hashes))


def test_content_has_the_published_checksums(dataset):
    spec = find(dataset.name)
    arrays = spec.embedded.read() if spec.embedded else read_cache(spec)
    assert arrays is not None
    verify(spec, arrays)
    assert dataset.sha256 == spec.sha256


def test_status_says_where_it_is(dataset):
    found = status(dataset.name)
    if found.spec.embedded:
        assert found.path is None
    else:
        assert found.num_bytes == found.path.stat().st_size


def test_digits_are_split_evenly_by_class(digits):
    total = sum(torch.bincount(getattr(digits, f"{part}_labels")) for part in PARTS)
    for part in PARTS:
        labels = getattr(digits, f"{part}_labels")
        share = torch.bincount(labels) - total * len(labels) / 1797
        assert share.abs().max() <= 2


def test_digits_are_those_of_scikit_learn(digits):
    from sklearn.datasets import load_digits

    ours = torch.cat([getattr(digits, f"{part}_images") for part in PARTS]).flatten(1)
    theirs = torch.from_numpy(load_digits().data) * 255 / 16
    assert torch.equal(ours.sort(0).values, (theirs + 0.5).floor().to(torch.uint8).sort(0).values)


def test_mnist_validates_on_the_last_training_images(mnist):
    assert mnist.pool_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.valid_labels[-5:].tolist() == [8, 3, 5, 6, 8]
    assert mnist.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_cifar10_has_the_published_means_and_deviations(cifar10):
    mean = torch.tensor([0.4914, 0.4822, 0.4465], dtype=torch.float64)
    deviation = torch.tensor([0.2470, 0.2435, 0.2616], dtype=torch.float64)
    train = torch.cat([cifar10.pool_images, cifar10.valid_images])
    found = [statistic.flatten() / 255 for statistic in mean_and_deviation(train, per_channel=True)]
    torch.testing.assert_close(found, [mean, deviation], atol=6e-5, rtol=0)
