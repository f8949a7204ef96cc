"""What a config may assume of each data set: its shape and its split.

These facts live beside the schema, and not beside the code that reads the images, so that a config can be
checked (a network that does not fit, a subset that is too large) without importing torch.
"""

from dataclasses import dataclass

__all__ = ["DATASETS", "DatasetFacts"]


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """Shape and fixed split of one data set.

    Attributes:
        channels: Colour channels, C.
        size: Height and width in pixels; all images are square.
        num_classes: Number of classes, K.
        num_pool: Images that training subsets are drawn from.
        num_valid: Images held out for choosing (tuning, best epoch).
        num_test: Images read once, at the end of a run.
    """

    channels: int
    size: int
    num_classes: int
    num_pool: int
    num_valid: int
    num_test: int

    @property
    def num_inputs(self) -> int:
        """Pixels times channels: the inputs of a fully connected network."""
        return self.channels * self.size**2


DATASETS = {
    "digits": DatasetFacts(channels=1, size=8, num_classes=10, num_pool=1000, num_valid=297, num_test=500),
    "mnist": DatasetFacts(
        channels=1, size=28, num_classes=10, num_pool=50_000, num_valid=10_000, num_test=10_000
    ),
    "fashion_mnist": DatasetFacts(
        channels=1, size=28, num_classes=10, num_pool=50_000, num_valid=10_000, num_test=10_000
    ),
    "cifar10": DatasetFacts(
        channels=3, size=32, num_classes=10, num_pool=45_000, num_valid=5_000, num_test=10_000
    ),
}
