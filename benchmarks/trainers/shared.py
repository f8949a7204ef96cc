"""What the trainers have in common: the same images, the same network as plain torch layers."""

from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.case import Case
from regx.config import RunConfig
from regx.data.load import Dataset, load_dataset

__all__ = ["images_of", "network_of", "torchvision_loader", "validation_loader"]


def images_of(case: Case) -> tuple[Dataset, torch.Tensor, torch.Tensor]:
    """Return the data set, and the first images (N, C, H, W) uint8 with their labels."""
    config = RunConfig.model_validate(case.run_config())
    dataset = load_dataset(config.data.name)
    return dataset, dataset.pool_images[: case.num_images], dataset.pool_labels[: case.num_images]


def network_of(case: Case) -> nn.Sequential:
    """Write the network as one finds it in tutorials: activation before pooling, contiguous memory format."""
    config = RunConfig.model_validate(case.run_config())
    model, facts = config.model, config.data.facts
    layers: list[nn.Module] = []
    size, channels = facts.size, facts.channels
    if model.family == "cnn":
        for out_channels in model.conv_channels:
            layers.append(nn.Conv2d(channels, out_channels, 3, padding=1, bias=not model.batch_norm))
            if model.batch_norm:
                layers.append(nn.BatchNorm2d(out_channels))
            layers += [nn.ReLU(), nn.MaxPool2d(2)]
            channels, size = out_channels, size // 2
    layers.append(nn.Flatten())
    features = channels * size * size
    for units in model.hidden_sizes:
        layers.append(nn.Linear(features, units, bias=not model.batch_norm))
        if model.batch_norm:
            layers.append(nn.BatchNorm1d(units))
        layers.append(nn.ReLU())
        features = units
    layers.append(nn.Linear(features, facts.num_classes))
    return nn.Sequential(*layers)


def torchvision_loader(case: Case, num_workers: int) -> torch.utils.data.DataLoader[Any]:
    """Make torchvision's data set with its transforms and a DataLoader, as the tutorials do.

    Only the reading of the files is left out: the arrays come from regx's cache. `__getitem__`, which is
    what an epoch spends its time in, is torchvision's own.
    """
    dataset, images_NCHW, labels_N = images_of(case)
    source = _torchvision_set(dataset.name, images_NCHW, labels_N, statistics_of=images_NCHW)
    return torch.utils.data.DataLoader(
        source, batch_size=case.batch_size, shuffle=True, drop_last=True, num_workers=num_workers
    )


def validation_loader(case: Case) -> torch.utils.data.DataLoader[Any]:
    """Make a loader of the validation images, in large batches."""
    dataset, images_NCHW, _ = images_of(case)
    source = _torchvision_set(
        dataset.name, dataset.valid_images, dataset.valid_labels, statistics_of=images_NCHW
    )
    return torch.utils.data.DataLoader(source, batch_size=1000)


def _torchvision_set(
    name: str, images_NCHW: torch.Tensor, labels_N: torch.Tensor, statistics_of: torch.Tensor
) -> Any:
    from torchvision import datasets, transforms

    floats = statistics_of.float() / 255
    mean, std = floats.mean(dim=(0, 2, 3)).tolist(), floats.std(dim=(0, 2, 3)).tolist()
    kind = datasets.MNIST if name == "mnist" else datasets.CIFAR10
    source = kind.__new__(kind)
    source.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean, std)])
    source.target_transform = None
    if name == "mnist":
        source.data, source.targets = images_NCHW[:, 0].clone(), labels_N.clone()
    else:
        source.data = np.ascontiguousarray(images_NCHW.permute(0, 2, 3, 1).numpy())
        source.targets = labels_N.tolist()
    return source
