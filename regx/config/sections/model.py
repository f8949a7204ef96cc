"""`model`: the network and the regularizers inside it."""

from typing import Literal

from pydantic import Field

from regx.config.sections.batch_norm import BatchNorm
from regx.config.sections.dropout import DropMaskField, DropProbConfig, MaskPerImage
from regx.config.sections.fields import MAX_LAYERS, Section, Widths

__all__ = ["InitConfig", "ModelConfig", "PoolConfig", "per_layer"]


class PoolConfig(Section):
    """Max pooling after each convolution."""

    size: int = Field(
        default=2, ge=1, le=16, description="Side of the window, in pixels. {size: 1, stride: 1}: no pooling."
    )
    stride: int = Field(
        default=2,
        ge=1,
        le=16,
        description="Step of the window, in pixels, at most `size`; less than `size` overlaps.",
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
        default=1.0, gt=0, le=1e6, description="Factor on the deviation of every layer but the last."
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
        description="Side of the kernel in pixels, odd; the borders are padded to keep the size (cnn only).",
    )
    pool: PoolConfig = Field(
        default=PoolConfig(), description="Max pooling after each convolution, without padding (cnn only)."
    )
    hidden_sizes: Widths = Field(
        default=(128,),
        max_length=MAX_LAYERS,
        description="Units of each fully connected hidden layer. []: none, the output follows at once.",
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


def per_layer(value: float | tuple[float, ...], num_layers: int) -> tuple[float, ...]:
    """Spread `one number for all, or one per layer` over the layers."""
    return value if isinstance(value, tuple) else (value,) * num_layers
