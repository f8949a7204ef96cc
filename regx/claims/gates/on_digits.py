"""Gates on the embedded digits: seconds, and no data to fetch."""

from __future__ import annotations

import math
from typing import Any

from regx.claims.gates.in_memory import load_data, timeless, train_in_memory, whole_run
from regx.claims.mechanical.small_runs import build, small_config
from regx.claims.results import Gate

__all__ = [
    "dropout_of_nothing",
    "loss_at_init",
    "no_rate_no_change",
    "one_batch_is_learned",
    "same_seed_same_run",
]

_MLP: dict[str, Any] = {"family": "mlp", "hidden_sizes": [64]}


def loss_at_init() -> Gate:
    """A network that knows nothing yet gives every class its share: the loss is near ln 10."""
    from regx.training.evaluate import evaluate

    config = small_config(model=_MLP | {"init": {"gain": 0.1}})
    loss, _ = evaluate(build(config), load_data(config).valid)
    return Gate(
        name="loss at the start",
        holds=abs(loss - math.log(10)) < 0.05,
        measured=f"{loss:.4f} nats with small weights; ln 10 = {math.log(10):.4f} within 0.05",
    )


def no_rate_no_change() -> Gate:
    """A learning rate of nearly 0 leaves every weight as it is, bit for bit; biases begin at 0, and move."""
    import torch

    config = small_config(model=_MLP, optim={"lr": 1e-30, "momentum": 0.9}, train={"epochs": 2})
    network, before = build(config), build(config)
    train_in_memory(config, network)
    same = all(
        torch.equal(one, other)
        for one, other in zip(network.parameters(), before.parameters(), strict=True)
        if one.ndim > 1
    )
    return Gate(
        name="learning rate 0",
        holds=same,
        measured=f"weights {'are the same' if same else 'changed'} after 2 epochs; must not change",
    )


def one_batch_is_learned() -> Gate:
    """A network learns a single batch of 100 images by heart in 200 steps."""
    config = small_config(
        model=_MLP, data={"train_size": 100}, train={"epochs": 200, "batch_size": 100}, optim={"lr": 0.3}
    )
    rows = train_in_memory(config, build(config))
    error = rows[-1].train_error
    return Gate(
        name="one batch by heart",
        holds=error == 0,
        measured=f"training error {error:.1%} after 200 steps; 0 %",
    )


def same_seed_same_run() -> Gate:
    """Two runs of one config and seed are the same numbers, dropout and all; two seeds give others."""
    config = small_config(
        model=_MLP | {"drop_prob": {"hidden": 0.5}, "batch_norm": True}, train={"epochs": 2, "batch_size": 50}
    )
    first, second = whole_run(config), whole_run(config)
    other = whole_run(config.model_copy(update={"seed": 1}))
    return Gate(
        name="same seed twice",
        holds=first == second and first != other,
        measured=(
            f"metrics of two runs are {'the same' if first == second else 'different'}, of another seed "
            f"{'the same' if first == other else 'different'}; the same, different"
        ),
    )


def dropout_of_nothing() -> Gate:
    """Dropout with a probability so small that it never strikes changes nothing but what is drawn for it."""
    plain = small_config(model=_MLP, train={"epochs": 2, "batch_size": 50})
    tiny = small_config(model=_MLP | {"drop_prob": {"hidden": 1e-12}}, train={"epochs": 2, "batch_size": 50})
    first, second = (
        [timeless(row) for row in train_in_memory(config, build(config))] for config in (plain, tiny)
    )
    return Gate(
        name="dropout of nothing",
        holds=first == second,
        measured=f"metrics with and without are {'the same' if first == second else 'different'}; the same",
    )
