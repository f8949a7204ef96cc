"""Non-additivity: how far the layers' steps, taken together, differ from the sum of each taken alone.

0 means that the layers learn independently of one another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from regx.probes.layers import (
    Criterion,
    LayerBlock,
    gradients,
    layer_blocks,
    move_,
    noiseless_copy,
    plain_step,
)
from regx.probes.protocol import WHOLE_NETWORK, Probe, ProbedRun, ProbeRow, ProbeSpec, Rows

__all__ = ["SPEC", "LossChanges", "layer_steps", "loss_changes", "steps_of_relative_length"]

EVERY_STEPS = 100
NUM_IMAGES = 2000
COMMON_LR = 0.1
RELATIVE_LENGTH = 0.01

Steps = list[list[Tensor]]  # the change of each trained parameter, block by block


@dataclass(frozen=True, kw_only=True)
class LossChanges:
    """What steps do to the loss.

    Attributes:
        single: For each layer, the change when it alone moves, in nats.
        joint: The change when all move, in nats.
    """

    single: tuple[float, ...]
    joint: float

    @property
    def non_additivity(self) -> float:
        """|joint - sum of single| / sum of |single|; NaN where no single step changes the loss."""
        size = sum(abs(change) for change in self.single)
        return abs(self.joint - sum(self.single)) / size if size else float("nan")


class NonAdditivity(Probe):
    """Measures on a fixed batch of training images after every hundredth step."""

    def __init__(self, run: ProbedRun) -> None:
        super().__init__(run)
        # A multiple of the mini-batch, so that ghost batch norm meets no short ghost.
        count, batch = min(NUM_IMAGES, len(run.train)), run.config.train.batch_size
        self.images_NCHW, self.labels_N = run.train.batch(slice(0, max(batch, count - count % batch)))

    def after_step(self) -> Rows:
        """Measure with the rate of the step that has just been taken."""
        if self.run.step % EVERY_STEPS:
            return None
        return self._measure(self.run.network, self.run.optimizer.lr)

    def _measure(self, network: nn.Sequential, lr: float) -> Iterator[ProbeRow]:
        twin = noiseless_copy(network, _precision(network, self.labels_N.device))
        blocks = layer_blocks(twin)
        images_NCHW = self.images_NCHW.to(blocks[0].weight.dtype)
        slope = layer_steps(twin, blocks, images_NCHW, self.labels_N)
        changes = loss_changes(blocks, _scaled(slope, [lr] * len(blocks)), images_NCHW, self.labels_N)
        for block, step, change in zip(blocks, slope, changes.single, strict=True):
            yield ProbeRow(block.name, "loss_change", change)
            yield ProbeRow(block.name, "relative_plain_step", lr * _weight_step_over_weight(block, step))
        yield ProbeRow(WHOLE_NETWORK, "joint_loss_change", changes.joint)
        yield ProbeRow(WHOLE_NETWORK, "non_additivity", changes.non_additivity)
        others = {
            "non_additivity_common_lr": _scaled(slope, [COMMON_LR] * len(blocks)),
            "non_additivity_matched": steps_of_relative_length(blocks, slope, RELATIVE_LENGTH),
        }
        for quantity, steps in others.items():
            changes = loss_changes(blocks, steps, images_NCHW, self.labels_N)
            yield ProbeRow(WHOLE_NETWORK, quantity, changes.non_additivity)


def layer_steps(
    network: nn.Sequential,
    blocks: Sequence[LayerBlock],
    images_NCHW: Tensor,
    labels_N: Tensor,
    *,
    lr: float = 1.0,
    criterion: Criterion = functional.cross_entropy,
) -> Steps:
    """Return the plain SGD step of each layer on a batch; nothing moves. A frozen layer has no change."""
    if not any(block.trained for block in blocks):
        return [[] for _ in blocks]
    loss = criterion(network(images_NCHW), labels_N)
    return [plain_step(of_block, lr) for of_block in gradients(loss, blocks)]


def steps_of_relative_length(blocks: Sequence[LayerBlock], steps: Steps, length: float) -> Steps:
    """Stretch each layer's step so that its weights move by `length` times their norm.

    Biases, gamma and beta are stretched by the same factor. A layer whose weights do not move stays.
    """
    ratios = [_weight_step_over_weight(block, step) for block, step in zip(blocks, steps, strict=True)]
    return _scaled(steps, [length / ratio if ratio else 0.0 for ratio in ratios])


@torch.no_grad()
def loss_changes(
    blocks: Sequence[LayerBlock],
    steps: Steps,
    images_NCHW: Tensor,
    labels_N: Tensor,
    *,
    criterion: Criterion = functional.cross_entropy,
) -> LossChanges:
    """Measure what steps do to the loss, alone and together.

    Activations below a layer that moves alone are those of the unmoved network, and are computed once.

    Args:
        blocks: All blocks of a network that draws no noise; afterwards their values are what they were.
        steps: The change of each of their trained parameters.
        images_NCHW: A batch, in the precision of the network.
        labels_N: Its labels.
        criterion: Loss of logits and labels.
    """
    inputs = [images_NCHW]
    for block in blocks:
        inputs.append(block.modules(inputs[-1]))

    def loss_from(first: int) -> float:
        activations = inputs[first]
        for block in blocks[first:]:
            activations = block.modules(activations)
        return _loss(activations, labels_N, criterion)

    loss = _loss(inputs[-1], labels_N, criterion)
    still = [[parameter.clone() for parameter in block.trained] for block in blocks]
    single = []
    for row, (block, step) in enumerate(zip(blocks, steps, strict=True)):
        move_(block, step)
        single.append(loss_from(row) - loss)
        _put_back_(block, still[row])
    for block, step in zip(blocks, steps, strict=True):
        move_(block, step)
    joint = loss_from(0) - loss
    for block, values in zip(blocks, still, strict=True):
        _put_back_(block, values)
    return LossChanges(single=tuple(single), joint=joint)


def _loss(logits_NK: Tensor, labels_N: Tensor, criterion: Criterion) -> float:
    """Add up in double precision where the device has it: differences of losses are small."""
    wide = logits_NK if logits_NK.device.type == "mps" else logits_NK.double()
    return float(criterion(wide, labels_N))


def _put_back_(block: LayerBlock, values: Sequence[Tensor]) -> None:
    for parameter, value in zip(block.trained, values, strict=True):
        parameter.copy_(value)


def _scaled(steps: Steps, factors: Sequence[float]) -> Steps:
    return [[factor * change for change in step] for step, factor in zip(steps, factors, strict=True)]


def _weight_step_over_weight(block: LayerBlock, step: Sequence[Tensor]) -> float:
    """Return ||u|| / ||w|| of a layer's weights; 0 where they are frozen, or 0."""
    move = block.of_weight(step)
    norm = float(torch.linalg.vector_norm(block.weight.detach()))
    return float(torch.linalg.vector_norm(move)) / norm if move is not None and norm else 0.0


def _precision(network: nn.Sequential, device: torch.device) -> torch.dtype:
    """Choose double precision, but not for convolutions: there it is many times slower."""
    has_convolutions = any(isinstance(module, nn.Conv2d) for module in network.modules())
    return torch.float32 if has_convolutions or device.type == "mps" else torch.float64


SPEC = ProbeSpec(
    description=(
        "How far the loss change of one plain SGD step of all layers differs from the sum of the changes of "
        "each layer's step alone, on up to 2,000 fixed training images; every 100 steps."
    ),
    quantities={
        "non_additivity": (
            "|dL - sum of dL_i| / sum of |dL_i|, at the rate of the last step; 0: layers learn independently."
        ),
        "non_additivity_common_lr": f"The same with learning rate {COMMON_LR} in every run.",
        "non_additivity_matched": (
            f"The same with steps that move each layer's weights by {RELATIVE_LENGTH} times their norm."
        ),
        "loss_change": "dL_i: change of the loss when this layer alone takes its step, in nats.",
        "joint_loss_change": "dL: change of the loss when all layers take their step, in nats.",
        "relative_plain_step": "Norm of the step of the layer's weights over the norm of these weights.",
    },
    build=NonAdditivity,
)
