"""Sentences on single runs: numbers side by side, as nothing is known of chance."""

from regx.compare.compare import Comparison, Row

__all__ = ["UNDERFIT_NATS", "absent", "convergence", "overfitting"]

# A smaller gap at a test loss that is higher by more than this is no overfitting prevented: our choice.
UNDERFIT_NATS = 0.02


def overfitting(comparison: Comparison, first: str, other: str, index: int) -> str:
    """Say which of two overfits less, and what its test error says to that."""
    gap, error = comparison.row("loss_gap"), comparison.row("error_gap")
    if gap.differences[index] is None:
        return f"Overfitting of {first} and {other} cannot be compared: {absent(gap, comparison, index)}."
    if _nats(gap, 0) == _nats(gap, index):
        return f"{first} and {other} overfit the same: a loss gap of {_nats(gap, 0)}."
    low, high = _order(gap, index)
    winner, loser = (first, other) if low == 0 else (other, first)
    small, large = _mean(gap, low), _mean(gap, high)
    test_loss = comparison.row("test_loss")
    if _mean(test_loss, low) > _mean(test_loss, high) + UNDERFIT_NATS:
        return (
            f"{winner} has the smaller loss gap, {_nats(gap, low)} against {_nats(gap, high)}, by fitting "
            f"less: its test loss is {_nats(test_loss, low)} against {_nats(test_loss, high)}."
        )
    share = f", {(large - small) / large:.0%} less".replace("%", " %") if small > 0 else ""
    text = f"{winner} overfits less than {loser}: "
    text += f"its loss gap is {_nats(gap, low)} against {_nats(gap, high)}{share}"
    error_low, error_high = _mean(error, low), _mean(error, high)
    word = "but" if error_low > error_high else "and"
    text += f", {word} its error gap {_points(error_low)} against {_points(error_high)} points"
    test_low, test_high = _mean(comparison.row("test_error"), low), _mean(comparison.row("test_error"), high)
    if test_low > test_high:
        text += (
            f". Its test error is higher all the same ({_percent(test_low)} against {_percent(test_high)})"
        )
    else:
        text += f". Test error: {_percent(test_low)} against {_percent(test_high)}"
    return f"{text}."


def convergence(comparison: Comparison, first: str, other: str, index: int) -> str:
    """Say which of two is faster, in epochs and in seconds."""
    epochs = comparison.row("epochs_to_target")
    target = comparison.reference.target_error
    if target is None:
        return (
            f"Convergence of {first} and {other} cannot be compared: no run finished, so there is no target."
        )
    what = f"a validation error of {_percent(target)}"
    if epochs.differences[index] is None:
        reached = [
            (label, i) for label, i in ((first, 0), (other, index)) if epochs.cells[i].mean is not None
        ]
        if not reached:
            return f"Neither {first} nor {other} reached {what} in every run."
        (name, at), *_ = reached
        late = other if name == first else first
        seen = epochs.cells[index if name == first else 0].missing
        return f"{name} reached {what} after {_mean(epochs, at):.1f} epochs; {late} did not ({seen})."
    return _faster(comparison, what, (first, other), index)


def _faster(comparison: Comparison, what: str, labels: tuple[str, str], index: int) -> str:
    """Say which of two that reached the target was there first."""
    epochs, seconds = comparison.row("epochs_to_target"), comparison.row("seconds_to_target")
    first, other = labels
    low, high = _order(epochs, index)
    winner, loser = (first, other) if low == 0 else (other, first)
    if epochs.cells[low].censored:
        return (
            f"Which of {first} and {other} converges faster cannot be told: {what} after at least "
            f"{_mean(epochs, low):.1f} epochs against {_mean(epochs, high):.1f}, and times of {winner} are "
            "lower bounds."
        )
    if f"{_mean(epochs, 0):.1f}" == f"{_mean(epochs, index):.1f}":
        return f"{first} and {other} reach {what} after the same {_mean(epochs, 0):.1f} epochs."
    text = (
        f"{winner} converges faster than {loser}: {what} after {_mean(epochs, low):.1f} epochs against "
        f"{_mean(epochs, high):.1f} ({_times(_mean(epochs, high), _mean(epochs, low))} fewer)"
    )
    fast, slow = _mean(seconds, low), _mean(seconds, high)
    if _seconds(fast) == _seconds(slow):
        return f"{text}, in the same {_seconds(fast)} of training."
    word = "and" if fast < slow else "yet in more training time:"
    return f"{text}, {word} {_seconds(fast)} against {_seconds(slow)} of training."


def _order(row: Row, index: int) -> tuple[int, int]:
    """Return the first group and the other one, by index, the lower mean first."""
    return (0, index) if _mean(row, 0) < _mean(row, index) else (index, 0)


def absent(row: Row, comparison: Comparison, index: int) -> str:
    """Say why the first group, another one, or both have no number."""
    pairs = ((comparison.groups[i].label, row.cells[i].missing) for i in (0, index))
    return "; ".join(f"{label}: {missing}" for label, missing in pairs if missing)


def _mean(row: Row, index: int) -> float:
    mean = row.cells[index].mean
    assert mean is not None, row.measure.name  # callers look at the difference first
    return mean


def _nats(row: Row, index: int) -> str:
    return f"{_mean(row, index):#.3g} nats".replace("-", "−")


def _points(fraction: float) -> str:
    return f"{100 * fraction:.2f}".replace("-", "−")


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f} %"


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def _times(slow: float, fast: float) -> str:
    return f"{slow / fast:.1f} times"
