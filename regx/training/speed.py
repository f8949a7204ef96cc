"""How fast a network trains and evaluates here: a few steps on random images, for an estimate of a run."""

import torch

from regx.config import RunConfig
from regx.data.images import Images, RunData
from regx.training.environment import resolve_device
from regx.training.loop import TrainState, train
from regx.training.observer import Rows
from regx.training.start import start

__all__ = ["measure_speed"]

EVAL_IMAGES = 1000
EPOCHS = 3  # the first warms up
MAX_SECONDS = 2.0


class _RowsInTime(Rows):
    """Bounds the time, too."""

    def __init__(self, state: TrainState) -> None:
        super().__init__()
        self.state = state

    def before_step(self, step: int) -> bool:  # noqa: ARG002  # the time counts
        return self.state.train_seconds < MAX_SECONDS


def measure_speed(config: RunConfig) -> tuple[float, float]:
    """Train a few steps with the real loop.

    Torch's random numbers and thread count are changed; nothing is written.

    Returns:
        Seconds per image trained on, and seconds per image evaluated.
    """
    torch.set_num_threads(config.train.threads)
    device = resolve_device(config.device)
    batch_size = config.train.batch_size
    norm = config.model.batch_norm
    num_reference = (norm.reference_images or 0) if norm else 0
    num_images = batch_size * max(2, min(10, 1000 // batch_size), -(-num_reference // batch_size))
    short = config.model_copy(
        update={
            "data": config.data.model_copy(update={"train_size": num_images, "augment": "none"}),
            "train": config.train.model_copy(
                update={"epochs": EPOCHS, "eval_every": 1, "bn_reestimate_images": 0, "stop_if": None}
            ),
        }
    )
    images = _random_images(short, num_images, device)
    evaluated = _random_images(short, EVAL_IMAGES // 2, device)
    data = RunData(train=images, train_slice=evaluated, valid=evaluated, test=evaluated)
    state = start(short, data)
    observer = _RowsInTime(state)
    train(short, data, state, observer)
    rows = observer.rows
    if len(rows) < EPOCHS:  # it is slow, or blew up on noise: what was timed has to do
        evaluations = max(1, len(rows))
        trained = max(1, state.step) * batch_size
        return state.train_seconds / trained, state.eval_seconds / (evaluations * EVAL_IMAGES)
    trained, measured = (EPOCHS - 1) * num_images, (EPOCHS - 1) * EVAL_IMAGES
    return (
        (rows[-1].train_seconds - rows[0].train_seconds) / trained,
        (rows[-1].eval_seconds - rows[0].eval_seconds) / measured,
    )


def _random_images(config: RunConfig, num_images: int, device: torch.device) -> Images:
    facts = config.data.facts
    draw = torch.Generator().manual_seed(0)
    pixels_NHWC = torch.randn(num_images, facts.size, facts.size, facts.channels, generator=draw)
    labels_N = torch.randint(facts.num_classes, (num_images,), generator=draw)
    return Images(pixels_NHWC.to(device), labels_N.to(device))
