"""Which data sets there are: every module of `regx.data.sets`."""

import difflib
import importlib
import pkgutil

from regx.config.errors import UsageError
from regx.data import sets
from regx.data.spec import DatasetSpec

__all__ = ["find", "known"]


def known() -> tuple[str, ...]:
    """Return the names of all data sets, smallest first."""
    from regx.config import DATASETS

    names = {module.name for module in pkgutil.iter_modules(sets.__path__)}
    return tuple(name for name in DATASETS if name in names)


def find(name: str) -> DatasetSpec:
    """Return what is known of one data set.

    Raises:
        UsageError: If there is no such data set; the message names the one that may have been meant.
    """
    if name not in known():
        near = difflib.get_close_matches(name, known(), n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known())}"
        raise UsageError(f"no data set '{name}' ({hint})")
    spec = importlib.import_module(f"{sets.__name__}.{name}").SPEC
    assert isinstance(spec, DatasetSpec)
    return spec
