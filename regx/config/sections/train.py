"""`train`: how long, in which batches, at which precision, and how it is measured."""

from typing import Annotated, Literal

from pydantic import Field

from regx.config.sections.fields import MAX_EPOCHS, Section, optional

__all__ = ["TrainConfig"]

ErrorRate = Annotated[float, Field(gt=0, lt=1)]


class TrainConfig(Section):
    """How long, in which batches, at which precision, and how it is measured."""

    epochs: int = Field(default=10, ge=1, le=MAX_EPOCHS, description="Passes over the training images.")
    batch_size: int = Field(
        default=100, ge=1, description="Images per step. The last incomplete batch of an epoch is dropped."
    )
    precision: Literal["fp32", "bf16"] = Field(
        default="fp32",
        description=(
            "Arithmetic of the training step; bf16 is autocast with fp32 weights. Evaluation is always fp32."
        ),
    )
    threads: int = Field(
        default=1,
        ge=1,
        le=1024,
        description="CPU threads of torch: part of what makes a run repeatable bit for bit.",
    )
    target_error: Annotated[ErrorRate | None, optional(ErrorRate)] = Field(
        default=None,
        description="Validation error for time-to-target, as a fraction. Omitted: `compare` chooses.",
    )
    bn_reestimate_images: int = Field(
        default=2000,
        ge=0,
        le=1_000_000,
        description=(
            "Before each evaluation batch-norm statistics are estimated anew on at most so many training "
            "images, without dropout. 0: evaluate with the running statistics."
        ),
    )
