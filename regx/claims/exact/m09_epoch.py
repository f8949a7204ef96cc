"""M09: iterations and epochs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regx.claims.exact.check import CheckResult, Measured, MechanicalClaim, conclude, equal
from regx.claims.exact.small_runs import build, reproducible, small_config, train_observed
from regx.claims.sentences import loose_points

if TYPE_CHECKING:
    from torch import Tensor, nn


NUM_IMAGES = 300
NUM_EPOCHS = 3
BATCH_SIZES = (50, 64)  # 300 is a multiple of the first only


@dataclass(frozen=True, kw_only=True)
class Epochs:
    """Which images were trained on.

    Attributes:
        by: Whose loop.
        batch_size: Images per iteration.
        drop_last: Whether an incomplete last batch is left out.
        batches: The numbers of the images, by epoch and iteration.
    """

    by: str
    batch_size: int
    drop_last: bool
    batches: Sequence[Sequence[Sequence[int]]]

    def rows(self) -> list[Measured]:
        """Ask for the number of iterations, and for each image once, less those of an incomplete batch."""
        exact = NUM_IMAGES / self.batch_size
        iterations = math.floor(exact) if self.drop_last else math.ceil(exact)
        left_out = NUM_IMAGES % self.batch_size if self.drop_last else 0
        counts = [Counter(row for batch in epoch for row in batch) for epoch in self.batches]
        kind = "incomplete batch dropped" if self.drop_last else "incomplete batch kept"
        name = f"{self.by}, batches of {self.batch_size}, {kind}"
        return [
            equal(f"{name}: iterations per epoch", _each(len(epoch) for epoch in self.batches), iterations),
            equal(f"{name}: largest count of an image", _each(max(count.values()) for count in counts), 1),
            equal(f"{name}: images left out", _each(NUM_IMAGES - len(count) for count in counts), left_out),
        ]


def _each(values: Iterable[int]) -> int | str:
    """Give the value that all epochs have in common, else all of them."""
    found = list(values)
    return found[0] if len(set(found)) == 1 else ", ".join(map(str, found))


def regx_epochs(batch_size: int) -> Epochs:
    """Train in regx's loop on images that carry their number as a pixel."""
    import torch

    from regx.training.prepare import Images, RunData

    pixels_NHWC = torch.zeros(NUM_IMAGES, 8, 8, 1)
    pixels_NHWC[:, 0, 0, 0] = torch.arange(NUM_IMAGES)
    images = Images(pixels_NHWC, torch.arange(NUM_IMAGES) % 10)
    config = small_config(
        data={"train_size": NUM_IMAGES},
        model={"family": "mlp", "hidden_sizes": []},
        optim={"lr": 1e-6},
        train={"epochs": NUM_EPOCHS, "batch_size": batch_size},
    )
    network, batches = build(config), list[list[int]]()

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if layer.training:
            batches.append([int(number) for number in inputs[0][:, 0, 0, 0]])

    network.register_forward_pre_hook(note)
    data = RunData(train=images, train_slice=images, valid=images, test=images)
    train_observed(config, network, lambda _: None, data=data)
    per_epoch = len(batches) // NUM_EPOCHS
    epochs = [batches[start : start + per_epoch] for start in range(0, len(batches), per_epoch)]
    return Epochs(by="regx", batch_size=batch_size, drop_last=True, batches=epochs)


def torch_epochs(batch_size: int, *, drop_last: bool) -> Epochs:
    """Go through torch's own loader."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    images = TensorDataset(torch.arange(NUM_IMAGES))
    loader = DataLoader(images, batch_size=batch_size, shuffle=True, drop_last=drop_last)
    epochs = [[batch[0].tolist() for batch in loader] for _ in range(NUM_EPOCHS)]
    return Epochs(by="torch's DataLoader", batch_size=batch_size, drop_last=drop_last, batches=epochs)


def judge(runs: Sequence[Epochs]) -> CheckResult:
    """Judge all loops."""
    return conclude(
        [row for run in runs for row in run.rows()], reading="with 'iterator' read as 'iteration'"
    )


@reproducible(seed=9)
def check() -> CheckResult:
    """Count in regx's training loop and in torch's loader."""
    return judge(
        [
            *(regx_epochs(size) for size in BATCH_SIZES),
            *(torch_epochs(BATCH_SIZES[1], drop_last=drop_last) for drop_last in (False, True)),
        ]
    )


CLAIM = MechanicalClaim(
    id="M09",
    says="An iteration takes one mini-batch, an epoch takes them all.",
    quote=(
        "Training over a mini-batch constitutes an iterator and training over all the mini batches "
        "constitutes an epoch."
    ),
    source="PyTorch documentation, torch.utils.data.DataLoader, section Loading Batched and Non-Batched Data",
    passes_if=(
        "an epoch of N images in batches of B has floor(N / B) iterations where the incomplete batch is "
        "dropped, else ceil(N / B), and takes each image once, less those of the dropped batch"
    ),
    notes=(
        *loose_points("M09"),
        "regx drops the incomplete batch: a last batch of one image has no variance for batch normalisation, "
        "and all arms then take equal steps. Which images it leaves out changes with every epoch.",
    ),
    check=check,
)
