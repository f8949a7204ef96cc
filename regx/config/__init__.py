"""What a run is: the schema, strict YAML, overrides, hashes."""

from regx.config.datasets import DATASETS, DatasetFacts
from regx.config.errors import ConfigError
from regx.config.load import load_run
from regx.config.notices import notices
from regx.config.resolve import config_hash, dump_config
from regx.config.schema import RunConfig

__all__ = [
    "DATASETS",
    "ConfigError",
    "DatasetFacts",
    "RunConfig",
    "config_hash",
    "dump_config",
    "load_run",
    "notices",
]
