"""How many cores this process may use, which is often fewer than the machine has."""

import math
import os
from pathlib import Path

__all__ = ["available_cores"]

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container under Linux: microseconds of every so many, or `max`


def available_cores(quota: Path = QUOTA) -> int:
    """Count the cores of this process: those it is bound to, and no more than its container is granted.

    Args:
        quota: The file that says what the container is granted; where there is none, there is no limit.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        granted, period = quota.read_text(encoding="ascii").split()
        return max(1, min(bound, math.ceil(int(granted) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):  # `max`, another system
        return bound
