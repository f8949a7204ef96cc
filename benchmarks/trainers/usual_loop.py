"""The usual PyTorch loop: torchvision data set, transforms, DataLoader, `loss.item()`."""

import time

import torch
from torch.nn import functional

from benchmarks.case import Case
from benchmarks.trainers.shared import network_of, torchvision_loader


def seconds_per_epoch(case: Case, num_workers: int = 0) -> float:
    """Time the last epoch."""
    loader = torchvision_loader(case, num_workers)
    network = network_of(case).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=case.lr, momentum=case.momentum)
    seconds = 0.0
    for _ in range(case.epochs):
        started = time.perf_counter()
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=case.precision == "bf16"):
                loss = functional.cross_entropy(network(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()
        seconds = time.perf_counter() - started
    return seconds
