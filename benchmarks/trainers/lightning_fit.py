"""Lightning's Trainer with the usual DataLoader; logging, checkpoints and bars are off."""

import logging
import time
import warnings
from typing import Any

import torch
from torch.nn import functional

from benchmarks.case import Case
from benchmarks.trainers.shared import network_of, torchvision_loader


def seconds_per_epoch(case: Case) -> float:
    """Time the last epoch, from its start hook to its end hook."""
    import lightning

    warnings.filterwarnings("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = network_of(case)
            self.seconds = self.started = 0.0

        def training_step(self, batch: Any, _index: int) -> torch.Tensor:
            images, labels = batch
            return functional.cross_entropy(self.network(images), labels)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.SGD(self.parameters(), lr=case.lr, momentum=case.momentum)

        def on_train_epoch_start(self) -> None:
            self.started = time.perf_counter()

        def on_train_epoch_end(self) -> None:
            self.seconds = time.perf_counter() - self.started

    module = Module()
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=case.epochs,
        precision="bf16-mixed" if case.precision == "bf16" else "32-true",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, torchvision_loader(case, num_workers=0))
    return module.seconds
