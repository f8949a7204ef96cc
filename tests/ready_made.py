"""The configs and experiments that are the project's own: a clone may hold others, which no test is about."""

from pathlib import Path

ROOT = Path(__file__).parent.parent

CONFIGS = (
    "cifar10_cnn",
    "cifar10_plain",
    "cifar10_srivastava",
    "digits_cnn",
    "digits_dropout",
    "digits_plain",
    "fashion_mnist_cnn",
    "mnist_batch_norm",
    "mnist_cnn",
    "mnist_dropout",
    "mnist_max_norm",
    "mnist_mlp",
    "mnist_plain",
    "mnist_softmax",
    "sigmoid_batch_norm",
    "sigmoid_plain",
)
EXPERIMENTS = (
    "batch_norm_mechanisms",
    "batch_norm_rates_and_gains",
    "batch_norm_speed",
    "batch_size",
    "cifar_dropout_batch_norm",
    "cifar_toggles",
    "digits_toggles",
    "dropout_overfitting",
    "dropout_recipe",
    "dropout_retention",
    "dropout_test_error",
    "input_whitening",
    "learning_rate_decay",
    "max_norm_ladder",
    "mnist_cnn_dropout_batch_norm",
    "mnist_mlp_dropout_batch_norm",
    "mnist_toggles",
    "precision_check",
    "reference_values",
    "sigmoid_drift",
    "weight_decay_vs_dropout",
)
CONFIG_FILES = [ROOT / "configs" / f"{name}.yaml" for name in CONFIGS]
EXPERIMENT_FILES = [ROOT / "experiments" / f"{name}.yaml" for name in EXPERIMENTS]
