"""What differs between groups: in their configs, and in what they ran on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regx.compare.numbers import show_fact
from regx.compare.select import Group
from regx.runs.record import Environment

__all__ = ["Difference", "config_differences", "environment_differences", "treatments"]

# Settings that move no weight: they choose where a run is measured or what it runs on.
NOT_A_TREATMENT = ("train.target_error", "train.threads", "device")
# What may change results or times; the rest of the environment (commit, python, platform) is on record only.
_WATCHED = ("device", "device_name", "threads", "regx", "torch", "numpy", "git_commit")


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same in all groups.

    Attributes:
        path: Dotted path in the config, or field of the environment.
        values: One per group, as plain YAML values; None is "not set".
    """

    path: str
    values: tuple[Any, ...]


def config_differences(groups: Sequence[Group]) -> list[Difference]:
    """Compare resolved configs, name and seed aside.

    A section that is of another kind in one group (`batch_norm: false`, a decay of another kind) is one
    difference and not one per key: it was one decision.
    """
    configs = [group.config.model_dump(mode="json", exclude={"name", "seed"}) for group in groups]
    return _walk("", configs)


def treatments(differences: Sequence[Difference]) -> list[Difference]:
    """Keep what can change the result of training."""
    return [difference for difference in differences if difference.path not in NOT_A_TREATMENT]


def environment_differences(groups: Sequence[Group]) -> list[Difference]:
    """Compare what the runs ran on: versions, device, threads, and the content of equally named data."""
    fields = [field for field in Environment.model_fields if field in _WATCHED]
    if len({group.config.data.name for group in groups}) == 1:
        fields.append("data_sha256")
    found = []
    for field in fields:
        values = tuple(
            " and ".join(sorted({show_fact(getattr(run.record.environment, field)) for run in group.runs}))
            for group in groups
        )
        if len(set(values)) > 1 or " and " in values[0]:
            found.append(Difference(field, values))
    return found


def _walk(path: str, values: Sequence[Any]) -> list[Difference]:
    if all(value == values[0] for value in values):
        return []
    keys = [tuple(value) if isinstance(value, Mapping) else None for value in values]
    if keys[0] is None or any(other != keys[0] for other in keys):
        return [Difference(path, tuple(values))]
    return [
        difference
        for key in keys[0]
        for difference in _walk(f"{path}.{key}" if path else key, [value[key] for value in values])
    ]
