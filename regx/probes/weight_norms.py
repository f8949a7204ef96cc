"""How large the weights are, layer by layer."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from regx.probes.layers import weight_layers
from regx.probes.protocol import Probe, ProbedRun, ProbeRow, ProbeSpec, Rows, is_milestone

__all__ = ["SPEC", "WeightNorms"]


class WeightNorms(Probe):
    """Norms at log-spaced steps and after each epoch; the largest incoming norm is followed at every step."""

    def __init__(self, run: ProbedRun) -> None:
        super().__init__(run)
        self.layers = weight_layers(run.network)
        self.peaks: dict[str, Tensor] = {}

    def start(self) -> Rows:
        """Measure the initial weights."""
        return self._norms()

    def after_step(self) -> Rows:
        """Follow the peaks at every step, and measure at log-spaced ones."""
        self._follow_peaks()
        return self._norms() if is_milestone(self.run.config, self.run.step) else None

    def state_dict(self) -> Mapping[str, Any]:
        """Remember the peaks."""
        return self.peaks

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the peaks up."""
        self.peaks = {name: peak.to(self.layers[name].weight.device) for name, peak in state.items()}

    def _follow_peaks(self) -> None:
        for name, layer in self.layers.items():
            norm = incoming_norms(layer.weight).max()  # NaN wins over every number, here and below
            self.peaks[name] = torch.maximum(self.peaks.get(name, norm), norm)

    @torch.no_grad()
    def _norms(self) -> Iterator[ProbeRow]:
        for name, layer in self.layers.items():
            incoming = incoming_norms(layer.weight)
            yield ProbeRow(name, "weight_norm", float(torch.linalg.vector_norm(layer.weight)))
            yield ProbeRow(name, "max_incoming_norm", float(incoming.max()))
            yield ProbeRow(name, "mean_incoming_norm", float(incoming.mean()))
            if name in self.peaks:
                yield ProbeRow(name, "peak_incoming_norm", float(self.peaks[name]))
            yield ProbeRow(name, "max_abs_weight", float(layer.weight.abs().max()))
            if layer.bias is not None:
                yield ProbeRow(name, "bias_norm", float(torch.linalg.vector_norm(layer.bias)))


@torch.no_grad()
def incoming_norms(weight: Tensor) -> Tensor:
    """Return the L2 norm of each unit's incoming weights: a row of a Linear, a filter of a Conv2d layer."""
    norms: Tensor = torch.linalg.vector_norm(weight, dim=tuple(range(1, weight.ndim)))
    return norms


SPEC = ProbeSpec(
    description="How large the weights of each layer are, at log-spaced steps and after each epoch.",
    quantities={
        "weight_norm": "Frobenius norm of the layer's weights.",
        "max_incoming_norm": "Largest L2 norm of one unit's incoming weights: what max-norm bounds.",
        "mean_incoming_norm": "The same, mean over the layer's units.",
        "peak_incoming_norm": "The largest `max_incoming_norm` after any step so far.",
        "max_abs_weight": "Largest absolute weight.",
        "bias_norm": "L2 norm of the layer's biases, where it has any.",
    },
    build=WeightNorms,
)
