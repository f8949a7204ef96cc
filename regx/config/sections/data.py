"""`data`: which images, how many, and how they are prepared."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from regx.config.sections.fields import Section, off
from regx.data.sets import DATASETS
from regx.data.spec import DatasetFacts

__all__ = ["DataConfig"]

if TYPE_CHECKING:
    DatasetName = str
else:
    DatasetName = Literal[tuple(DATASETS)]

NumImages = Annotated[int, Field(ge=1)]


class DataConfig(Section):
    """Which images, how many, and how they are prepared."""

    name: DatasetName = Field(
        description="Data set. `digits` is embedded; the others are fetched once (`regx data fetch NAME`)."
    )
    train_size: Annotated[NumImages | None, off(NumImages)] = Field(
        default=None,
        description=(
            "Number of training images, drawn from the training pool by the seed, equally from all "
            "classes. Omitted: the whole pool."
        ),
    )
    preprocess: Literal[
        "none", "center", "standardize", "standardize_pixels", "pca_decorrelate", "pca_whiten", "zca_whiten"
    ] = Field(
        default="standardize",
        description=(
            "Transform of the inputs, computed from the training images only. `none`: pixels in [0, 1]; "
            "`center`: minus the mean image; `standardize`: per channel, mean 0 and deviation 1; "
            "`standardize_pixels`: the same per pixel; `pca_decorrelate`: rotated onto the principal axes; "
            "`pca_whiten`: the same, scaled to equal variance; `zca_whiten`: whitened and rotated back."
        ),
    )
    augment: Literal["none", "flip", "crop_flip"] = Field(
        default="none",
        description=(
            "Random change of each training image in each epoch. `flip`: left-right with probability 1/2; "
            "`crop_flip`: also shifted by up to 4 pixels each way (zeros move in)."
        ),
    )

    @property
    def facts(self) -> DatasetFacts:
        """Shape and split of the data set."""
        return DATASETS[self.name].facts

    @property
    def num_train(self) -> int:
        """Training images of a run."""
        return self.facts.num_pool if self.train_size is None else self.train_size

    @property
    def num_train_slice(self) -> int:
        """Training images that training metrics are taken on: all up to 5,000, else 2,000 of them."""
        return self.num_train if self.num_train <= 5000 else 2000
