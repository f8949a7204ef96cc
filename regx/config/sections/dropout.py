"""`model.drop_prob` and `model.drop_mask`: how often dropout zeroes, and who shares a mask."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from regx.config.sections.fields import ADDED_LATER, MAX_EPOCHS, PerLayer, Probability, Section

__all__ = ["DropMask", "DropMaskField", "DropProbConfig", "FixedMask", "MaskPerImage"]


class DropProbConfig(Section):
    """Probability of ZEROING a unit (torch's p). Srivastava's p is 1 - this."""

    input: Probability = Field(
        default=0.0, description="Each pixel of the input, element by element. In [0, 1)."
    )
    conv: PerLayer = Field(
        default=0.0,
        description=(
            "After each convolution's pooling: one number for all, or a list with one per layer. In [0, 1)."
        ),
    )
    hidden: PerLayer = Field(
        default=0.0,
        description=(
            "After each hidden layer's activation: one number for all, or a list with one per layer. "
            "In [0, 1)."
        ),
    )


class MaskPerImage(Section):
    """A thinned network of its own for each image and step."""

    kind: Literal["per_image"] = Field(
        description="Each image of each step has a mask of its own; evaluation has none."
    )


class FixedMask(Section):
    """One thinned network from some epoch on."""

    kind: Literal["fixed"] = Field(
        description=(
            "From an epoch on one mask, drawn once from the seed, for all images, in training and in "
            "evaluation; what is kept stays scaled by 1 / (1 - drop_prob)."
        )
    )
    from_epoch: int = Field(
        ge=1, le=MAX_EPOCHS, description="First epoch with the fixed mask; 1 is the first of the run."
    )


def _kind(value: Any) -> str | None:
    if isinstance(value, dict):
        return f"<{value['kind']}>" if "kind" in value else None
    return f"<{value.kind}>" if isinstance(value, DropMask) else None


def _none_is_per_image(value: Any) -> Any:
    return {"kind": "per_image"} if value in (None, "none", "per_image") else value


DropMask = MaskPerImage | FixedMask
DropMaskField = Annotated[
    Annotated[
        Annotated[MaskPerImage, Tag("<per_image>")] | Annotated[FixedMask, Tag("<fixed>")],
        Discriminator(_kind),
    ],
    BeforeValidator(
        _none_is_per_image, json_schema_input_type=DropMask | Literal["none", "per_image"] | None
    ),
    ADDED_LATER,
]
