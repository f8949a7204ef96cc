"""What is measured inside a run: one module for each probe, with its SPEC. Probes never change training."""

import importlib
from typing import get_args

from regx.config.sections.train import ProbeName
from regx.probes.protocol import ProbeSpec

__all__ = ["find", "known"]


def known() -> tuple[str, ...]:
    """Return the names of all probes, as `probes` in a config has them."""
    return get_args(ProbeName)


def find(name: str) -> ProbeSpec:
    """Return the description of a probe."""
    spec = importlib.import_module(f"{__name__}.{name}").SPEC
    assert isinstance(spec, ProbeSpec)
    return spec
