"""`model`: the network, the regularizers inside it, and the shapes that follow, by arithmetic alone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Tag

from regx.config.sections.fields import (
    ADDED_LATER,
    MAX_EPOCHS,
    MAX_LAYERS,
    PerLayer,
    Probability,
    Section,
    Widths,
    by_form,
    by_kind,
    off,
)
from regx.data.spec import DatasetFacts

__all__ = [
    "BatchNorm",
    "BatchNormConfig",
    "BatchNormNoiseConfig",
    "ConvShape",
    "DropMask",
    "DropMaskField",
    "DropProbConfig",
    "FixedMask",
    "InitConfig",
    "MaskPerImage",
    "ModelConfig",
    "PoolConfig",
    "conv_shapes",
    "hidden_inputs",
    "num_hidden_layers",
    "num_parameters",
]


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
    """Each image has its own thinned network in each step."""

    kind: Literal["per_image"] = Field(
        description="Each image has its own mask in each step. Evaluation has none."
    )


class FixedMask(Section):
    """One thinned network from some epoch on."""

    kind: Literal["fixed"] = Field(
        description=(
            "From an epoch on, all images have the same mask, in training and in evaluation. It is drawn "
            "once from the seed. What is kept stays scaled by 1 / (1 - drop_prob)."
        )
    )
    from_epoch: int = Field(
        ge=1, le=MAX_EPOCHS, description="First epoch with the fixed mask; 1 is the first of the run."
    )


DropMask = MaskPerImage | FixedMask
if TYPE_CHECKING:
    DropMaskField = DropMask
else:
    DropMaskField = Annotated[
        by_kind(DropMask),
        off(DropMask, {"kind": "per_image"}, words=("none", "per_image")),
        ADDED_LATER,
    ]


class BatchNormNoiseConfig(Section):
    """Noise after batch norm that moves each unit's distribution in every training step."""

    mean_sd: float = Field(
        default=0.5,
        ge=0,
        le=1e3,
        description="A unit's shift is drawn from N(0, mean_sd^2) at each step, in its own units.",
    )
    scale_max: float = Field(
        default=1.25,
        ge=1,
        le=1e3,
        description="A unit's scale is drawn evenly from [1, scale_max] at each step.",
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
    ghost_size: Annotated[NumImages | None, off(NumImages), ADDED_LATER] = Field(
        default=None,
        description=(
            "Images that are normalised together. A batch is split into groups of this size, each with "
            "its own statistics. Running statistics use their mean (Hoffer et al. 2017). Omitted: the "
            "whole batch."
        ),
    )
    reference_images: Annotated[NumImages | None, off(NumImages), ADDED_LATER] = Field(
        default=None,
        description=(
            "Normalise every batch with the statistics of this many training images (the first ones) "
            "under the current weights. Gradients pass through these statistics, and evaluation uses them "
            "too. A step costs as if the batch had this many more images. Omitted: the batch's own "
            "statistics."
        ),
    )
    noise: Annotated[BatchNormNoiseConfig | None, off(BatchNormNoiseConfig), ADDED_LATER] = Field(
        default=None,
        description=(
            "Random shift and scale of every unit's output. They are drawn at each training step and are "
            "the same for all images of a batch. None in evaluation (after Santurkar et al. 2018, section "
            "2.1). Omitted: off."
        ),
    )


def _switch(value: Any) -> Any:
    """`true` is batch norm with its defaults, null and none are off."""
    if value is True:
        return {}
    return False if value is None or value == "none" else value


BatchNorm = Annotated[
    Annotated[
        Annotated[BatchNormConfig, Tag("<settings>")] | Annotated[Literal[False], Tag("<switch>")],
        by_form("<settings>", "<switch>"),
    ],
    BeforeValidator(_switch, json_schema_input_type=BatchNormConfig | bool | Literal["none"] | None),
]


class PoolConfig(Section):
    """Max pooling after each convolution."""

    size: int = Field(
        default=2, ge=1, le=16, description="Side of the window, in pixels. {size: 1, stride: 1}: no pooling."
    )
    stride: int = Field(
        default=2,
        ge=1,
        le=16,
        description="Step of the window, in pixels, at most `size`. If it is less, the windows overlap.",
    )


class InitConfig(Section):
    """Initial weights; biases start at 0. Drawn by a generator of its own for each layer name."""

    scheme: Literal["he", "xavier", "normal"] = Field(
        default="he",
        description=(
            "Gaussian weights with standard deviation `he`: gain * sqrt(2 / fan_in); "
            "`xavier`: gain * sqrt(2 / (fan_in + fan_out)); `normal`: gain itself."
        ),
    )
    gain: float = Field(
        default=1.0, gt=0, le=1e6, description="Factor on the standard deviation of every layer but the last."
    )
    output_gain: float = Field(
        default=0.1,
        ge=0,
        le=1e6,
        description=(
            "The same factor for the output layer. Small: training starts near the loss of guessing, ln K. "
            "0: exactly there."
        ),
    )


class ModelConfig(Section):
    """The network. Block order: layer, batch norm, activation, pooling, dropout."""

    family: Literal["cnn", "mlp"] = Field(description="Convolutional network or fully connected network.")
    conv_channels: Widths = Field(
        default=(16, 32),
        min_length=1,
        max_length=MAX_LAYERS,
        description="Output channels of each convolution (cnn only).",
    )
    kernel_size: int = Field(
        default=3,
        ge=1,
        le=31,
        description="Side of the kernel in pixels, odd. The borders are padded to keep the size (cnn only).",
    )
    pool: PoolConfig = Field(
        default=PoolConfig(), description="Max pooling after each convolution, without padding (cnn only)."
    )
    hidden_sizes: Widths = Field(
        default=(128,),
        max_length=MAX_LAYERS,
        description="Units of each fully connected hidden layer. []: there is none.",
    )
    activation: Literal["relu", "sigmoid", "tanh"] = Field(
        default="relu", description="Activation of every hidden layer."
    )
    batch_norm: BatchNorm = Field(
        default=False,
        description=(
            "Batch normalisation in every hidden layer, before the activation. "
            "true: on with the defaults below."
        ),
    )
    drop_prob: DropProbConfig = Field(
        default=DropProbConfig(),
        description="Dropout: the probability of ZEROING. Srivastava's p is 1 - this.",
    )
    conv_drop: Literal["channel", "element"] = Field(
        default="channel",
        description=(
            "What dropout after a convolution zeroes: whole channels (Dropout2d) or "
            "single elements (Dropout)."
        ),
    )
    drop_mask: DropMaskField = Field(
        default=MaskPerImage(kind="per_image"), description="Which images and steps share a dropout mask."
    )
    init: InitConfig = Field(default=InitConfig(), description="Initial weights.")

    @property
    def conv_drop_probs(self) -> tuple[float, ...]:
        """Dropout probability after each convolution; empty for an mlp, which has none."""
        return _per_layer(self.drop_prob.conv, len(self.conv_channels)) if self.family == "cnn" else ()

    @property
    def hidden_drop_probs(self) -> tuple[float, ...]:
        """Dropout probability after each fully connected hidden layer."""
        return _per_layer(self.drop_prob.hidden, len(self.hidden_sizes))


def _per_layer(value: float | tuple[float, ...], num_layers: int) -> tuple[float, ...]:
    """Spread `one number for all, or one per layer` over the layers."""
    return value if isinstance(value, tuple) else (value,) * num_layers


@dataclass(frozen=True)
class ConvShape:
    """One convolution with its pooling.

    Attributes:
        in_channels: Channels that come in.
        out_channels: Channels that go out.
        size: Height and width after the pooling; below 1 where the window no longer fits.
    """

    in_channels: int
    out_channels: int
    size: int


def conv_shapes(model: ModelConfig, facts: DatasetFacts) -> list[ConvShape]:
    """Follow the feature maps through the convolutions: `same` padding, then pooling without padding."""
    if model.family == "mlp":
        return []
    shapes = []
    channels, size = facts.channels, facts.size
    for out_channels in model.conv_channels:
        size = (size - model.pool.size) // model.pool.stride + 1
        shapes.append(ConvShape(channels, out_channels, size))
        channels = out_channels
    return shapes


def num_hidden_layers(model: ModelConfig) -> int:
    """Count the layers with weights before the output layer, convolutions included."""
    return len(model.hidden_sizes) + (len(model.conv_channels) if model.family == "cnn" else 0)


def hidden_inputs(model: ModelConfig, facts: DatasetFacts) -> list[int]:
    """Inputs of each fully connected layer, the output layer last."""
    shapes = conv_shapes(model, facts)
    features = shapes[-1].out_channels * shapes[-1].size ** 2 if shapes else facts.num_inputs
    return [features, *model.hidden_sizes]


def num_parameters(model: ModelConfig, facts: DatasetFacts) -> int:
    """Count trainable parameters: no bias before batch norm, two per unit for affine batch norm."""
    extra = 1
    if model.batch_norm:
        extra = 2 if model.batch_norm.affine else 0
    total = 0
    for shape in conv_shapes(model, facts):
        total += shape.out_channels * (shape.in_channels * model.kernel_size**2 + extra)
    inputs = hidden_inputs(model, facts)
    for fan_in, units in zip(inputs, model.hidden_sizes, strict=False):
        total += units * (fan_in + extra)
    return total + facts.num_classes * (inputs[-1] + 1)
