"""The mechanical claims: what holds, or fails, by construction, each checked exactly in a second or two.

One module per claim, `m01_...` to `m13_...`; a new one is found by being there. A module holds the claim's
text, a part that measures, a part that judges what was measured, and `CLAIM`. torch is imported by the checks
when they run, never by importing this package.
"""

import importlib
import pkgutil
import re

from regx.claims.exact.check import CheckResult, Measured, MechanicalClaim

__all__ = ["CheckResult", "Measured", "MechanicalClaim", "all_mechanical"]


def all_mechanical() -> tuple[MechanicalClaim, ...]:
    """Return every mechanical claim, ordered by id."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    modules = [
        importlib.import_module(f"{__name__}.{name}") for name in names if re.fullmatch(r"m\d\d_\w+", name)
    ]
    claims: list[MechanicalClaim] = [module.CLAIM for module in modules]
    return tuple(sorted(claims, key=lambda claim: claim.id))
