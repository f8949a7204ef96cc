"""Gates of labels without meaning: they can be learned by heart, and help nobody on other images."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from regx.claims.gates.in_memory import load_data, train_in_memory, with_labels_shuffled
from regx.claims.mechanical.small_runs import build, small_config
from regx.claims.results import Gate

if TYPE_CHECKING:
    from regx.config import RunConfig

__all__ = ["ON_MNIST", "random_labels", "random_labels_of_mnist"]

ON_MNIST = "random labels of MNIST"
NUM_SHUFFLES = 4  # the test error under one shuffle has a standard deviation of a percentage point


def random_labels() -> Gate:
    """The digits: learned by heart, and at chance on other images."""
    config = small_config(
        model={"family": "mlp", "hidden_sizes": [256]},
        data={"train_size": 200},
        train={"epochs": 150, "batch_size": 20},
    )
    test_error, train_error = _errors(config, 0)
    return Gate(
        name="random labels",
        holds=0.85 <= test_error <= 0.95 and train_error < 0.05,
        measured=f"test error {test_error:.1%}, training error {train_error:.1%}; 85 to 95 %, below 5 %",
    )


def random_labels_of_mnist() -> Gate:
    """MNIST, with 10,000 test images: at chance within two percentage points."""
    config = small_config(
        model={"family": "mlp", "hidden_sizes": [256]},
        data={"name": "mnist", "train_size": 2000},
        train={"epochs": 20, "eval_every": 20},
    )
    error = fmean(_errors(config, shuffle)[0] for shuffle in range(NUM_SHUFFLES))
    return Gate(
        name=ON_MNIST,
        holds=0.88 <= error <= 0.92,
        measured=f"test error {error:.1%} on average over {NUM_SHUFFLES} shuffles; 88 to 92 %",
    )


def _errors(config: RunConfig, shuffle: int) -> tuple[float, float]:
    """Train under shuffled labels; test error and training error."""
    from regx.training.evaluate import evaluate

    data = with_labels_shuffled(load_data(config), shuffle)
    network = build(config)
    rows = train_in_memory(config, network, data)
    _, test_error = evaluate(network, data.test)
    return test_error, rows[-1].train_error
