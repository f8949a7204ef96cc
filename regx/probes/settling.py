"""Whether training has settled: how many predictions change, and the loss within the last epoch."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from regx.data.images import Images
from regx.probes.protocol import WHOLE_NETWORK, Probe, ProbedRun, ProbeRow, ProbeSpec, Rows

__all__ = ["SPEC", "Settling", "churn"]

BATCH = 1000
NUM_POINTS = 10


class Settling(Probe):
    """Compares the predictions of consecutive epochs, and evaluates ten times within the last epoch."""

    remembers = ("losses", "predictions")

    def __init__(self, run: ProbedRun) -> None:
        super().__init__(run)
        per_epoch, total = run.config.steps_per_epoch, run.config.num_steps
        self.points = {total - index * per_epoch // NUM_POINTS for index in range(NUM_POINTS)}
        self.losses: list[float] = []
        self.predictions: Tensor | None = None  # (N,)

    def after_step(self) -> Rows:
        """Evaluate at the points of the last epoch, and sum them up at its end."""
        if self.run.step not in self.points:
            return None
        with self.run.evaluation() as network:
            self.losses.append(mean_loss(network, self.run.train_slice))
        row = ProbeRow(WHOLE_NETWORK, "late_train_loss", self.losses[-1])
        return [row, *(self._last_epoch() if self.run.step == self.run.config.num_steps else ())]

    def after_epoch(self) -> Rows:
        """Compare with the epoch before."""
        before_N = self.predictions
        with self.run.evaluation() as network:
            self.predictions = predictions(network, self.run.valid)
        if before_N is None:
            return None
        return [ProbeRow(WHOLE_NETWORK, "churn", churn(before_N, self.predictions))]

    def _last_epoch(self) -> Iterator[ProbeRow]:
        losses = torch.tensor(self.losses, dtype=torch.float64)
        yield ProbeRow(WHOLE_NETWORK, "late_train_loss_mean", float(losses.mean()))
        if len(losses) > 1:
            yield ProbeRow(WHOLE_NETWORK, "late_train_loss_sd", float(losses.std()))


def churn(before_N: Tensor, after_N: Tensor) -> float:
    """Return the share of predictions that have changed."""
    return float((before_N != after_N).double().mean())


def predictions(network: nn.Module, images: Images) -> Tensor:
    """Return the class (N,) that a network in eval mode gives to each image."""
    parts = [
        network(images.batch(slice(first, first + BATCH))[0]).argmax(dim=1)
        for first in range(0, len(images), BATCH)
    ]
    return torch.cat(parts)


def mean_loss(network: nn.Module, images: Images) -> float:
    """Return the mean cross-entropy, in nats, of a network in eval mode."""
    total = 0.0
    for first in range(0, len(images), BATCH):
        pixels_NCHW, labels_N = images.batch(slice(first, first + BATCH))
        total += float(functional.cross_entropy(network(pixels_NCHW), labels_N, reduction="sum"))
    return total / len(images)


SPEC = ProbeSpec(
    description="Churn of predictions from epoch to epoch, and the training loss within the last epoch.",
    quantities={
        "churn": "Share of validation images whose predicted class has changed since the epoch before.",
        "late_train_loss": "Training loss in eval mode at ten even steps of the last epoch, in nats.",
        "late_train_loss_mean": "Mean of these.",
        "late_train_loss_sd": "Standard deviation of these.",
    },
    build=Settling,
)
