"""The contract of every data set, and what is published of each."""

import dataclasses
import hashlib
import sys
import typing
from pathlib import Path

import pytest
import torch
from make_digits import split_digits
from small_set import small_arrays, small_spec

from regx.config.sections.data import DataConfig
from regx.data.arrays import content_sha256, write_npz
from regx.data.cache import DamagedCacheError, cached_file, is_here, read_cache
from regx.data.fetch import check_published
from regx.data.load import Dataset, find, load_dataset
from regx.data.preprocess import mean_and_deviation
from regx.data.sets import DATASETS

ROOT = Path(__file__).parents[2]
PARTS = ("pool", "valid", "test")


@pytest.fixture(params=DATASETS)
def dataset(request: pytest.FixtureRequest) -> Dataset:
    found: Dataset = request.getfixturevalue(request.param)
    return found


def test_the_schema_offers_every_file_the_smallest_first():
    offered = typing.get_args(DataConfig.model_fields["name"].annotation)
    files = {path.stem for path in (ROOT / "regx" / "data" / "sets").glob("[a-z]*.py")}
    assert set(offered) == files
    assert offered[0] == "digits"


@pytest.mark.parametrize("name", DATASETS)
def test_spec_says_whose_it_is_and_how_it_is_checked(name):
    spec = find(name)
    assert spec.name == name
    assert len(spec.sha256) == 64
    assert all((spec.title, spec.licence, spec.citation))
    if not spec.embedded:
        assert [source.kind for source in spec.sources] == ["torchvision", "packages"]
        assert spec.md5


@pytest.mark.parametrize("name", DATASETS)
def test_page_about_data_has_its_hash(name):
    page = ROOT / "docs" / "data.md"
    assert f"| `{name}` | `{find(name).sha256}` |" in page.read_text(encoding="utf-8")


def test_split_is_the_declared_one(dataset):
    facts = find(dataset.name).facts
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
    arrays = read_cache(spec)
    assert arrays is not None
    check_published(spec, arrays)
    assert dataset.sha256 == spec.sha256


def test_only_what_is_fetched_has_a_file_in_the_cache(dataset):
    spec = find(dataset.name)
    assert is_here(spec)
    assert (cached_file(spec) is None) == (spec.embedded is not None)


def test_digits_are_split_evenly_by_class(digits):
    total = sum(torch.bincount(getattr(digits, f"{part}_labels")) for part in PARTS)
    for part in PARTS:
        labels = getattr(digits, f"{part}_labels")
        share = torch.bincount(labels) - total * len(labels) / 1797
        assert share.abs().max() <= 2


def test_digits_are_those_of_scikit_learn_byte_for_byte(tmp_path):
    write_npz(tmp_path / "digits.npz", split_digits())
    assert (tmp_path / "digits.npz").read_bytes() == find("digits").embedded.read_bytes()


def test_digits_are_read_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert load_dataset("digits").sha256 == find("digits").sha256


def test_the_package_says_whose_the_digits_are(digits):
    spec = find("digits")
    note = spec.embedded.with_name("digits.LICENSE").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    for text in (spec.citation, note, page):
        assert "https://doi.org/10.24432/C50P49" in text
    assert spec.licence in note


class TestEmbeddedIsCheckedLikeAllOthers:
    @pytest.fixture
    def embedded(self, tmp_path):
        path = tmp_path / "small.npz"
        write_npz(path, small_arrays())
        return dataclasses.replace(small_spec(), embedded=path)

    def test_its_content_is_read_from_the_package(self, embedded, monkeypatch):
        monkeypatch.setenv("REGX_DATA", "/nowhere")
        assert content_sha256(read_cache(embedded)) == embedded.sha256

    def test_another_content_is_refused(self, embedded):
        with pytest.raises(DamagedCacheError, match="holds other images or labels than small"):
            read_cache(dataclasses.replace(embedded, sha256="0" * 64))

    def test_a_cut_file_is_refused(self, embedded):
        embedded.embedded.write_bytes(embedded.embedded.read_bytes()[:700])
        with pytest.raises(DamagedCacheError, match="is damaged"):
            read_cache(embedded)

    def test_a_missing_file_is_refused(self, embedded):
        embedded.embedded.unlink()
        with pytest.raises(DamagedCacheError, match="is missing"):
            read_cache(embedded)

    def test_training_on_another_content_ends_before_it_begins(self, cli, monkeypatch):
        monkeypatch.setitem(DATASETS, "digits", dataclasses.replace(DATASETS["digits"], sha256="0" * 64))
        Path("a.yaml").write_text("name: a\ndata: {name: digits}\nmodel: {family: mlp}\noptim: {lr: 0.1}\n")
        for command in (("train", "a.yaml"), ("data", "check", "digits")):
            done = cli(*command)
            assert done.code == 2
            assert done.err.splitlines()[-1].endswith(
                "is damaged (it holds other images or labels than digits); install regx again"
            )
        assert not list(Path().rglob("metrics.csv"))


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
