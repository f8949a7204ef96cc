"""Sanity gates: what a broken trainer fails first, in seconds, on the embedded digits.

They run before any claim is judged: where one fails, claims are `invalid` and never `contradicted`. torch is
imported when they run.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regx.claims.mechanical.reproducible import reproducible
from regx.claims.mechanical.small_runs import build, small_config
from regx.claims.results import Gate, Gates

if TYPE_CHECKING:
    from torch import nn

    from regx.config import RunConfig
    from regx.runs.metrics import EpochMetrics
    from regx.runs.record import RunRecord
    from regx.training.loop import TrainState
    from regx.training.prepare import RunData

__all__ = ["check_gates"]

_MLP: dict[str, Any] = {"family": "mlp", "hidden_sizes": [64]}


def check_gates() -> Gates:
    """Run every gate.

    Returns:
        What each of them measured, and whether it holds.
    """
    gates = []
    for gate in _GATES:
        with reproducible(seed=0):
            gates.append(gate())
    return Gates(when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), gates=tuple(gates))


def _loss_at_init() -> Gate:
    """A network that knows nothing yet gives every class its share: the loss is near ln 10."""
    from regx.training.evaluate import evaluate

    config = small_config(model=_MLP | {"init": {"gain": 0.1}})
    loss, _ = evaluate(build(config), _data(config).valid)
    return Gate(
        name="loss at the start",
        holds=abs(loss - math.log(10)) < 0.05,
        measured=f"{loss:.4f} nats with small weights; ln 10 = {math.log(10):.4f} within 0.05",
    )


def _no_rate_no_change() -> Gate:
    """A learning rate of nearly 0 leaves every weight as it is, bit for bit; biases begin at 0, and move."""
    import torch

    config = small_config(model=_MLP, optim={"lr": 1e-30, "momentum": 0.9}, train={"epochs": 2})
    network, before = build(config), build(config)
    _train(config, network)
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


def _one_batch_is_learned() -> Gate:
    """A network learns a single batch of 100 images by heart in 200 steps."""
    config = small_config(
        model=_MLP, data={"train_size": 100}, train={"epochs": 200, "batch_size": 100}, optim={"lr": 0.3}
    )
    rows = _train(config, build(config))
    error = rows[-1].train_error
    return Gate(
        name="one batch by heart",
        holds=error == 0,
        measured=f"training error {error:.1%} after 200 steps; 0 %",
    )


def _same_seed_same_run() -> Gate:
    """Two runs of one config and seed are the same numbers, dropout and all; two seeds give others."""
    config = small_config(
        model=_MLP | {"drop_prob": {"hidden": 0.5}, "batch_norm": True}, train={"epochs": 2, "batch_size": 50}
    )
    first, second = _whole_run(config), _whole_run(config)
    other = _whole_run(config.model_copy(update={"seed": 1}))
    return Gate(
        name="same seed twice",
        holds=first == second and first != other,
        measured=(
            f"metrics of two runs are {'the same' if first == second else 'different'}, of another seed "
            f"{'the same' if first == other else 'different'}; the same, different"
        ),
    )


def _random_labels() -> Gate:
    """Labels without meaning can be learned by heart, and help nobody on other images."""
    import torch

    from regx.training.evaluate import evaluate
    from regx.training.seeding import generator

    config = small_config(
        model=_MLP | {"hidden_sizes": [256]},
        data={"train_size": 200},
        train={"epochs": 150, "batch_size": 20},
    )
    data = _data(config)
    order = torch.randperm(len(data.train), generator=generator(0, "gates/labels"))
    shuffled = replace(data.train, labels=data.train.labels[order])
    network = build(config)
    rows = _train(config, network, replace(data, train=shuffled, train_slice=shuffled))
    _, error = evaluate(network, data.test)
    holds = 0.85 <= error <= 0.95 and rows[-1].train_error < 0.05
    return Gate(
        name="random labels",
        holds=holds,
        measured=(
            f"test error {error:.1%}, training error {rows[-1].train_error:.1%}; 85 to 95 %, below 5 %"
        ),
    )


def _dropout_of_nothing() -> Gate:
    """Dropout with a probability so small that it never strikes changes nothing but what is drawn for it."""
    plain = small_config(model=_MLP, train={"epochs": 2, "batch_size": 50})
    tiny = small_config(model=_MLP | {"drop_prob": {"hidden": 1e-12}}, train={"epochs": 2, "batch_size": 50})
    first, second = ([_timeless(row) for row in _train(config, build(config))] for config in (plain, tiny))
    return Gate(
        name="dropout of nothing",
        holds=first == second,
        measured=f"metrics with and without are {'the same' if first == second else 'different'}; the same",
    )


_GATES: tuple[Callable[[], Gate], ...] = (
    _loss_at_init,
    _no_rate_no_change,
    _one_batch_is_learned,
    _same_seed_same_run,
    _dropout_of_nothing,
    _random_labels,
)


class _Rows:
    """Keeps the metrics of each epoch."""

    def __init__(self) -> None:
        self.rows: list[EpochMetrics] = []

    def before_step(self, state: TrainState) -> bool:  # noqa: ARG002  # the protocol has it
        return True

    def epoch_done(self, row: EpochMetrics) -> None:
        self.rows.append(row)

    def started(self, record: RunRecord) -> None: ...

    def stepped(self, step: int) -> None: ...


def _train(config: RunConfig, network: nn.Sequential, data: RunData | None = None) -> list[EpochMetrics]:
    """Train in memory."""
    import torch

    from regx.training.evaluate import zero_sum
    from regx.training.loop import TrainState, train
    from regx.training.optim import Sgd

    rows = _Rows()
    optimizer = Sgd(network, config.optim)
    state = TrainState(network=network, optimizer=optimizer, running_loss=zero_sum(torch.device("cpu")))
    train(config, data or _data(config), state, rows)
    return rows.rows


def _whole_run(config: RunConfig) -> list[EpochMetrics]:
    """Train as `regx train` does, in a folder that is thrown away."""
    from regx.data import load_dataset
    from regx.runs.folder import RunFolder
    from regx.training.run import RunOptions, train_run

    rows = _Rows()
    with tempfile.TemporaryDirectory() as folder:
        dataset = load_dataset(config.data.name, offline=True)
        train_run(config, RunFolder(Path(folder) / "run"), dataset, rows, RunOptions())
    return [_timeless(row) for row in rows.rows]


def _data(config: RunConfig) -> RunData:
    """Load the images; of those for validation a few are enough."""
    import torch

    from regx.data import load_dataset
    from regx.training.prepare import Images, prepare

    data = prepare(config, load_dataset(config.data.name, offline=True), torch.device("cpu"))
    few = Images(data.valid.pixels[:50], data.valid.labels[:50])
    return replace(data, valid=few)


def _timeless(row: EpochMetrics) -> EpochMetrics:
    return replace(row, train_seconds=0.0, eval_seconds=0.0)
