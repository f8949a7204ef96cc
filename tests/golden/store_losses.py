"""The first five losses of three configs on the embedded digits; `make golden` stores them anew."""

import json
from pathlib import Path
from typing import Any

import torch

from regx.config import RunConfig
from regx.data.load import load_dataset
from regx.training.loop import TrainState, train
from regx.training.observer import Observer
from regx.training.seeding import stream_seed
from regx.training.start import prepare, start

STORE = Path(__file__).parent / "losses.json"
NUM_STEPS = 5

CONFIGS: dict[str, dict[str, Any]] = {
    "mlp": {"model": {"family": "mlp", "hidden_sizes": [32, 32]}, "optim": {"lr": 0.1}},
    "cnn_recipe": {
        "model": {"family": "cnn", "drop_prob": {"input": 0.1, "conv": 0.1, "hidden": 0.5}},
        "optim": {
            "lr": 0.5,
            "lr_decay": {"kind": "inverse_time", "half_life_steps": 3},
            "momentum": {"start": 0.5, "end": 0.9, "steps": 4},
            "max_norm": 1.0,
        },
    },
    "cnn_batch_norm": {
        "data": {"augment": "crop_flip"},
        "model": {"family": "cnn", "batch_norm": True, "activation": "tanh"},
        "optim": {"lr": 0.1, "nesterov": True, "weight_decay": 0.01},
    },
}


class Recorder(Observer):
    """Notes the sum of losses before each step."""

    def __init__(self, state: TrainState) -> None:
        self.state = state
        self.sums: list[float] = []

    def before_step(self, step: int) -> bool:
        self.sums.append(float(self.state.running_loss))
        return step < NUM_STEPS


def first_losses(sections: dict[str, Any]) -> list[float]:
    """Train five steps and return their train-mode losses."""
    data = {"name": "digits", "train_size": 500} | sections.get("data", {})
    config = RunConfig.model_validate(
        {"name": "golden", **sections, "data": data, "train": {"batch_size": 50}}
    )
    device = torch.device("cpu")
    torch.set_num_threads(1)
    images = prepare(config, load_dataset("digits", offline=True), device)
    state = start(config, images)
    recorder = Recorder(state)
    torch.manual_seed(stream_seed(0, "noise"))
    train(config, images, state, recorder)
    return [after - before for before, after in zip(recorder.sums, recorder.sums[1:], strict=False)]


if __name__ == "__main__":
    losses = {name: first_losses(sections) for name, sections in CONFIGS.items()}
    STORE.write_text(json.dumps(losses, indent=2) + "\n")
