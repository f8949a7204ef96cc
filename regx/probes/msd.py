"""Mean squared displacement over log-spaced lags, with one remembered place per lag."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from regx.probes.schedule import is_log_spaced

__all__ = ["MeanSquaredDisplacement"]


@dataclass
class _Lag:
    """What is known of one lag: the place that its current stretch began at, and the stretches before."""

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
