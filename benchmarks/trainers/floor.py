"""The floor: forward, backward, step on resident tensors; nothing is watched, measured or saved."""

import time

import torch
from torch import nn
from torch.nn import functional

from benchmarks.case import Case
from regx.config import RunConfig
from regx.data.load import load_dataset
from regx.models.network import build_model
from regx.training.seeding import generator
from regx.training.start import prepare


def seconds_per_epoch(case: Case) -> float:
    """Time the last epoch, on regx's own network, memory format and images."""
    config = RunConfig.model_validate(case.run_config())
    data = prepare(config, load_dataset(config.data.name), torch.device("cpu"))
    network: nn.Module = build_model(config.model, config.data.facts, lambda name: generator(0, name)).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=case.lr, momentum=case.momentum, fused=True)
    pixels, labels = data.train.pixels, data.train.labels
    seconds = 0.0
    for _ in range(case.epochs):
        started = time.perf_counter()
        order = torch.randperm(len(labels))
        for rows in order[: len(order) // case.batch_size * case.batch_size].split(case.batch_size):
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=case.precision == "bf16"):
                logits = network(pixels[rows].permute(0, 3, 1, 2))
            functional.cross_entropy(logits.float(), labels[rows]).backward()
            optimizer.step()
        seconds = time.perf_counter() - started
    return seconds
