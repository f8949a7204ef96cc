"""A change that is not meant to move results gives the losses that are stored."""

import json

import pytest
from store_losses import CONFIGS, NUM_STEPS, STORE, first_losses


@pytest.mark.parametrize("name", CONFIGS)
def test_first_losses(name: str) -> None:
    stored = json.loads(STORE.read_text())[name]
    assert len(stored) == NUM_STEPS
    assert first_losses(CONFIGS[name]) == pytest.approx(stored, rel=1e-4)
