"""The probes of one run: built, called at their moments, their rows kept until they are written."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import torch
from torch import Tensor, nn

from regx.config import RunConfig
from regx.data.images import Images, RunData
from regx.probes import find
from regx.probes.protocol import Optimizer, Probe, ProbedRun, Rows
from regx.runs.probes import ProbeValue, csv_lines
from regx.training.evaluate import fresh_batch_norm
from regx.training.seeding import noise_state, set_noise_state, stream_seed

__all__ = ["Probing"]

PROBE_IMAGES = 1000


class Probing:
    """All probes of a run.

    Rows are held back until the run is at a place that it can come back to, so that probes.csv never runs
    ahead of the other files by more than an epoch.

    Attributes:
        run: The run as the probes see it.
        probes: By name.
        has_started: Whether the initial network has been looked at, by this process or an earlier one.
    """

    def __init__(self, run: ProbedRun) -> None:
        self.run = run
        self.probes: dict[str, Probe] = {name: find(name).build(run) for name in run.config.probes}
        self.waiting: list[ProbeValue] = []
        self.has_started = False

    @classmethod
    def of(
        cls, config: RunConfig, data: RunData, network: nn.Sequential, optimizer: Optimizer
    ) -> Self | None:
        """Build the probes that a config names; None where it names none."""
        if not config.probes:
            return None
        train = data.train
        count = _probe_images(config)
        few = Images(train.pixels[:count], train.labels[:count])

        @contextmanager
        def evaluation() -> Iterator[nn.Sequential]:
            with (
                _modes_put_back(network),
                fresh_batch_norm(network, train, config.train.bn_reestimate_images),
                torch.no_grad(),
            ):
                yield network.eval()

        @contextmanager
        def noise(stream: str) -> Iterator[None]:
            device = train.labels.device
            before = noise_state(device)
            torch.manual_seed(stream_seed(config.seed, f"probes/{stream}"))
            try:
                yield
            finally:
                set_noise_state(before, device)

        return cls(
            ProbedRun(
                config=config,
                network=network,
                optimizer=optimizer,
                train=train,
                train_slice=data.train_slice,
                probe_batch=few,
                valid=data.valid,
                evaluation=evaluation,
                noise=noise,
            )
        )

    def start(self) -> None:
        """Look at the initial network."""
        self.has_started = True
        for probe in self.probes.values():
            self._keep(probe.start())

    def before_step(self, images_BCHW: Tensor, labels_B: Tensor) -> float:
        """Show the probes the mini-batch of the step that comes next; return the seconds that it took."""
        started = time.perf_counter()
        for probe in self.probes.values():
            self._keep(probe.before_step(images_BCHW, labels_B))
        return time.perf_counter() - started

    def after_step(self, step: int) -> None:
        """Look after an optimiser step."""
        self.run.step = step
        for probe in self.probes.values():
            self._keep(probe.after_step())

    def after_epoch(self) -> None:
        """Look after an epoch and its evaluation."""
        for probe in self.probes.values():
            self._keep(probe.after_epoch())

    def end(self, test: Images) -> None:
        """Look at the trained network."""
        for probe in self.probes.values():
            self._keep(probe.end(test))

    def take_lines(self) -> str:
        """Hand over what was found since the last time, as rows of probes.csv."""
        lines = csv_lines(self.waiting)
        self.waiting.clear()
        return lines

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps; the rows that wait are to be taken first."""
        states = {name: dict(probe.state_dict()) for name, probe in self.probes.items()}
        return {"step": self.run.step, "states": states}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Remember what a checkpoint keeps; the network is back where it was."""
        self.has_started = True
        self.run.step = saved["step"]
        for name, state in saved["states"].items():
            self.probes[name].load_state_dict(state)

    def _keep(self, rows: Rows) -> None:
        if rows is not None:
            step = self.run.step
            self.waiting.extend(ProbeValue(step, *row) for row in rows)


def _probe_images(config: RunConfig) -> int:
    """Count the images of the probe batch: ghost batch norm divides it as it divides a mini-batch."""
    count, norm = min(PROBE_IMAGES, config.data.num_train), config.model.batch_norm
    return count - count % norm.ghost_size if norm and norm.ghost_size else count


@contextmanager
def _modes_put_back(network: nn.Module) -> Iterator[None]:
    """Let the modules of a network change between train and eval mode inside the context alone."""
    before = [(module, module.training) for module in network.modules()]
    try:
        yield
    finally:
        for module, training in before:
            module.training = training
