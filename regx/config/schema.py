"""The configuration of one run: every field with its meaning, range and unit.

The descriptions feed `regx schema run`, docs/configuration.md and the error messages, so they are written for
the person who edits the YAML. Everything is frozen and strict: `"0.5"` is not a number, `yes` is not a boolean.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict

from regx.config.datasets import DATASETS, DatasetFacts

__all__ = [
    "BatchNormConfig",
    "DataConfig",
    "DropProbConfig",
    "InitConfig",
    "LrDecay",
    "ModelConfig",
    "MomentumRamp",
    "OptimConfig",
    "PoolConfig",
    "RunConfig",
    "TrainConfig",
    "per_layer",
]

# Bounds that no sensible run reaches: they turn a slip of the keyboard into a message instead of a
# machine without memory.
MAX_UNITS = 65_536
MAX_LAYERS = 64
MAX_EPOCHS = 100_000
MAX_SEED = 2**53  # every reader of JSON and YAML agrees on integers up to here

Probability = Annotated[float, Field(ge=0, lt=1)]
Width = Annotated[int, Field(ge=1, le=MAX_UNITS)]
Widths = Annotated[tuple[Width, ...], Strict(False)]  # a YAML list; its items stay strict
PerLayer = Probability | Annotated[tuple[Probability, ...], Strict(False)]
Factor = Annotated[float, Field(gt=0, le=1)]


class Section(BaseModel):
    """What all sections share: frozen, strict, unknown keys forbidden."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class DataConfig(Section):
    """Which images, how many, and how they are prepared."""

    name: Literal["digits", "mnist", "fashion_mnist", "cifar10"] = Field(
        description="Data set. `digits` is embedded; the others are fetched once (`regx data fetch NAME`)."
    )
    train_size: int | None = Field(
        default=None,
        ge=1,
        description="Training images, a class-balanced draw by seed from the training pool. Omitted: the whole pool.",
    )
    preprocess: Literal[
        "none", "center", "standardize", "standardize_pixels", "pca_decorrelate", "pca_whiten", "zca_whiten"
    ] = Field(
        default="standardize",
        description=(
            "Transform of the inputs, fitted on the training images only. `none`: pixels in [0, 1]; `center`: minus "
            "the mean image; `standardize`: per channel, mean 0 and deviation 1; `standardize_pixels`: the same per pixel; `pca_decorrelate`: rotated onto the "
            "principal axes; `pca_whiten`: the same, scaled to equal variance; `zca_whiten`: whitened and rotated back."
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
        return DATASETS[self.name]

    @property
    def num_train(self) -> int:
        """Training images of a run."""
        return self.facts.num_pool if self.train_size is None else self.train_size


class PoolConfig(Section):
    """Max pooling after each convolution."""

    size: int = Field(default=2, ge=1, le=16, description="Side of the window, in pixels. 1: no pooling.")
    stride: int = Field(
        default=2, ge=1, le=16, description="Step of the window, in pixels; less than `size` overlaps."
    )


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


class DropProbConfig(Section):
    """Probability of ZEROING a unit (torch's p). Srivastava's p is 1 - this."""

    input: Probability = Field(
        default=0.0, description="Each pixel of the input, element by element. In [0, 1)."
    )
    conv: PerLayer = Field(
        default=0.0,
        description="After each convolution's pooling: one number for all, or a list with one per layer. In [0, 1).",
    )
    hidden: PerLayer = Field(
        default=0.0,
        description="After each hidden layer's activation: one number for all, or a list with one per layer. In [0, 1).",
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
        description="The same factor for the output layer. Small: training starts near the loss of guessing, ln K. 0: exactly there.",
    )


def _normalise_batch_norm(value: Any) -> Any:
    """`true` is batch norm with its defaults."""
    return {} if value is True else value


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
    batch_norm: Annotated[
        BatchNormConfig | Literal[False],
        BeforeValidator(_normalise_batch_norm, json_schema_input_type=BatchNormConfig | bool),
    ] = Field(
        default=False,
        description="Batch normalisation in every hidden layer, before the activation. true: on with the defaults below.",
    )
    drop_prob: DropProbConfig = Field(
        default=DropProbConfig(),
        description="Dropout: the probability of ZEROING. Srivastava's p is 1 - this.",
    )
    conv_drop: Literal["channel", "element"] = Field(
        default="channel",
        description="What dropout after a convolution zeroes: whole channels (Dropout2d) or single elements (Dropout).",
    )
    init: InitConfig = Field(default=InitConfig(), description="Initial weights.")


class ConstantLr(Section):
    """No decay."""

    kind: Literal["none"] = Field(description="The learning rate stays what it is.")


class ExponentialLr(Section):
    """Changes per epoch: lr * factor^(completed epochs)."""

    kind: Literal["exponential"] = Field(description="Per EPOCH: lr * factor^(completed epochs).")
    factor: Factor = Field(description="Multiplies the rate after each epoch. In (0, 1].")


class StepLr(Section):
    """Changes every so many epochs."""

    kind: Literal["step"] = Field(
        description="Per EPOCH: lr * factor^floor(completed epochs / every_epochs)."
    )
    factor: Factor = Field(description="Multiplies the rate at each drop. In (0, 1].")
    every_epochs: int = Field(ge=1, le=MAX_EPOCHS, description="Epochs between two drops.")


class InverseTimeLr(Section):
    """Changes at every step."""

    kind: Literal["inverse_time"] = Field(
        description="Per STEP: lr / (1 + completed steps / half_life_steps)."
    )
    half_life_steps: float = Field(gt=0, le=1e12, description="Steps after which the rate is half of lr.")


class LinearLr(Section):
    """Changes at every step."""

    kind: Literal["linear"] = Field(
        description="Per STEP: on a straight line from lr to lr * end_factor at the last step."
    )
    end_factor: float = Field(
        default=0.0, ge=0, le=1, description="Last rate as a fraction of lr. In [0, 1]."
    )


class CosineLr(Section):
    """Changes at every step."""

    kind: Literal["cosine"] = Field(
        description="Per STEP: half a cosine from lr to lr * end_factor at the last step."
    )
    end_factor: float = Field(
        default=0.0, ge=0, le=1, description="Last rate as a fraction of lr. In [0, 1]."
    )


LrDecay = ConstantLr | ExponentialLr | StepLr | InverseTimeLr | LinearLr | CosineLr


class MomentumRamp(Section):
    """Momentum that rises on a straight line."""

    start: float = Field(ge=0, lt=1, description="Momentum at the first step. In [0, 1).")
    end: float = Field(ge=0, lt=1, description="Momentum from step `steps` on. In [0, 1).")
    steps: int = Field(ge=1, le=10**12, description="Steps that the ramp takes.")


class OptimConfig(Section):
    """SGD in torch's form: v <- momentum * v + gradient; w <- w - lr * v."""

    lr: float = Field(gt=0, le=1e6, description="Learning rate at the first step.")
    lr_decay: Annotated[LrDecay, Field(discriminator="kind")] = Field(
        default=ConstantLr(kind="none"),
        description="How the learning rate falls; each kind has parameters of its own.",
    )
    momentum: Annotated[float, Field(ge=0, lt=1)] | MomentumRamp = Field(
        default=0.9, description="A number in [0, 1), or a ramp {start, end, steps}."
    )
    nesterov: bool = Field(default=False, description="Nesterov's form of momentum.")
    weight_decay: float = Field(
        default=0.0,
        ge=0,
        le=1e3,
        description="Adds weight_decay * w to the gradient of every weight matrix and kernel; never to biases, gamma or beta.",
    )
    max_norm: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description="Radius of the ball that each unit's incoming weights are projected into after every step, output layer included. Omitted: off.",
    )


class TrainConfig(Section):
    """How long, in which batches, at which precision, and how it is measured."""

    epochs: int = Field(default=10, ge=1, le=MAX_EPOCHS, description="Passes over the training images.")
    batch_size: int = Field(
        default=100, ge=1, description="Images per step. The last incomplete batch of an epoch is dropped."
    )
    precision: Literal["fp32", "bf16"] = Field(
        default="fp32",
        description="Arithmetic of the training step; bf16 is autocast with fp32 weights. Evaluation is always fp32.",
    )
    threads: int = Field(
        default=1,
        ge=1,
        le=1024,
        description="CPU threads of torch: part of what makes a run repeatable bit for bit.",
    )
    target_error: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Validation error for time-to-target, as a fraction. Omitted: `compare` chooses.",
    )
    bn_reestimate_images: int = Field(
        default=2000,
        ge=0,
        le=1_000_000,
        description=(
            "Before each evaluation batch-norm statistics are estimated anew on at most so many training images, without "
            "dropout. 0: evaluate with the running statistics."
        ),
    )


def per_layer(value: float | tuple[float, ...], num_layers: int) -> tuple[float, ...]:
    """Spread `one number for all, or one per layer` over the layers."""
    return value if isinstance(value, tuple) else (value,) * num_layers


class RunConfig(Section):
    """One run: a network, the data, the optimiser and a seed."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="Begins the name of the run's folder: letters, digits, `_`, `-` and `.`; at most 64.",
    )
    data: DataConfig = Field(description="Which images, and how they are prepared.")
    model: ModelConfig = Field(description="The network and the regularizers inside it.")
    optim: OptimConfig = Field(description="SGD and the regularizers that act on its step.")
    train: TrainConfig = Field(
        default=TrainConfig(), description="Length, batches, precision and measurement."
    )
    probes: Annotated[tuple[str, ...], Strict(False)] = Field(
        default=(), max_length=0, description="Quantities measured inside a run. None exist yet."
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=MAX_SEED,
        description="Gives independent streams for the subset, the initial weights, the order of images and the noise.",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        default="auto", description="Where to train. `auto`: cuda, else mps, else cpu."
    )
