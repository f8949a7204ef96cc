"""How gamma and beta of batch norm develop, and whether they undo the normalisation."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from regx.probes.activations import PreActivations, pre_activations
from regx.probes.layers import batch_norms, weight_layers
from regx.probes.protocol import Probe, ProbedRun, ProbeRow, ProbeSpec

__all__ = ["SPEC", "BatchNormAffine", "relative_change", "undo_index"]


class BatchNormAffine(Probe):
    """Measures after each epoch; channel by channel at the end."""

    def __init__(self, run: ProbedRun) -> None:
        super().__init__(run)
        self.norms = batch_norms(run.network)
        self.layers = weight_layers(run.network)
        self.initial = {name: self.layers[name].weight.detach().clone() for name in self.norms}

    def after_epoch(self) -> Iterator[ProbeRow]:
        """Measure each layer that has batch norm."""
        found = pre_activations(self.run)
        for name, norm in self.norms.items():
            stages = found[name]
            assert stages.normalised is not None
            after_UV, (gamma_U, beta_U) = stages.normalised, self._affine(name)
            if norm.affine:
                after_UV = after_UV * gamma_U[:, None] + beta_U[:, None]
            yield ProbeRow(name, "undo_index", undo_index(stages.raw, stages.normalised, after_UV))
            yield ProbeRow(
                name, "weight_change", relative_change(self.initial[name], self.layers[name].weight)
            )
            start = torch.cat([torch.ones_like(gamma_U), torch.zeros_like(beta_U)])
            yield ProbeRow(name, "affine_change", relative_change(start, torch.cat([gamma_U, beta_U])))
        if self.run.step == self.run.config.num_steps:
            yield from self._channels(found)

    def _channels(self, found: Mapping[str, PreActivations]) -> Iterator[ProbeRow]:
        for name in self.norms:
            gamma_U, beta_U = self._affine(name)
            raw_UV = found[name].raw
            columns = {
                "gamma": gamma_U,
                "beta": beta_U,
                "raw_mean": raw_UV.mean(dim=1),
                "raw_sd": raw_UV.std(dim=1, correction=0),
            }
            for quantity, values_U in columns.items():
                for unit, value in enumerate(values_U.tolist()):
                    yield ProbeRow(f"{name}[{unit}]", quantity, value)

    def state_dict(self) -> Mapping[str, Any]:
        """Remember the initial weights."""
        return self.initial

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take them up."""
        for name, weight in self.initial.items():
            weight.copy_(state[name])

    def _affine(self, name: str) -> tuple[Tensor, Tensor]:
        """Return gamma and beta; 1 and 0 where batch norm has none."""
        norm = self.norms[name]
        if norm.affine:
            return norm.weight.detach(), norm.bias.detach()
        device = self.run.device
        return torch.ones(norm.num_features, device=device), torch.zeros(norm.num_features, device=device)


def undo_index(raw_UV: Tensor, normalised_UV: Tensor, output_UV: Tensor) -> float:
    """Return how far gamma and beta undo the normalisation of a layer.

    Args:
        raw_UV: x, before batch norm.
        normalised_UV: x with mean 0 and variance 1.
        output_UV: gamma * normalised + beta.

    Returns:
        1 - ||output - x||^2 / ||normalised - x||^2: 1 where batch norm's output is x again, 0 where gamma and
        beta do nothing for it, below 0 where they lead further away. NaN where x is normalised already.
    """
    left = (output_UV - raw_UV).double().square().sum()
    whole = (normalised_UV - raw_UV).double().square().sum()
    return float(1 - left / whole) if whole > 0 else float("nan")


@torch.no_grad()
def relative_change(before: Tensor, after: Tensor) -> float:
    """Return ||after - before|| / ||before||."""
    return float(torch.linalg.vector_norm(after - before) / torch.linalg.vector_norm(before))


SPEC = ProbeSpec(
    description="Gamma and beta of batch norm, and how far they undo the normalisation, after each epoch.",
    quantities={
        "undo_index": (
            "1 - ||BN(x) - x||^2 / ||xhat - x||^2 with x the raw and xhat the normalised pre-activations: 1 "
            "where gamma and beta undo the normalisation, 0 where they do not."
        ),
        "weight_change": "||W - W(0)|| / ||W(0)|| of the weights before batch norm.",
        "affine_change": "The same of gamma and beta together, which begin at 1 and 0.",
        "gamma": "Scale of one channel, at the end.",
        "beta": "Shift of one channel, at the end.",
        "raw_mean": "Mean of one channel before batch norm, at the end.",
        "raw_sd": "Standard deviation of one channel before batch norm, at the end.",
    },
    build=BatchNormAffine,
)
