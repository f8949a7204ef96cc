"""Whole runs as one would write them by hand: train, evaluate on the validation images after each epoch."""

import time

import torch
from torch import nn
from torch.nn import functional

from benchmarks.case import Case
from benchmarks.trainers.shared import network_of, torchvision_loader, validation_loader
from regx.config import RunConfig
from regx.data.load import load_dataset
from regx.models.network import build_model
from regx.training.evaluate import evaluate
from regx.training.seeding import generator
from regx.training.start import prepare

__all__ = ["bare", "usual"]


def usual(case: Case, num_runs: int) -> float:
    """Time runs with torchvision's data set, a DataLoader and `loss.item()`."""
    train_loader, valid_loader = torchvision_loader(case, 0), validation_loader(case)
    started = time.perf_counter()
    for seed in range(num_runs):
        torch.manual_seed(seed)
        network = network_of(case)
        optimizer = torch.optim.SGD(network.parameters(), lr=case.lr, momentum=case.momentum)
        for _ in range(case.epochs):
            network.train()
            total = 0.0
            for images, labels in train_loader:
                optimizer.zero_grad()
                with torch.autocast("cpu", torch.bfloat16, enabled=case.precision == "bf16"):
                    loss = functional.cross_entropy(network(images), labels)
                loss.backward()
                optimizer.step()
                total += loss.item()
            network.eval()
            with torch.no_grad():
                sum(int((network(images).argmax(1) != labels).sum()) for images, labels in valid_loader)
    return time.perf_counter() - started


def bare(case: Case, num_runs: int) -> float:
    """Time runs on resident tensors that do what a run of regx does, and watch and write nothing."""
    content = case.run_config()
    dataset = load_dataset(RunConfig.model_validate(content).data.name)
    started = time.perf_counter()
    for seed in range(num_runs):
        config = RunConfig.model_validate({**content, "seed": seed})
        data = prepare(config, dataset, torch.device("cpu"))
        draw = generator(seed, "bench")
        network: nn.Module = build_model(config.model, config.data.facts, lambda _, draw=draw: draw)
        optimizer = torch.optim.SGD(network.parameters(), lr=case.lr, momentum=case.momentum, fused=True)
        pixels, labels = data.train.pixels, data.train.labels
        for _ in range(case.epochs):
            network.train()
            order = torch.randperm(len(labels))
            for rows in order[: len(order) // case.batch_size * case.batch_size].split(case.batch_size):
                optimizer.zero_grad()
                with torch.autocast("cpu", torch.bfloat16, enabled=case.precision == "bf16"):
                    logits = network(pixels[rows].permute(0, 3, 1, 2))
                functional.cross_entropy(logits.float(), labels[rows]).backward()
                optimizer.step()
            evaluate(network, data.train_slice)
            evaluate(network, data.valid)
        evaluate(network, data.test)
    return time.perf_counter() - started
