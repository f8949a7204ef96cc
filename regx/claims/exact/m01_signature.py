"""M01: the parameters of Dropout2d."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from regx.claims.exact.check import CheckResult, MechanicalClaim, conclude, equal


def judge(make: Callable[..., object]) -> CheckResult:
    """Judge a dropout module by its signature and by which probabilities it takes."""
    from torch import nn

    module = make()
    is_module = isinstance(module, nn.Module)
    learned = sum(1 for _ in module.parameters()) if isinstance(module, nn.Module) else 0
    rows = [
        equal("signature of nn.Dropout2d", _signature(make), "p=0.5, inplace=False"),
        equal("is a torch.nn.Module", str(is_module), "True"),
        equal("learned parameters", learned, 0),
    ]
    for value, answer in [(0.0, "taken"), (1.0, "taken"), (-0.1, "ValueError"), (1.1, "ValueError")]:
        rows.append(equal(f"p = {value}", _answer(make, value), answer))
    return conclude(rows)


def _signature(make: Callable[..., object]) -> str:
    parameters = inspect.signature(make).parameters.values()
    return ", ".join(f"{parameter.name}={parameter.default}" for parameter in parameters)


def _answer(make: Callable[..., object], drop_prob: float) -> str:
    try:
        make(p=drop_prob)
    except ValueError:
        return "ValueError"
    return "taken"


def check() -> CheckResult:
    """Look at torch's own module."""
    from torch import nn

    return judge(nn.Dropout2d)


CLAIM = MechanicalClaim(
    id="M01",
    says="Dropout2d is a torch.nn module with the parameters p and inplace.",
    quote=(
        "Dropout2d is the torch.nn module corresponding to dropout. "
        "Its parameters are the dropout probability 'p' and 'inplace'."
    ),
    source="PyTorch documentation, torch.nn.Dropout2d, section Parameters",
    passes_if="signature (p=0.5, inplace=False), nothing learned, and a ValueError for p outside [0, 1]",
    notes=(
        "The dropout of Srivastava et al. 2014, which zeroes single units, is torch.nn.Dropout; Dropout2d is "
        "the variant for feature maps (see M02).",
    ),
    check=check,
)
