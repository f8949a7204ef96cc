"""What a run is: the schema, strict YAML, overrides, hashes."""

from regx.config.datasets import DATASETS, DatasetFacts
from regx.config.resolve import config_hash, dump_config
from regx.config.schema import RunConfig

__all__ = ["DATASETS", "DatasetFacts", "RunConfig", "config_hash", "dump_config"]
