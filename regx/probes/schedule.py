"""When a probe looks."""

from regx.config import RunConfig

__all__ = ["is_log_spaced", "is_milestone"]


def is_log_spaced(step: int) -> bool:
    """Whether a step is one of 1, 2, 5, 10, 20, 50, 100, ...: often at first, when most happens."""
    return str(step).rstrip("0") in ("1", "2", "5")


def is_milestone(config: RunConfig, step: int) -> bool:
    """Whether a step is log-spaced or the last of an epoch."""
    return is_log_spaced(step) or step % config.steps_per_epoch == 0
