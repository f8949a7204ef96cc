"""How the weights move: length of the steps, distance travelled, distance from where they were."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from regx.probes.layers import weight_layers
from regx.probes.msd import MeanSquaredDisplacement
from regx.probes.protocol import WHOLE_NETWORK, Probe, ProbedRun, ProbeRow, ProbeSpec, Rows

__all__ = ["SPEC", "Movement"]


class Movement(Probe):
    """Follows every step; sums stay on the device, so that no step waits for them.

    Vectors of lengths have one entry per layer, and the last for all parameters of the network together,
    biases, gamma and beta included.
    """

    def __init__(self, run: ProbedRun) -> None:
        self.run = run
        self.parameters = list(run.network.parameters())
        layers = weight_layers(run.network)
        self.names = [*layers, WHOLE_NETWORK]
        ids = [id(parameter) for parameter in self.parameters]
        self.rows = [ids.index(id(layer.weight)) for layer in layers.values()]
        total = run.config.num_steps
        self.window = -(-total // 10)  # steps of a tenth of the run
        self.before = self._copy()
        self.initial, self.epoch_began, self.tenth_began = self._copy(), self._copy(), self._copy()
        self.lengths = {name: self._zeros() for name in ("epoch", "relative_epoch", "path")}
        self.tenths = {name: self._zeros() for name in ("first", "relative_first", "last", "relative_last")}
        self.msd = MeanSquaredDisplacement(num_steps=self.window)

    def after_step(self) -> Rows:
        """Add the step to the sums; write at the end of an epoch, and of the run."""
        run, step = self.run, self.run.step
        length = self._distance(self.before)
        relative = length / self._norms(self.before)
        torch._foreach_copy_(self.before, self._now())
        for name, value in (("epoch", length), ("relative_epoch", relative), ("path", length)):
            self.lengths[name] += value
        total = run.config.num_steps
        if step <= self.window:
            self.tenths["first"] += length
            self.tenths["relative_first"] += relative
        if step > total - self.window:
            self.tenths["last"] += length
            self.tenths["relative_last"] += relative
        if step >= total - self.window:
            if step == total - self.window:
                torch._foreach_copy_(self.tenth_began, self._now())
            self.msd.see(self._now())
        if step % run.config.steps_per_epoch:
            return None
        return [*self._epoch(), *(self._end() if step == total else ())]

    def _epoch(self) -> Iterator[ProbeRow]:
        per_epoch = self.run.config.steps_per_epoch
        yield from self._named("step_length", self.lengths["epoch"] / per_epoch)
        yield from self._named("relative_step_length", self.lengths["relative_epoch"] / per_epoch)
        yield from self._named("path_length", self.lengths["path"])
        yield from self._named("displacement", self._distance(self.initial))
        yield from self._named("epoch_displacement", self._distance(self.epoch_began))
        self.lengths["epoch"].zero_()
        self.lengths["relative_epoch"].zero_()
        torch._foreach_copy_(self.epoch_began, self._now())

    def _end(self) -> Iterator[ProbeRow]:
        for part in ("first", "last"):
            yield from self._named(f"step_length_{part}_tenth", self.tenths[part] / self.window)
            yield from self._named(
                f"relative_step_length_{part}_tenth", self.tenths[f"relative_{part}"] / self.window
            )
        yield from self._named("displacement_last_tenth", self._distance(self.tenth_began))
        for lag, value in self.msd.values().items():
            yield ProbeRow(WHOLE_NETWORK, f"msd_{lag}", value)

    def state_dict(self) -> Mapping[str, Any]:
        """Remember the places and the sums."""
        return {
            "initial": self.initial,
            "epoch_began": self.epoch_began,
            "tenth_began": self.tenth_began,
            "lengths": self.lengths,
            "tenths": self.tenths,
            "msd": self.msd.state_dict(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take them up."""
        torch._foreach_copy_(self.before, self._now())
        for name in ("initial", "epoch_began", "tenth_began"):
            torch._foreach_copy_(getattr(self, name), state[name])
        for name, length in (self.lengths | self.tenths).items():
            length.copy_((state["lengths"] | state["tenths"])[name])
        self.msd.load_state_dict(state["msd"], self.run.device)

    def _named(self, quantity: str, values: Tensor) -> Iterator[ProbeRow]:
        for name, value in zip(self.names, values.tolist(), strict=True):
            yield ProbeRow(name, quantity, value)

    def _now(self) -> list[Tensor]:
        return [parameter.detach() for parameter in self.parameters]

    def _copy(self) -> list[Tensor]:
        return [parameter.detach().clone() for parameter in self.parameters]

    def _zeros(self) -> Tensor:
        return torch.zeros(len(self.names), dtype=torch.float64, device=self.run.device)

    def _distance(self, place: list[Tensor]) -> Tensor:
        """Return how far the weights are from a place, per layer and in all."""
        return self._norms(list(torch._foreach_sub(self._now(), place)))

    def _norms(self, vectors: list[Tensor]) -> Tensor:
        norms = torch.stack(torch._foreach_norm(vectors)).double()
        return torch.cat([norms[self.rows], torch.linalg.vector_norm(norms)[None]])


SPEC = ProbeSpec(
    description="Step length, path length and displacement of the weights, after each epoch and at the end.",
    quantities={
        "step_length": "Mean of ||w(t+1) - w(t)|| over the steps of the epoch.",
        "relative_step_length": "Mean of ||w(t+1) - w(t)|| / ||w(t)|| over the steps of the epoch.",
        "path_length": "Sum of all step lengths so far.",
        "displacement": "||w(t) - w(0)||, from the initial weights.",
        "epoch_displacement": "Distance between the weights at the end of this epoch and of the one before.",
        "step_length_first_tenth": "Mean step length over the first tenth of all steps.",
        "relative_step_length_first_tenth": "Mean relative step length over the first tenth of all steps.",
        "step_length_last_tenth": "Mean step length over the last tenth of all steps.",
        "relative_step_length_last_tenth": "Mean relative step length over the last tenth of all steps.",
        "displacement_last_tenth": "Distance between the weights at the start and the end of the last tenth.",
        "msd_*": (
            "Mean squared displacement ||w(t+m) - w(t)||^2 over a lag of m = 1, 2, 5, 10, ... steps, in the "
            "last tenth of all steps; the mean is over stretches that do not overlap."
        ),
    },
    build=Movement,
)
