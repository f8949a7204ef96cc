"""`model.batch_norm`: batch normalisation, and what can be put in place of its statistics."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from regx.config.sections.fields import ADDED_LATER, Section, optional

__all__ = ["BatchNorm", "BatchNormConfig", "BatchNormNoiseConfig"]


class BatchNormNoiseConfig(Section):
    """Noise after batch norm that moves each unit's distribution at every step, in training only."""

    mean_sd: float = Field(
        default=0.5,
        ge=0,
        le=1e3,
        description="A unit's shift is drawn from N(0, mean_sd^2) anew at each step, in its own units.",
    )
    scale_max: float = Field(
        default=1.25,
        ge=1,
        le=1e3,
        description="A unit's scale is drawn evenly from [1, scale_max] anew at each step.",
    )


NumImages = Annotated[int, Field(ge=2, le=1_000_000)]


class BatchNormConfig(Section):
    """Batch normalisation (Ioffe & Szegedy 2015), before the activation."""

    affine: bool = Field(
        default=True, description="Learn a scale (gamma) and a shift (beta) for each unit or channel."
    )
    update_weight: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="Weight of the NEW batch in the running mean and variance (torch calls it momentum).",
    )
    eps: float = Field(
        default=1e-5,
        gt=0,
        le=1,
        description="Added to the variance before the square root, in squared input units.",
    )
    ghost_size: Annotated[NumImages | None, optional(NumImages), ADDED_LATER] = Field(
        default=None,
        description=(
            "Images that are normalised together: each run of so many within a batch has statistics of its "
            "own; running statistics take their mean (Hoffer et al. 2017). Omitted: the whole batch."
        ),
    )
    reference_images: Annotated[NumImages | None, optional(NumImages), ADDED_LATER] = Field(
        default=None,
        description=(
            "Normalise every batch with the statistics that the first so many training images have under the "
            "weights of the moment; gradients pass through them, and evaluation uses the same. A step costs "
            "as much as one with so many more images. Omitted: the batch's own statistics."
        ),
    )
    noise: Annotated[BatchNormNoiseConfig | None, optional(BatchNormNoiseConfig), ADDED_LATER] = Field(
        default=None,
        description=(
            "Shift and scale of every unit's output, drawn anew at each training step and the same for all "
            "images of a batch; none at evaluation (after Santurkar et al. 2018, section 2.1). Omitted: off."
        ),
    )


def _switch(value: Any) -> Any:
    """`true` is batch norm with its defaults, null and none are off."""
    if value is True:
        return {}
    return False if value is None or value == "none" else value


def _settings_or_switch(value: Any) -> str:
    return "<settings>" if isinstance(value, dict | BatchNormConfig) else "<switch>"


BatchNorm = Annotated[
    Annotated[
        Annotated[BatchNormConfig, Tag("<settings>")] | Annotated[Literal[False], Tag("<switch>")],
        Discriminator(_settings_or_switch),
    ],
    BeforeValidator(_switch, json_schema_input_type=BatchNormConfig | bool | Literal["none"] | None),
]
