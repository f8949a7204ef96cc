"""The config of a small run, for tests that train."""

from typing import Any

from regx.config import RunConfig

__all__ = ["small_config"]


def small_config(**sections: Any) -> RunConfig:
    """Make the config of an MLP on 300 of the digits, three epochs of six steps.

    Args:
        sections: A mapping is laid over the section of its name; anything else takes the place of a value.
    """
    content: dict[str, Any] = {
        "name": "small",
        "data": {"name": "digits", "train_size": 300},
        "model": {"family": "mlp", "hidden_sizes": [16]},
        "optim": {"lr": 0.1},
        "train": {"epochs": 3, "batch_size": 50},
        "device": "cpu",
    }
    for name, value in sections.items():
        content[name] = content[name] | value if isinstance(value, dict) else value
    return RunConfig.model_validate(content)
