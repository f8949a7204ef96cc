"""Co-adaptation of hidden units: how useful each one is without the others.

The units are those that the output layer reads. To test the trained output layer without some units would be
circular, because dropout trains exactly that. So a new read-out is fitted to the units that are left.

Shapes: N images, H hidden units, K classes, S units of a subset, P pairs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from regx.data.images import Images
from regx.probes.layers import weight_layers
from regx.probes.protocol import WHOLE_NETWORK, Probe, ProbeRow, ProbeSpec

__all__ = [
    "SPEC",
    "Units",
    "draw_pairs",
    "draw_subsets",
    "interaction_index",
    "live_units",
    "mean_abs_correlation",
    "participation_ratio",
    "subset_readout_accuracy",
]

NUM_IMAGES = 2000
NUM_SUBSETS = 20
SUBSET_SHARE = 16  # one unit of so many is kept
NUM_PAIRS = 200
RIDGE = 1e-3  # of the units' sum of squared deviations, so that their scale does not matter
QUIET = 0.01  # an activation below this counts as off


@dataclass(frozen=True)
class Units:
    """What hidden units say of some images.

    Attributes:
        values: (N, H) float64 activations.
        labels: (N,) int64.
    """

    values: Tensor
    labels: Tensor


class CoAdaptation(Probe):
    """Looks at the trained network, on the first 2,000 training and the first 2,000 test images."""

    def end(self, test: Images) -> Iterator[ProbeRow]:
        """Measure in eval mode. Subsets depend on the seed and the number of units alone: arms share them."""
        with self.run.evaluation() as network:
            train_units, test_units = _hidden_units(network, self.run.train), _hidden_units(network, test)
        layer = [WHOLE_NETWORK, *weight_layers(self.run.network)][-2]
        num_units = train_units.values.shape[1]
        with self.run.noise("co_adaptation/subsets"):
            subsets = draw_subsets(num_units, torch.default_generator)
        live = live_units(test_units.values)
        with self.run.noise("co_adaptation/pairs"):
            pairs_P2 = draw_pairs(live, torch.default_generator)
        output = self.run.network.get_submodule("output")
        assert isinstance(output, nn.Linear)
        accuracy = subset_readout_accuracy(train_units, test_units, subsets)
        yield ProbeRow(layer, "subset_readout_accuracy", accuracy)
        yield ProbeRow(layer, "interaction_index", interaction_index(test_units, output, pairs_P2))
        yield from _distribution(layer, test_units.values, live)


def _distribution(layer: str, values_NH: Tensor, live: Tensor) -> Iterator[ProbeRow]:
    yield ProbeRow(layer, "mean_abs_correlation", mean_abs_correlation(values_NH[:, live]))
    yield ProbeRow(layer, "dead_units", float(values_NH.shape[1] - len(live)))
    yield ProbeRow(layer, "participation_ratio", participation_ratio(values_NH))
    yield ProbeRow(layer, "mean_activation", float(values_NH.mean()))
    yield ProbeRow(layer, "quiet_share", float((values_NH < QUIET).double().mean()))


def draw_subsets(num_units: int, generator: torch.Generator) -> list[Tensor]:
    """Draw 20 subsets of a sixteenth of the units, at least one unit each."""
    size = max(1, num_units // SUBSET_SHARE)
    return [torch.randperm(num_units, generator=generator)[:size] for _ in range(NUM_SUBSETS)]


def draw_pairs(units: Tensor, generator: torch.Generator) -> Tensor:
    """Draw 200 pairs of two different units, (P, 2); none where there are fewer than two."""
    if len(units) < 2:
        return torch.empty(0, 2, dtype=torch.int64)
    draws = [torch.randperm(len(units), generator=generator)[:2] for _ in range(NUM_PAIRS)]
    return units[torch.stack(draws)]


def subset_readout_accuracy(train: Units, test: Units, subsets: list[Tensor]) -> float:
    """Fit a linear read-out to each subset of the units alone, and see how well it classifies.

    The read-out is a ridge regression with intercept to one-hot labels, in closed form: the penalty is
    `RIDGE` times the sum of squared deviations of the subset's units, mean over the units.

    Args:
        train: What the read-outs are fitted on.
        test: What they are tried on.
        subsets: Indices of units, one tensor a subset.

    Returns:
        Mean accuracy over the subsets, in [0, 1].
    """
    center_H, targets_NK = train.values.mean(dim=0), functional.one_hot(train.labels).double()
    deviations_NH = train.values - center_H
    gram_HH = deviations_NH.T @ deviations_NH
    products_HK = deviations_NH.T @ (targets_NK - targets_NK.mean(dim=0))
    accuracies = []
    for subset in subsets:
        gram_SS = gram_HH[subset][:, subset]
        penalty = (RIDGE * gram_SS.diagonal().mean()).clamp_min(1e-30)  # all of its units may be dead
        eye_SS = torch.eye(len(subset), dtype=gram_SS.dtype)
        weights_SK = torch.linalg.solve(gram_SS + penalty * eye_SS, products_HK[subset])
        scores_NK = (test.values[:, subset] - center_H[subset]) @ weights_SK + targets_NK.mean(dim=0)
        accuracies.append((scores_NK.argmax(dim=1) == test.labels).double().mean())
    return float(torch.stack(accuracies).mean())


@torch.no_grad()
def interaction_index(units: Units, output: nn.Linear, pairs_P2: Tensor) -> float:
    """Compare the loss without two units with the sum of what each of them costs alone.

    With L the mean cross-entropy of the trained output layer and the named units set to 0, it is
    mean |L_ij - L_i - L_j + L_0| / mean |L_i - L_0|.

    Returns:
        0 where the units' shares of the loss add up; NaN without pairs, or where no unit matters.
    """
    weight_KH, bias_K = output.weight.cpu().double(), output.bias.cpu().double()
    logits_NK = units.values @ weight_KH.T + bias_K

    def loss_without(*missing: int) -> float:
        rows = list(missing)
        lost_NK = units.values[:, rows] @ weight_KH[:, rows].T
        return float(functional.cross_entropy(logits_NK - lost_NK, units.labels))

    whole = loss_without()
    alone = {unit: loss_without(unit) - whole for unit in sorted(set(pairs_P2.flatten().tolist()))}
    interactions, effects = 0.0, 0.0
    for first, second in pairs_P2.tolist():
        interactions += abs(loss_without(first, second) - whole - alone[first] - alone[second])
        effects += (abs(alone[first]) + abs(alone[second])) / 2
    return interactions / effects if effects else float("nan")


def live_units(values_NH: Tensor) -> Tensor:
    """Find the units whose activation is not the same for all images."""
    return (values_NH.amax(dim=0) > values_NH.amin(dim=0)).nonzero().flatten()


def mean_abs_correlation(values_NH: Tensor) -> float:
    """Return the mean |Pearson r| over all pairs of units, none of them dead; NaN for fewer than two."""
    num_units = values_NH.shape[1]
    if num_units < 2:
        return float("nan")
    r_HH = torch.corrcoef(values_NH.T).abs()
    return float((r_HH.sum() - r_HH.trace()) / (num_units * (num_units - 1)))


def participation_ratio(values_NH: Tensor) -> float:
    """Return (sum of eigenvalues)^2 / sum of squared eigenvalues of the units' covariance.

    Returns:
        How many directions the activations fill: 1 for one line, H for a ball; NaN where all units are dead.
    """
    # Both sums without the eigenvalues: they are the trace and the squared Frobenius norm.
    deviations_NH = values_NH - values_NH.mean(dim=0)
    covariance_HH = deviations_NH.T @ deviations_NH
    return float(covariance_HH.trace().square() / covariance_HH.square().sum())


def _hidden_units(network: nn.Sequential, images: Images) -> Units:
    """Read the input of the output layer; what follows is a small computation in float64 on the CPU."""
    pixels_NCHW, labels_N = images.batch(slice(0, NUM_IMAGES))
    return Units(network[:-1](pixels_NCHW).cpu().double(), labels_N.cpu())


SPEC = ProbeSpec(
    description=(
        "How much the units of the last hidden layer need one another, at the end, in eval mode, on the "
        "first 2,000 test images."
    ),
    quantities={
        "subset_readout_accuracy": (
            "Test accuracy of a ridge read-out refitted on 2,000 training images to a random sixteenth of "
            "the units, in [0, 1]; mean of 20 subsets."
        ),
        "interaction_index": (
            "Mean |L_ij - L_i - L_j + L_0| / mean |L_i - L_0| over 200 random pairs of units that are not "
            "dead, L the loss with the named units set to 0; 0: effects add up."
        ),
        "mean_abs_correlation": "Mean |Pearson r| over pairs of units that are not dead.",
        "dead_units": "Units with the same activation for all images.",
        "participation_ratio": "How many directions the activations fill, between 1 and the number of units.",
        "mean_activation": "Mean over units and images.",
        "quiet_share": f"Share of activations below {QUIET}, in [0, 1].",
    },
    build=CoAdaptation,
)
