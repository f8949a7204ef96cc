"""Which kind of file a YAML document is, told by its keys."""

import difflib
from pathlib import Path
from typing import Literal

from regx.config.errors import ConfigError
from regx.config.schema import RunConfig
from regx.config.sections.experiment import ExperimentFile
from regx.config.tree import Node
from regx.config.yaml_loader import read_yaml

__all__ = ["Kind", "kind_of", "kind_of_file"]

Kind = Literal["run", "experiment"]
_OF_EXPERIMENTS = set(ExperimentFile.model_fields) - set(RunConfig.model_fields)
_KEYS_OF_RUNS = {"extends", *RunConfig.model_fields}
_OF_RUNS = _KEYS_OF_RUNS - set(ExperimentFile.model_fields)


def kind_of(tree: Node) -> Kind:
    """Tell by the keys of a document what it was meant to be; a few of them may be misspelt.

    What has `arms` is an experiment, and what has as many keys of both kinds is a run.
    """
    keys = list(tree.value) if isinstance(tree.value, dict) else []
    if "arms" in keys:
        return "experiment"
    if _KEYS_OF_RUNS.issuperset(keys):  # most files; looking for what was meant takes longer
        return "run"
    near = [
        sum(bool(difflib.get_close_matches(key, kind, n=1, cutoff=0.8)) for key in keys)
        for kind in (_OF_EXPERIMENTS, _OF_RUNS)
    ]
    return "experiment" if near[0] > near[1] else "run"


def kind_of_file(path: Path) -> Kind | None:
    """Tell the kind of a file; None for one that cannot be read."""
    try:
        return kind_of(read_yaml(path, []))
    except ConfigError:
        return None
