"""M09: iterations and epochs."""

from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from regx.claims.exact.check import Values
from regx.claims.small_runs import reproducible, small_config
from regx.data.images import Images, RunData
from regx.training.loop import train
from regx.training.observer import Observer
from regx.training.start import start

NUM_IMAGES = 300
NUM_EPOCHS = 3
BATCH_SIZES = (50, 64)  # 300 is a multiple of the first only

Epochs = Sequence[Sequence[Sequence[int]]]  # the numbers of the images, by epoch and iteration


@reproducible(seed=9)
def iterations() -> Values:
    """Count in regx's training loop and in torch's loader."""
    large = BATCH_SIZES[1]
    counts: Values = {}
    for size in BATCH_SIZES:
        counts |= count(f"regx, batches of {size}, incomplete batch dropped", _regx_epochs(size))
    for drop_last, kind in ((False, "kept"), (True, "dropped")):
        name = f"torch's DataLoader, batches of {large}, incomplete batch {kind}"
        counts |= count(name, _torch_epochs(large, drop_last=drop_last))
    return counts


def count(name: str, epochs: Epochs) -> Values:
    """Count iterations, and how often each image was taken."""
    taken = [Counter(row for batch in epoch for row in batch) for epoch in epochs]
    return {
        f"{name}: iterations per epoch": _each(len(epoch) for epoch in epochs),
        f"{name}: largest count of an image": _each(max(times.values()) for times in taken),
        f"{name}: images left out": _each(NUM_IMAGES - len(times) for times in taken),
    }


def _each(values: Iterable[int]) -> int | str:
    """Give the value that all epochs have in common, else all of them."""
    found = list(values)
    return found[0] if len(set(found)) == 1 else ", ".join(map(str, found))


def _regx_epochs(batch_size: int) -> Epochs:
    """Train in regx's loop on images that carry their number as a pixel."""
    pixels_NHWC = torch.zeros(NUM_IMAGES, 8, 8, 1)
    pixels_NHWC[:, 0, 0, 0] = torch.arange(NUM_IMAGES)
    images = Images(pixels_NHWC, torch.arange(NUM_IMAGES) % 10)
    config = small_config(
        data={"train_size": NUM_IMAGES},
        model={"family": "mlp", "hidden_sizes": []},
        optim={"lr": 1e-6},
        train={"epochs": NUM_EPOCHS, "batch_size": batch_size},
    )
    data = RunData(train=images, train_slice=images, valid=images, test=images)
    state, batches = start(config, data), list[list[int]]()

    def note(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if layer.training:
            batches.append([int(number) for number in inputs[0][:, 0, 0, 0]])

    state.network.register_forward_pre_hook(note)
    train(config, data, state, Observer())
    per_epoch = len(batches) // NUM_EPOCHS
    return [batches[first : first + per_epoch] for first in range(0, len(batches), per_epoch)]


def _torch_epochs(batch_size: int, *, drop_last: bool) -> Epochs:
    """Go through torch's own loader."""
    images = TensorDataset(torch.arange(NUM_IMAGES))
    loader = DataLoader(images, batch_size=batch_size, shuffle=True, drop_last=drop_last)
    return [[batch[0].tolist() for batch in loader] for _ in range(NUM_EPOCHS)]
