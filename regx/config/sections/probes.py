"""`probes`: the names of what can be measured inside a run. `regx.probes` holds one module for each."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Strict
from pydantic_core import PydanticCustomError

__all__ = ["ProbeName", "Probes"]

ProbeName = Literal[
    "activation_drift",
    "batch_norm_affine",
    "co_adaptation",
    "gradient_shift",
    "gradients",
    "learning_rate",
    "monte_carlo_dropout",
    "movement",
    "non_additivity",
    "settling",
    "weight_norms",
]


def _as_set(names: tuple[str, ...]) -> tuple[str, ...]:
    """Sort the names, so that their order makes no other run."""
    if len(set(names)) < len(names):
        raise PydanticCustomError("repeated_probe", "names a probe twice")
    return tuple(sorted(names))


Probes = Annotated[tuple[ProbeName, ...], Strict(False), AfterValidator(_as_set)]
