"""The resolved config: every default written out, and the hash that names the run's folder."""

import hashlib
import json
import re

import yaml

from regx.config.schema import RunConfig

__all__ = ["config_hash", "dump_config"]


class _Dumper(yaml.SafeDumper):
    """Quotes text that YAML 1.2 would read as a number: PyYAML thinks that `1e3` is text."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9][0-9.]*([eE][-+]?[0-9]+)?$"), list("-+0123456789")
)


def dump_config(config: RunConfig) -> str:
    """Write a config as YAML that loads to the same config."""
    content = config.model_dump(mode="json")
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def config_hash(config: RunConfig) -> str:
    """Return 8 hex digits of the sha256 of all that shapes the result, apart from the seed.

    Name and seed stand in the folder's name already. `target_error` only marks a line in the evaluation, but
    a run under another target is another record, so it counts.
    """
    content = config.model_dump(mode="json", exclude={"name", "seed"})
    text = json.dumps(content, sort_keys=True, separators=(",", ":")).replace(":-0.0", ":0.0")
    return hashlib.sha256(text.encode()).hexdigest()[:8]
