"""The usual PyTorch loop with two DataLoader workers."""

from benchmarks.case import Case
from benchmarks.trainers import usual_loop


def seconds_per_epoch(case: Case) -> float:
    """Time the last epoch."""
    return usual_loop.seconds_per_epoch(case, num_workers=2)
