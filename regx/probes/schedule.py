"""When a probe looks."""

__all__ = ["is_log_spaced"]


def is_log_spaced(step: int) -> bool:
    """Whether a step is one of 1, 2, 5, 10, 20, 50, 100, ...: often at first, when most happens."""
    return str(step).rstrip("0") in ("1", "2", "5")
