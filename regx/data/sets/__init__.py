"""One module per data set, each with its `SPEC`; the name of the module is the name in the YAML.

They import neither torch nor numpy: the schema of configs takes names and shapes from here.
"""

import importlib
import pkgutil

from regx.data.spec import DatasetSpec

__all__ = ["DATASETS"]


def _read_all() -> dict[str, DatasetSpec]:
    """Gather what every module says, the smallest download first."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    specs: list[DatasetSpec] = [importlib.import_module(f"{__name__}.{name}").SPEC for name in names]
    return {spec.name: spec for spec in sorted(specs, key=lambda spec: spec.num_bytes)}


DATASETS = _read_all()
