"""From a data set to tensors: what is fitted, what is drawn, in which layout."""

from dataclasses import replace

import pytest
import torch
from small_config import small_config

from regx.data.load import Dataset
from regx.training.start import prepare


@pytest.mark.parametrize("preprocess", ["center", "standardize", "standardize_pixels", "zca_whiten"])
def test_only_the_training_subset_is_fitted(digits: Dataset, preprocess: str) -> None:
    """Other pixels outside the subset change nothing inside it."""
    settings = small_config(data={"train_size": 200, "preprocess": preprocess})
    device = torch.device("cpu")
    data = prepare(settings, digits, device)
    flipped = replace(digits, valid_images=255 - digits.valid_images, test_images=255 - digits.test_images)
    assert torch.equal(prepare(settings, flipped, device).train.pixels, data.train.pixels)
    assert data.train.pixels.mean().abs() < 1e-3


def test_layout_and_sizes(digits: Dataset) -> None:
    data = prepare(small_config(data={"train_size": 200}), digits, torch.device("cpu"))
    assert data.train.pixels.shape == (200, 8, 8, 1)
    assert (len(data.train_slice), len(data.valid), len(data.test)) == (200, 297, 500)
    pixels, labels = data.train.batch(torch.tensor([3, 1]))
    assert pixels.shape == (2, 1, 8, 8)
    assert torch.equal(labels, data.train.labels[[3, 1]])
