"""Internal covariate shift of gradients: how a layer's gradient depends on the layers below it."""

from collections.abc import Iterator
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
from regx.probes.protocol import Probe, ProbedRun, ProbeRow, ProbeSpec, Rows

__all__ = ["SPEC", "GradientShift", "gradient_shifts"]

EVERY_STEPS = 50


@dataclass(frozen=True, kw_only=True)
class GradientShift:
    """How the gradient of one layer's weights changes when the layers before it take their step.

    Attributes:
        layer: Name of the layer.
        norm: ||G||, before.
        distance: ||G - G'||.
        relative: ||G - G'|| / ||G||; NaN where G is 0.
        cosine: cos(G, G'); NaN where one of them is 0.
    """

    layer: str
    norm: float
    distance: float
    relative: float
    cosine: float


class GradientShifts(Probe):
    """Measures on the mini-batch of every fiftieth step, before it is taken."""

    remembers = ("last_lr",)

    def __init__(self, run: ProbedRun) -> None:
        super().__init__(run)
        self.last_lr = 0.0

    def before_step(self, images_BCHW: Tensor, labels_B: Tensor) -> Rows:
        """Take the rate of the step before: the first step has none."""
        if self.run.step == 0 or self.run.step % EVERY_STEPS:
            return None
        return _rows(gradient_shifts(self.run.network, images_BCHW, labels_B, lr=self.last_lr))

    def after_step(self) -> Rows:
        """Keep the rate: after a checkpoint the optimiser has not used one yet."""
        self.last_lr = self.run.optimizer.lr
        return None


def gradient_shifts(
    network: nn.Sequential,
    images_BCHW: Tensor,
    labels_B: Tensor,
    *,
    lr: float,
    criterion: Criterion = functional.cross_entropy,
) -> list[GradientShift]:
    """Compare each layer's gradient at w with its gradient after the layers before it have moved.

    Both are taken in fp32 on the same mini-batch, with the batch's own statistics in batch norm and all noise
    off. Layers before one take a plain SGD step, gamma and beta included; the layer itself and those after
    it stay. So the first layer's gradient does not change. Frozen layers are left out.

    Args:
        network: The network; it is not changed.
        images_BCHW: Images of a mini-batch.
        labels_B: Their labels.
        lr: Learning rate of the step.
        criterion: Loss of logits and labels.

    Source:
        Santurkar et al. 2018, "How does batch normalization help optimization?", definition 2.1.
    """
    twin = noiseless_copy(network)
    blocks = [block for block in layer_blocks(twin) if block.trained]
    if not blocks:
        return []
    before = gradients(criterion(twin(images_BCHW), labels_B), blocks)
    shifts = []
    for block, old in zip(blocks, before, strict=True):  # all blocks before this one have moved by now
        if block.weight.requires_grad:
            loss = criterion(twin(images_BCHW), labels_B)
            (now,) = torch.autograd.grad(loss, [block.weight])
            shifts.append(_compare(block, old, now))
        move_(block, plain_step(old, lr))
    return shifts


def _compare(block: LayerBlock, old: list[Tensor], now: Tensor) -> GradientShift:
    before = block.of_weight(old)
    assert before is not None
    first, second = before.flatten().cpu().double(), now.flatten().cpu().double()
    norm, distance, other = (float(torch.linalg.vector_norm(x)) for x in (first, first - second, second))
    nan = float("nan")
    return GradientShift(
        layer=block.name,
        norm=norm,
        distance=distance,
        relative=distance / norm if norm else nan,
        cosine=float(first @ second) / (norm * other) if norm * other else nan,
    )


def _rows(shifts: list[GradientShift]) -> Iterator[ProbeRow]:
    for shift in shifts:
        yield ProbeRow(shift.layer, "batch_gradient_norm", shift.norm)
        yield ProbeRow(shift.layer, "gradient_shift", shift.distance)
        yield ProbeRow(shift.layer, "relative_gradient_shift", shift.relative)
        yield ProbeRow(shift.layer, "gradient_cosine", shift.cosine)


SPEC = ProbeSpec(
    description=(
        "How much the gradient of a layer's weights changes, on the same mini-batch, when the layers before "
        "it take their step; every 50 steps."
    ),
    quantities={
        "batch_gradient_norm": "L2 norm of the gradient G before the others move, without dropout.",
        "gradient_shift": "L2 norm of G - G', with G' the gradient after the layers before have moved.",
        "relative_gradient_shift": "The same, divided by the norm of G.",
        "gradient_cosine": "Cosine of the angle between G and G'; 1: the direction stays.",
    },
    build=GradientShifts,
)
