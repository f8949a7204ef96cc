"""What a run and an experiment are: the schema, strict YAML, overrides, hashes."""

from regx.config.errors import ConfigError
from regx.config.experiment import Experiment
from regx.config.load import load_run
from regx.config.load_experiment import load_experiment
from regx.config.run import RunConfig, config_hash, dump_config
from regx.config.sections.experiment import Settings, Tier, TuneConfig

__all__ = [
    "ConfigError",
    "Experiment",
    "RunConfig",
    "Settings",
    "Tier",
    "TuneConfig",
    "config_hash",
    "dump_config",
    "load_experiment",
    "load_run",
]
