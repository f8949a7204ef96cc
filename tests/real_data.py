"""Fixtures that give real data, from the cache of this machine or, once, from the network.

A test that asks for a data set which no source gives is skipped, with the reason. The fixtures last for a
whole session, so the sources are tried once and not again for each test.
"""

import pytest

from regx.data.fetch import NoSourceError
from regx.data.load import Dataset, load_dataset


def _load(name: str) -> Dataset:
    try:
        return load_dataset(name)
    except NoSourceError as error:
        tried = str(error).splitlines()[:-2]  # the last two say how to bring it
        pytest.skip("; ".join(line.strip() for line in tried))


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """The embedded digits: always there."""
    return load_dataset("digits")


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """MNIST."""
    return _load("mnist")


@pytest.fixture(scope="session")
def fashion_mnist() -> Dataset:
    """Fashion-MNIST."""
    return _load("fashion_mnist")


@pytest.fixture(scope="session")
def cifar10() -> Dataset:
    """CIFAR-10."""
    return _load("cifar10")
