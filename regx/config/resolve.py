"""The resolved config: every default written out, and the hash that names the run's folder."""

import hashlib
import json
import re
from typing import Any

import yaml

from regx.config.schema import RunConfig
from regx.config.sections.fields import ADDED_LATER, Section

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
    a run under another target is another record, so it counts. A setting that was added after the first runs
    counts where it is not at its default: what it can switch on does not rename the runs without it.
    """
    content = _hashed(config)
    del content["name"], content["seed"]
    text = json.dumps(content, sort_keys=True, separators=(",", ":")).replace(":-0.0", ":0.0")
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _hashed(section: Section) -> dict[str, Any]:
    """Dump a section without the later settings that are at their defaults."""
    content = section.model_dump(mode="json")
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if ADDED_LATER in field.metadata and value == field.default:
            del content[name]
        elif isinstance(value, Section):
            content[name] = _hashed(value)
    return content
