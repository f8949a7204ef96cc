"""Small trainings of the gates: in memory through the training loop, or whole as `regx train` has them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from regx.config import RunConfig
    from regx.runs.metrics import EpochMetrics
    from regx.runs.record import RunRecord
    from regx.training.loop import TrainState
    from regx.training.prepare import RunData

__all__ = ["load_data", "timeless", "train_in_memory", "whole_run", "with_labels_shuffled"]

FEW = 50  # images for validation, which no gate looks at


def train_in_memory(
    config: RunConfig, network: nn.Sequential, data: RunData | None = None
) -> list[EpochMetrics]:
    """Train a network in place.

    Args:
        config: The run.
        network: As `build` made it.
        data: Other images than those that the config names.

    Returns:
        The metrics of each epoch that was evaluated.
    """
    import torch

    from regx.training.evaluate import zero_sum
    from regx.training.loop import TrainState, train
    from regx.training.optim import Sgd

    rows = _Rows()
    optimizer = Sgd(network, config.optim)
    state = TrainState(network=network, optimizer=optimizer, running_loss=zero_sum(torch.device("cpu")))
    train(config, data or load_data(config), state, rows)
    return rows.rows


def whole_run(config: RunConfig) -> list[EpochMetrics]:
    """Train as `regx train` does, in a folder that is thrown away; times are left out."""
    from regx.data.load import load_dataset
    from regx.runs.files import scratch_folder
    from regx.runs.folder import RunFolder
    from regx.training.run import RunOptions, train_run

    rows = _Rows()
    with scratch_folder() as folder:
        dataset = load_dataset(config.data.name, offline=True)
        train_run(config, RunFolder(folder / "run"), dataset, rows, RunOptions())
    return [timeless(row) for row in rows.rows]


def load_data(config: RunConfig) -> RunData:
    """Load the images of a run, but only a few for validation."""
    import torch

    from regx.data.load import load_dataset
    from regx.training.prepare import Images, prepare

    data = prepare(config, load_dataset(config.data.name, offline=True), torch.device("cpu"))
    return replace(data, valid=Images(data.valid.pixels[:FEW], data.valid.labels[:FEW]))


def with_labels_shuffled(data: RunData, seed: int) -> RunData:
    """Give the training images one another's labels."""
    import torch

    from regx.training.seeding import generator

    order = torch.randperm(len(data.train), generator=generator(seed, "gates/labels"))
    shuffled = replace(data.train, labels=data.train.labels[order])
    return replace(data, train=shuffled, train_slice=shuffled)


def timeless(row: EpochMetrics) -> EpochMetrics:
    """Leave out what differs from one run to the next."""
    return replace(row, train_seconds=0.0, eval_seconds=0.0)


class _Rows:
    """Keeps the metrics of each epoch."""

    def __init__(self) -> None:
        self.rows: list[EpochMetrics] = []

    def before_step(self, state: TrainState) -> bool:  # noqa: ARG002  # the protocol has it
        return True

    def noticed(self, message: str) -> None: ...

    def epoch_done(self, row: EpochMetrics) -> None:
        self.rows.append(row)

    def started(self, record: RunRecord) -> None: ...

    def stepped(self, step: int) -> None: ...
