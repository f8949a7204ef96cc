"""What is timed: one network, one data set, one precision, the same for every trainer."""

import json
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["NETWORKS", "Case"]

NETWORKS: dict[str, dict[str, Any]] = {
    # The networks that the experiments use most, each with the images of an epoch of some seconds.
    "mcnn": {
        "data": {"name": "mnist", "train_size": 8000},
        "model": {"family": "cnn", "conv_channels": [16, 32], "hidden_sizes": [128]},
    },
    "mlp2": {
        "data": {"name": "mnist", "train_size": 20_000},
        "model": {"family": "mlp", "hidden_sizes": [512, 512]},
    },
    "ccnn": {
        "data": {"name": "cifar10", "train_size": 2500},
        "model": {
            "family": "cnn",
            "conv_channels": [32, 64, 128],
            "hidden_sizes": [128],
            "batch_norm": True,
        },
    },
}


@dataclass(frozen=True)
class Case:
    """One thing to time.

    Attributes:
        network: A key of NETWORKS.
        precision: fp32 or bf16.
        epochs: Passes; the first warms up, the others are timed.
        threads: CPU threads of torch.
        train_size: Training images; None for those of NETWORKS.
    """

    network: str
    precision: str
    epochs: int
    threads: int
    batch_size: int = 100
    lr: float = 0.05
    momentum: float = 0.9
    train_size: int | None = None

    @property
    def num_images(self) -> int:
        """Training images; an epoch is one pass over them."""
        return self.train_size or int(NETWORKS[self.network]["data"]["train_size"])

    def run_config(self) -> dict[str, object]:
        """Write the case as the config of a run."""
        parts = NETWORKS[self.network]
        return {
            "name": self.network,
            "data": {**parts["data"], "train_size": self.num_images},
            "model": parts["model"],
            "optim": {"lr": self.lr, "momentum": self.momentum},
            "train": {
                "epochs": self.epochs,
                "batch_size": self.batch_size,
                "precision": self.precision,
                "threads": self.threads,
            },
            "device": "cpu",
        }

    def to_json(self) -> str:
        """Write the case for another process."""
        return json.dumps(asdict(self))
