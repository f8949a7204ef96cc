"""The mechanical claims: what holds, or fails, by construction, each checked exactly in a second or two.

`claims.yaml` has the text of each claim and what every measured number has to be. The modules beside it
measure; torch is imported with them, when a check runs, and never by importing this package.
"""

from regx.claims.exact.check import CheckResult, MechanicalClaim, all_mechanical

__all__ = ["CheckResult", "MechanicalClaim", "all_mechanical"]
