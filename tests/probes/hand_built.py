"""A run as a probe sees it, around a network whose weights a test moves by hand."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from regx.config import RunConfig
from regx.data.images import Images
from regx.probes.protocol import Probe, ProbedRun, Rows


def linear(weight: list[list[float]], bias: list[float] | None = None) -> nn.Linear:
    layer = nn.Linear(len(weight[0]), len(weight), bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias))
    return layer


def network_of(**layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(flatten=nn.Flatten(), **layers))


def images_of(features: Tensor, labels: list[int] | None = None) -> Images:
    """Images of one row of pixels, from (N, F) features."""
    given = [0] * len(features) if labels is None else labels
    return Images(features[:, None, :, None], torch.tensor(given))


def run_of(network: nn.Sequential, images: Images, *, epochs: int = 1, per_epoch: int = 10) -> ProbedRun:
    config = RunConfig.model_validate(
        {
            "name": "test",
            "data": {"name": "digits", "train_size": 10 * per_epoch},
            "model": {"family": "mlp"},
            "optim": {"lr": 0.1},
            "train": {"epochs": epochs, "batch_size": 10},
        }
    )

    @contextmanager
    def evaluation() -> Iterator[nn.Sequential]:
        with torch.no_grad():
            yield network.eval()
        network.train()

    @contextmanager
    def noise(stream: str) -> Iterator[None]:
        with torch.random.fork_rng():
            yield

    return ProbedRun(
        config=config,
        network=network,
        optimizer=SimpleNamespace(lr=0.1, momentum=0.0),
        train=images,
        train_slice=images,
        probe_batch=images,
        valid=images,
        evaluation=evaluation,
        noise=noise,
    )


def after_step(probe: Probe, run: ProbedRun, step: int) -> dict[tuple[str, str], float]:
    """Tell a probe that a step was taken; return what it found by layer and quantity."""
    run.step = step
    return found(probe.after_step())


def found(rows: Rows) -> dict[tuple[str, str], float]:
    return {(row.layer, row.quantity): row.value for row in rows or ()}
