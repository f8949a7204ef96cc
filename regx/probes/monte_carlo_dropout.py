"""Monte-Carlo dropout: the average over thinned networks, which weight scaling approximates.

Shapes: N images, K classes, P stochastic passes, R averages, each of some of the passes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from regx.data.images import Images
from regx.models.dropout import Dropout
from regx.probes.protocol import WHOLE_NETWORK, Probe, ProbeRow, ProbeSpec, Rows

__all__ = [
    "NUM_AVERAGED",
    "SPEC",
    "Score",
    "arithmetic_mean",
    "draw_members",
    "geometric_mean",
    "matching_k",
    "sample_log_probs",
    "scores",
]

NUM_AVERAGED = (1, 2, 5, 10, 20, 50, 100, 200)
NUM_PASSES = NUM_AVERAGED[-1]
NUM_REPEATS = 20
CHUNK = 500  # images at a time: their activations stay near the processor


@dataclass(frozen=True, kw_only=True)
class Score:
    """How good predicted probabilities are.

    Attributes:
        error: Share of images whose most probable class is wrong, in [0, 1].
        nll: Mean negative log-likelihood of the labels, in nats.
        error_sd: Standard deviation of the error over repeats with other passes; NaN for a single one.
    """

    error: float
    nll: float
    error_sd: float


class MonteCarloDropout(Probe):
    """Looks at the trained network, on all test images."""

    def end(self, test: Images) -> Rows:
        """Draw masks from a stream of their own; batch norm stays in eval mode."""
        with self.run.noise("monte_carlo_dropout/members"):
            members_RP = draw_members(torch.default_generator)
        with self.run.evaluation() as network, self.run.noise("monte_carlo_dropout/masks"):
            found = scores(network, test, members_RP)
        return _rows(found)


def scores(network: nn.Sequential, images: Images, members_RP: Tensor) -> dict[str, dict[int, Score]]:
    """Score weight scaling, and averages over networks thinned by dropout.

    Args:
        network: In eval mode, where it is again afterwards. Masks come from torch's default generators.
        images: The images to classify.
        members_RP: Which passes each average takes, as `draw_members` gives it.

    Returns:
        For each of `weight_scaling`, `arithmetic` and `geometric` the scores by the number k of networks that
        are averaged, mean over the averages of so many; weight scaling has k = 1.
    """
    totals: dict[str, Tensor] = {}
    for start in range(0, len(images), CHUNK):
        pixels_NCHW, labels_N = images.batch(slice(start, start + CHUNK))
        passes_PNK = sample_log_probs(network, pixels_NCHW, members_RP.shape[1])
        predictions_RNK = {
            "weight_scaling": _log_probs(network, pixels_NCHW).unsqueeze(0),
            "arithmetic": arithmetic_mean(passes_PNK, members_RP),
            "geometric": geometric_mean(passes_PNK, members_RP),
        }
        for method, log_probs_RNK in predictions_RNK.items():
            wrong_and_loss_R2 = _wrong_and_loss(log_probs_RNK, labels_N.cpu())
            totals[method] = totals.get(method, torch.zeros(())) + wrong_and_loss_R2
    sizes_R = members_RP.sum(dim=1).int()
    return {
        method: _by_size(total_R2 / len(images), sizes_R if len(total_R2) > 1 else torch.ones(1))
        for method, total_R2 in totals.items()
    }


def draw_members(
    generator: torch.Generator, num_passes: int = NUM_PASSES, num_averaged: tuple[int, ...] = NUM_AVERAGED
) -> Tensor:
    """Draw which passes each average takes.

    Every single pass is an average of one; of each other k there are 20, of passes drawn without replacement,
    but of all passes there is one.

    Returns:
        (R, P) float64, 1 where a pass is taken and 0 elsewhere.
    """
    rows = []
    for k in num_averaged:
        if k == 1:
            rows.append(torch.eye(num_passes, dtype=torch.float64))
        elif k == num_passes:
            rows.append(torch.ones(1, num_passes, dtype=torch.float64))
        else:
            chosen = [torch.randperm(num_passes, generator=generator)[:k] for _ in range(NUM_REPEATS)]
            none = torch.zeros(NUM_REPEATS, num_passes, dtype=torch.float64)
            rows.append(none.scatter(1, torch.stack(chosen), 1.0))
    return torch.cat(rows)


@torch.no_grad()
def sample_log_probs(network: nn.Sequential, images_NCHW: Tensor, num_passes: int) -> Tensor:
    """Classify images with `num_passes` thinned networks, each image and pass with masks of its own.

    What lies before the first dropout layer is computed once.

    Args:
        network: In eval mode, where it is again afterwards; only dropout acts as in training.
        images_NCHW: Images.
        num_passes: How many networks.

    Returns:
        (P, N, K) float64 log-probabilities, on the CPU.
    """
    first = next((row for row, layer in enumerate(network) if _dropouts(layer)), len(network))
    below, above = network[:first], network[first:]
    activations = below(images_NCHW)
    for dropout in _dropouts(network):
        dropout.train()
    log_probs = [_log_probs(above, activations) for _ in range(num_passes)]
    for dropout in _dropouts(network):
        dropout.eval()
    return torch.stack(log_probs)


def arithmetic_mean(passes_PNK: Tensor, members_RP: Tensor) -> Tensor:
    """Average probabilities; return (R, N, K) log-probabilities."""
    tiny = torch.finfo(torch.float64).tiny  # a class that all networks exclude is still no infinite loss
    return _mean(passes_PNK.exp(), members_RP).clamp_min(tiny).log()


def geometric_mean(passes_PNK: Tensor, members_RP: Tensor) -> Tensor:
    """Average log-probabilities, and normalise again; return (R, N, K) log-probabilities."""
    return _mean(passes_PNK, members_RP).log_softmax(dim=2)


def matching_k(by_k: Mapping[int, Score], weight_scaling: Score) -> float:
    """Find k*, the smallest k whose mean error is at most that of weight scaling; NaN where there is none."""
    matching = [k for k, score in by_k.items() if score.error <= weight_scaling.error]
    return float(min(matching)) if matching else float("nan")


def _mean(values_PNK: Tensor, members_RP: Tensor) -> Tensor:
    sums_RNK: Tensor = torch.tensordot(members_RP, values_PNK, dims=1)
    return sums_RNK / members_RP.sum(dim=1)[:, None, None]


@torch.no_grad()
def _log_probs(network: nn.Sequential, inputs: Tensor) -> Tensor:
    logits_NK: Tensor = network(inputs)
    return logits_NK.cpu().double().log_softmax(dim=1)


def _wrong_and_loss(log_probs_RNK: Tensor, labels_N: Tensor) -> Tensor:
    """Count wrong images and add up losses for each average: (R, 2)."""
    wrong_R = (log_probs_RNK.argmax(dim=2) != labels_N).sum(dim=1).double()
    chosen_RN = log_probs_RNK[:, torch.arange(len(labels_N)), labels_N]
    return torch.stack([wrong_R, -chosen_RN.sum(dim=1)], dim=1)


def _by_size(means_R2: Tensor, sizes_R: Tensor) -> dict[int, Score]:
    found = {}
    for k in sorted(set(sizes_R.tolist())):
        errors, nlls = means_R2[sizes_R == k].unbind(dim=1)
        sd = float(errors.std()) if len(errors) > 1 else float("nan")
        found[int(k)] = Score(error=float(errors.mean()), nll=float(nlls.mean()), error_sd=sd)
    return found


def _dropouts(module: nn.Module) -> list[nn.Module]:
    return [layer for layer in module.modules() if isinstance(layer, Dropout)]


def _rows(found: Mapping[str, Mapping[int, Score]]) -> Iterator[ProbeRow]:
    scaled = found["weight_scaling"][1]
    yield ProbeRow(WHOLE_NETWORK, "weight_scaling_error", scaled.error)
    yield ProbeRow(WHOLE_NETWORK, "weight_scaling_nll", scaled.nll)
    for mean in ("arithmetic", "geometric"):
        yield ProbeRow(WHOLE_NETWORK, f"mc_{mean}_matching_k", matching_k(found[mean], scaled))
        for k, score in found[mean].items():
            yield ProbeRow(WHOLE_NETWORK, f"mc_{mean}_error_k{k}", score.error)
            yield ProbeRow(WHOLE_NETWORK, f"mc_{mean}_error_sd_k{k}", score.error_sd)
            yield ProbeRow(WHOLE_NETWORK, f"mc_{mean}_nll_k{k}", score.nll)


SPEC = ProbeSpec(
    description=(
        "Predictions averaged over k networks thinned by dropout, beside weight scaling, at the end, on the "
        "test images. Of 200 stored passes k = 1, 2, 5, ..., 200 are averaged: k = 1 is the mean over all "
        "passes, every other k but the last the mean of 20 draws."
    ),
    quantities={
        "weight_scaling_error": "Test error in eval mode, in [0, 1].",
        "weight_scaling_nll": "Mean negative log-likelihood in eval mode, in nats.",
        "mc_arithmetic_error_k*": "Test error with the mean probabilities of k thinned networks, in [0, 1].",
        "mc_arithmetic_error_sd_k*": "Its standard deviation over repeats; NaN for all passes together.",
        "mc_arithmetic_nll_k*": "Mean negative log-likelihood of the same, in nats.",
        "mc_arithmetic_matching_k": "Smallest k whose error is at most that of weight scaling; NaN: none.",
        "mc_geometric_error_k*": "Test error with the normalised geometric mean of k thinned networks.",
        "mc_geometric_error_sd_k*": "As for the arithmetic mean.",
        "mc_geometric_nll_k*": "As for the arithmetic mean.",
        "mc_geometric_matching_k": "As for the arithmetic mean.",
    },
    build=MonteCarloDropout,
)
