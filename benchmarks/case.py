"""What is timed: one network, one data set, one precision, the same for every trainer."""

import json
from dataclasses import asdict, dataclass

__all__ = ["NETWORKS", "Case"]

NETWORKS = {
    # The networks that the experiments use most.
    "mcnn": {
        "data": {"name": "mnist"},
        "model": {"family": "cnn", "conv_channels": [16, 32], "hidden_sizes": [128]},
    },
    "mlp2": {
        "data": {"name": "mnist"},
        "model": {"family": "mlp", "hidden_sizes": [512, 512]},
    },
    "ccnn": {
        "data": {"name": "cifar10"},
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
        num_images: Training images; an epoch is one pass over them.
        epochs: Passes; the first warms up, the others are timed.
        threads: CPU threads of torch.
    """

    network: str
    precision: str
    num_images: int
    epochs: int
    threads: int
    batch_size: int = 100
    lr: float = 0.05
    momentum: float = 0.9

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
