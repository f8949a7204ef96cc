"""How the weights move: step length, path length, displacement, and mean squared displacement by lag."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from regx.probes.layers import weight_layers
from regx.probes.protocol import WHOLE_NETWORK, Probe, ProbedRun, ProbeRow, ProbeSpec, Rows, is_log_spaced

__all__ = ["SPEC", "MeanSquaredDisplacement", "Movement"]


@dataclass
class _Lag:
    """The state of one lag: where its current stretch began, and the stretches before."""

    anchor: list[Tensor]
    total: Tensor
    count: int = 0


class MeanSquaredDisplacement:
    """Mean over t of ||w(t+m) - w(t)||^2, for lags m = 1, 2, 5, 10, ... up to a quarter of the steps.

    Stretches of one lag follow each other without overlap: a lag needs one copy of the weights, not one for
    every step, and gets at least four stretches (one, where there are fewer than four steps).
    """

    def __init__(self, num_steps: int) -> None:
        longest = max(1, num_steps // 4)
        self.lags: dict[int, _Lag | None] = {m: None for m in range(1, longest + 1) if is_log_spaced(m)}
        self.num_seen = 0

    @torch.no_grad()
    def see(self, weights: Sequence[Tensor]) -> None:
        """Take the next place, one step after the last; the first is where all stretches begin."""
        for steps, lag in self.lags.items():
            if lag is None:
                copies = [weight.clone() for weight in weights]
                self.lags[steps] = _Lag(copies, torch.zeros((), dtype=torch.float64, device=copies[0].device))
            elif self.num_seen % steps == 0:
                moves = torch._foreach_sub(list(weights), lag.anchor)
                lag.total += torch.stack(torch._foreach_norm(moves)).double().square().sum()
                lag.count += 1
                torch._foreach_copy_(lag.anchor, list(weights))
        self.num_seen += 1

    def values(self) -> dict[int, float]:
        """Return the mean squared displacement of each lag that has a whole stretch."""
        return {
            steps: float(lag.total) / lag.count
            for steps, lag in self.lags.items()
            if lag is not None and lag.count
        }

    def state_dict(self) -> Mapping[str, Any]:
        """Remember all of it."""
        lags = {
            steps: {"anchor": lag.anchor, "total": lag.total, "count": lag.count}
            for steps, lag in self.lags.items()
            if lag is not None
        }
        return {"num_seen": self.num_seen, "lags": lags}

    def load_state_dict(self, state: Mapping[str, Any], device: torch.device) -> None:
        """Take it up."""
        self.num_seen = state["num_seen"]
        for steps, lag in state["lags"].items():
            anchor = [place.to(device) for place in lag["anchor"]]
            self.lags[steps] = _Lag(anchor, lag["total"].to(device), lag["count"])


class Movement(Probe):
    """Follows every step; sums stay on the device, so that no step waits for them.

    Vectors of lengths have one entry per layer, and the last for all parameters of the network together,
    biases, gamma and beta included.
    """

    def __init__(self, run: ProbedRun) -> None:
        super().__init__(run)
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
