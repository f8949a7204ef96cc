"""The resolved config: every default written out, and the hash that names the run's folder."""

import hashlib
import json

import yaml

from regx.config.schema import RunConfig

__all__ = ["config_hash", "dump_config"]


def dump_config(config: RunConfig) -> str:
    """Write a config as YAML that loads to the same config."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def config_hash(config: RunConfig) -> str:
    """Return 8 hex digits of the sha256 of all that shapes the result, apart from the seed.

    Name and seed stand in the folder's name already. `target_error` only marks a line in the evaluation, but a
    run under another target is another record, so it counts.
    """
    content = config.model_dump(mode="json", exclude={"name", "seed"})
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
