import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from regx.data.images import balanced_subset

LABELS = torch.arange(1000) % 10


def draw(labels, size, seed=0):
    return balanced_subset(labels, size, torch.Generator().manual_seed(seed))


def test_whole_pool_is_taken_in_order():
    assert torch.equal(draw(LABELS, None), torch.arange(1000))


@settings(max_examples=50, deadline=None)
@given(size=st.integers(1, 1000), seed=st.integers(0, 2**53))
def test_classes_differ_by_at_most_one(size, seed):
    rows = draw(LABELS, size, seed)
    counts = torch.bincount(LABELS[rows], minlength=10)
    assert counts.max() - counts.min() <= 1
    assert rows.unique().shape == (size,)
    assert torch.equal(rows, rows.sort().values)


def test_smaller_subset_of_a_seed_lies_in_the_larger():
    assert torch.isin(draw(LABELS, 55), draw(LABELS, 110)).all()


def test_which_classes_get_the_extra_image_is_drawn():
    extra = {tuple(torch.bincount(LABELS[draw(LABELS, 13, seed)]).tolist()) for seed in range(20)}
    assert len(extra) > 10


def test_every_image_is_as_likely_as_any_other():
    """400 draws of 100 of 1,000: each image about 40 times, sd 6; 5 sd either side."""
    times = torch.zeros(1000)
    for seed in range(400):
        times[draw(LABELS, 100, seed)] += 1
    assert times.min() > 10
    assert times.max() < 70


def test_a_class_with_too_few_images_gives_all_and_the_others_fill_up():
    labels = torch.tensor([0] * 3 + [2] * 50 + [1] * 50)
    rows = draw(labels, 43)
    assert torch.bincount(labels[rows]).tolist() == [3, 20, 20]


def test_seed_decides():
    assert torch.equal(draw(LABELS, 100, 1), draw(LABELS, 100, 1))
    assert not torch.equal(draw(LABELS, 100, 1), draw(LABELS, 100, 2))


@pytest.mark.parametrize("size", [0, -1, 1001])
def test_impossible_size_is_refused(size):
    with pytest.raises(ValueError, match=r"in \[1, 1000\]"):
        draw(LABELS, size)
