"""The config of a small run, for tests that train: as an object, or as the text of a file."""

from typing import Any

import yaml

from regx.config import RunConfig

__all__ = ["small_config", "small_yaml"]


def small_config(**sections: Any) -> RunConfig:
    """Make the config of an MLP on 300 of the digits, three epochs of six steps.

    Args:
        sections: A mapping is laid over the section of its name; anything else takes the place of a value.
    """
    return RunConfig.model_validate(_content(sections))


def small_yaml(**sections: Any) -> str:
    """Write the same config as a file has it, a section a line or a few."""
    return yaml.safe_dump(_content(sections), sort_keys=False, default_flow_style=None)


def _content(sections: dict[str, Any]) -> dict[str, Any]:
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
    return content
