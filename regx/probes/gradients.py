"""The norm of the gradient, always on the same images."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from regx.probes.layers import gradients, layer_blocks, noiseless_copy
from regx.probes.protocol import WHOLE_NETWORK, Probe, ProbeRow, ProbeSpec, Rows, is_milestone

__all__ = ["SPEC", "Gradients", "gradient_norms"]


class Gradients(Probe):
    """Measures on the probe batch: initially, at log-spaced steps and after each epoch."""

    def start(self) -> Rows:
        """Measure at the initial weights."""
        return self._rows()

    def after_step(self) -> Rows:
        """Measure at log-spaced steps and the last of each epoch."""
        return self._rows() if is_milestone(self.run.config, self.run.step) else None

    def _rows(self) -> Iterator[ProbeRow]:
        images_BCHW, labels_B = self.run.probe_batch.batch(slice(None))
        for layer, norm in gradient_norms(self.run.network, images_BCHW, labels_B).items():
            yield ProbeRow(layer, "gradient_norm", norm)


def gradient_norms(network: nn.Sequential, images_BCHW: Tensor, labels_B: Tensor) -> dict[str, float]:
    """Return the norm of the gradient of each layer's weights, and that of all trained parameters together.

    The gradient is that of the mean cross-entropy in fp32, with the batch's own statistics in batch norm and
    all noise off. Layers that are not trained are left out.

    Args:
        network: The network; it is not changed.
        images_BCHW: Images.
        labels_B: Their labels.
    """
    twin = noiseless_copy(network)
    blocks = layer_blocks(twin)
    of_blocks = gradients(functional.cross_entropy(twin(images_BCHW), labels_B), blocks)
    of_weights = {
        block.name: float(torch.linalg.vector_norm(gradient))
        for block, of_block in zip(blocks, of_blocks, strict=True)
        if (gradient := block.of_weight(of_block)) is not None
    }
    norms = (float(torch.linalg.vector_norm(gradient)) for of_block in of_blocks for gradient in of_block)
    return {**of_weights, WHOLE_NETWORK: math.hypot(*norms)}


SPEC = ProbeSpec(
    description="Gradient norms on the same 1,000 training images, at log-spaced steps and after each epoch.",
    quantities={
        "gradient_norm": (
            "L2 norm of the gradient of a layer's weights; of all trained parameters for the network."
        )
    },
    build=Gradients,
)
