"""How the distribution of each layer's pre-activations changes while the layers below it learn.

Shapes: U units, V values of a unit.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from regx.probes.activations import PreActivations, pre_activations
from regx.probes.protocol import Probe, ProbedRun, ProbeRow, ProbeSpec, Rows, is_log_spaced

__all__ = ["SPEC", "ActivationDrift", "drift"]

MAX_UNITS = 128
INTERVAL = 50  # steps between two measurements whose drift is averaged over time
REFERENCE_STEP = 100  # from here to the end is the drift of the whole run
SMALLEST_SD = 1e-6
PERCENTILES = (15, 50, 85)

Stages = dict[str, dict[str, Tensor]]  # layer, stage -> (U, V), each row sorted


class ActivationDrift(Probe):
    """Follows the distributions on the probe batch.

    In a run of fewer than 1,000 steps the interval is a twentieth of it and the reference a tenth.
    """

    remembers = ("previous", "reference", "sums", "num_intervals")

    def __init__(self, run: ProbedRun) -> None:
        super().__init__(run)
        total = run.config.num_steps
        self.interval = max(1, min(INTERVAL, total // 20))
        self.reference_step = max(1, min(REFERENCE_STEP, total // 10))
        self.previous: Stages = {}
        self.reference: Stages = {}
        self.sums: dict[str, dict[str, float]] = {}
        self.num_intervals = 0

    def start(self) -> Rows:
        """See the initial distributions."""
        found = pre_activations(self.run)
        self.previous = _sorted(found)
        return _moments(found)

    def after_step(self) -> Rows:
        """Measure where a measurement is due."""
        step, total = self.run.step, self.run.config.num_steps
        is_shown = is_log_spaced(step) or step == total
        is_interval = step % self.interval == 0
        is_reference = step == self.reference_step
        return self._measure(is_shown, is_interval) if is_shown or is_interval or is_reference else None

    def _measure(self, is_shown: bool, is_interval: bool) -> Iterator[ProbeRow]:
        found = pre_activations(self.run)
        now = _sorted(found)
        if is_shown:
            yield from _moments(found)
        if self.run.step == self.reference_step:
            self.reference = now
        elif self.reference and is_shown:
            yield from _drifts("drift_from_reference", self.reference, now)
        if is_interval:
            for row in _drifts("drift", self.previous, now):
                sums = self.sums.setdefault(row.layer, {})
                sums[row.quantity] = sums.get(row.quantity, 0.0) + row.value
                yield row
            self.previous = now
            self.num_intervals += 1
        if self.run.step == self.run.config.num_steps:
            for layer, sums in self.sums.items():
                for quantity, total in sums.items():
                    yield ProbeRow(layer, f"mean_{quantity}", total / self.num_intervals)


def drift(before_UV: Tensor, after_UV: Tensor) -> tuple[float, int]:
    """Measure how far the distributions of a layer's units have moved, in their own standard deviations.

    Args:
        before_UV: Values of each unit at first, each row sorted.
        after_UV: Values of the same units later, likewise.

    Returns:
        Median over units of W1(before, after) / sd(before), where W1 is the Wasserstein distance: the mean
        distance of values of equal rank; and how many units are left out since they do not vary at first.
        NaN where none is left.
    """
    sd_U = before_UV.std(dim=1)
    varies_U = sd_U > SMALLEST_SD
    distance_U = (after_UV - before_UV).abs().mean(dim=1)[varies_U] / sd_U[varies_U]
    num_still = int((~varies_U).sum())
    return (float(distance_U.quantile(0.5)) if len(distance_U) else float("nan")), num_still


def _drifts(quantity: str, before: Stages, after: Stages) -> Iterator[ProbeRow]:
    for layer, stages in after.items():
        for stage, values_UV in stages.items():
            value, num_still = drift(before[layer][stage], values_UV)
            yield ProbeRow(layer, f"{quantity}_{stage}", value)
            if num_still:
                yield ProbeRow(layer, f"still_units_{stage}", num_still)


def _moments(found: Mapping[str, PreActivations]) -> Iterator[ProbeRow]:
    """Describe what the activation functions get: one unit, and the medians over all units."""
    for layer, stages in found.items():
        output_UV = stages.output
        levels = torch.tensor(PERCENTILES, dtype=output_UV.dtype, device=output_UV.device) / 100
        described = {"mean": output_UV.mean(dim=1), "sd": output_UV.std(dim=1)}
        quantiles = torch.quantile(output_UV, levels, dim=1)
        described |= {f"p{level}": row for level, row in zip(PERCENTILES, quantiles, strict=True)}
        for name, values_U in described.items():
            yield ProbeRow(layer, f"median_{name}", float(values_U.quantile(0.5)))
            yield ProbeRow(layer, f"unit_{name}", float(values_U[len(values_U) // 2]))


def _sorted(found: Mapping[str, PreActivations]) -> Stages:
    """Sort the values of at most 128 evenly spaced units of each layer."""
    sorted_: Stages = {}
    for layer, stages in found.items():
        named = {"raw": stages.raw, "normalised": stages.normalised, "output": stages.output}
        every = -(-len(stages.raw) // MAX_UNITS)
        sorted_[layer] = {
            stage: values[::every].sort(dim=1).values for stage, values in named.items() if values is not None
        }
    return sorted_


_STAGES = {
    "raw": "the weighted sums Wu + b",
    "normalised": "batch norm before gamma and beta (only with batch norm)",
    "output": "what the activation function gets (the same as raw without batch norm)",
}
SPEC = ProbeSpec(
    description="Distributions of pre-activations on the same 1,000 training images, and how far they drift.",
    quantities={
        **{
            f"{whose}_{name}": f"{meaning} of what the activation function gets: {unit}."
            for name, meaning in {
                "mean": "Mean",
                "sd": "Standard deviation",
                **{f"p{level}": f"{level}th percentile" for level in PERCENTILES},
            }.items()
            for whose, unit in {"median": "median over units", "unit": "one unit, that in the middle"}.items()
        },
        **{
            f"{name}_{stage}": f"{meaning} {of}."
            for stage, of in _STAGES.items()
            for name, meaning in {
                "drift": "Drift since the measurement 50 steps before, of",
                "mean_drift": "Mean over the run of the drift every 50 steps, of",
                "drift_from_reference": "Drift since step 100, of",
                "still_units": "Units that did not vary and are left out of the drift, of",
            }.items()
        },
    },
    build=ActivationDrift,
)
