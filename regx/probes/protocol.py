"""What a probe is: when it measures, what it can see of a run, and what it writes."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from regx.config import RunConfig
from regx.data.images import Images

__all__ = [
    "WHOLE_NETWORK",
    "Optimizer",
    "Probe",
    "ProbeRow",
    "ProbeSpec",
    "ProbedRun",
    "Rows",
    "is_log_spaced",
    "is_milestone",
]


def is_log_spaced(step: int) -> bool:
    """Whether a step is one of 1, 2, 5, 10, 20, 50, 100, ...: often at first, when most happens."""
    return str(step).rstrip("0") in ("1", "2", "5")


def is_milestone(config: RunConfig, step: int) -> bool:
    """Whether a step is log-spaced or the last of an epoch."""
    return is_log_spaced(step) or step % config.steps_per_epoch == 0


WHOLE_NETWORK = "network"  # stands for the layer of a quantity that belongs to no single one


class ProbeRow(NamedTuple):
    """One number that a probe found; the step is added where it is written."""

    layer: str
    quantity: str
    value: float


class Optimizer(Protocol):
    """What a probe may read of SGD.

    Attributes:
        lr: Learning rate that the last step used; 0 before the first.
        momentum: Momentum that the last step used; 0 before the first.
    """

    lr: float
    momentum: float


@dataclass(kw_only=True)
class ProbedRun:
    """A run as its probes see it. They read it and leave it as it was.

    A probe draws no number from torch's default generator outside `noise`, and puts back modes, statistics
    and gradients that it touches (`evaluation` does so; `noiseless_copy` of `regx.probes.layers` touches a
    copy), so that training is the same bytes with it and without.

    Attributes:
        config: The run's config.
        network: The network in training; between two steps, in train mode.
        optimizer: The optimiser, for the rate and momentum of the last step.
        train: The training subset.
        train_slice: The part of it that training loss and error of the metrics are taken on.
        probe_batch: The first 1,000 images of the training subset (all of a smaller one): the same in every
            measurement, so that no sampling noise looks like change.
        valid: Validation images.
        evaluation: Opens a context that gives the network as every evaluation sees it: eval mode, batch-norm
            statistics re-estimated, no gradients. Everything is put back afterwards.
        noise: Opens a context in which torch's default generators are those of a stream of the probe's own,
            named by its argument; inside, dropout may be on.
        step: Completed optimiser steps.
    """

    config: RunConfig
    network: nn.Sequential
    optimizer: Optimizer
    train: Images
    train_slice: Images
    probe_batch: Images
    valid: Images
    evaluation: Callable[[], AbstractContextManager[nn.Sequential]]
    noise: Callable[[str], AbstractContextManager[None]]
    step: int = 0

    @property
    def device(self) -> torch.device:
        """Where network and images are."""
        return self.probe_batch.labels.device


Rows = Iterable[ProbeRow] | None


class Probe:
    """One way to look at a run. A hook that a probe does not define does nothing.

    A probe is built in every process that trains the run. After a checkpoint, `load_state_dict` follows. Each
    hook returns the rows found at this moment.

    Attributes:
        remembers: Names of the attributes that a checkpoint keeps: tensors, numbers, strings, lists and dicts
            of these.
        run: The run as it is at this moment.
    """

    remembers: ClassVar[tuple[str, ...]] = ()

    def __init__(self, run: ProbedRun) -> None:
        self.run = run

    def start(self) -> Rows:
        """Look at the initial network, before the first step; not called again when a run is resumed."""

    def before_step(self, images_BCHW: Tensor, labels_B: Tensor) -> Rows:
        """See the mini-batch (augmented, if that is on) of the step that comes next."""

    def after_step(self) -> Rows:
        """Look after an optimiser step, max-norm included; `run.step` counts it."""

    def after_epoch(self) -> Rows:
        """Look after the last step of an epoch and its evaluation; not called where that was not finite."""

    def end(self, test: Images) -> Rows:
        """Look at the trained network; only here, and once, the test images may be read."""

    def state_dict(self) -> Mapping[str, Any]:
        """Return what the probe remembers."""
        return {name: getattr(self, name) for name in self.remembers}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take up what a checkpoint remembers, tensors on the CPU; the network is back where it was."""
        for name in self.remembers:
            setattr(self, name, _on_device(state[name], self.run.device))


def _on_device(value: Any, device: torch.device) -> Any:
    """Move the tensors in what a checkpoint remembers to a device."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: _on_device(part, device) for key, part in value.items()}
    return [_on_device(part, device) for part in value] if isinstance(value, list) else value


@dataclass(frozen=True, kw_only=True)
class ProbeSpec:
    """What a module of `regx.probes` says of its probe, under the name SPEC.

    Attributes:
        description: What is measured, in one sentence.
        quantities: What it writes, each with its meaning and unit; no two probes share a name.
        build: Makes the probe of a run, before its first step.
    """

    description: str
    quantities: Mapping[str, str]
    build: Callable[[ProbedRun], Probe]
