"""A comparison in plain words."""

from collections.abc import Sequence

from regx.analysis.compare import Comparison, Row
from regx.analysis.differences import treatments
from regx.analysis.groups import Group

__all__ = ["conclude", "notes"]

# A smaller gap at a test loss that is higher by more than this is no overfitting prevented: our choice.
UNDERFIT_NATS = 0.02

_HASHES = {"git_commit", "data_sha256"}
_CLOCK = {"device", "device_name", "threads"}


def conclude(comparison: Comparison) -> list[str]:
    """Say which group overfits less and which converges faster, by how much, and what speaks against it.

    Every later group is set against the first. No sentence says more than the numbers do: where they
    disagree, both are told.
    """
    first, *others = comparison.groups
    said = []
    for index, other in enumerate(others, start=1):
        said.append(_overfitting(comparison, first.label, other.label, index))
        said.append(_convergence(comparison, first.label, other.label, index))
    return [*said, _what_differs(comparison), *_confidence(comparison.groups)]


def notes(comparison: Comparison) -> list[str]:
    """Say what a reader must know of the runs before trusting the table."""
    found = []
    for group in comparison.groups:
        for run in group.runs:
            record = run.record
            if record.status == "done":
                continue
            name = group.label if len(group.runs) == 1 else f"{group.label}, seed {record.seed},"
            why = f": {record.failure.message.rstrip('.')}" if record.failure else ""
            after = f"after {record.epochs_completed or len(run.rows)} of {run.config.train.epochs} epochs"
            verb = "is still running" if record.status == "running" else f"{_ended(record.status)}"
            found.append(f"{name} {verb} {after}{why}; what is measured at the end is missing.")
    for difference in comparison.environment:
        length = 12 if difference.path in _HASHES else 40
        shown = [_shorten(str(value), length) for value in difference.values]
        values = ", ".join(shown) if len(set(shown)) > 1 else f"{shown[0]} in each group"
        effect = ""
        if difference.path in _CLOCK:
            effect = "; do not compare their seconds"
        if difference.path == "data_sha256":
            effect = "; they did not see the same data"
        found.append(f"The runs differ in {difference.path} ({values}){effect}.")
    if len({group.seeds for group in comparison.groups}) > 1 and not _only_seed_differs(comparison):
        found.append("The groups have different seeds: they are not paired.")
    if len({group.config.train.epochs for group in comparison.groups}) > 1:
        found.append("The groups trained for different numbers of epochs: each is measured at its own end.")
    found += _upper_bounds(comparison)
    return found


def _overfitting(comparison: Comparison, first: str, other: str, index: int) -> str:
    gap, error = comparison.row("loss_gap"), comparison.row("error_gap")
    if gap.differences[index] is None:
        return f"Overfitting of {first} and {other} cannot be compared: {_absent(gap, comparison, index)}."
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


def _convergence(comparison: Comparison, first: str, other: str, index: int) -> str:
    epochs, seconds = comparison.row("epochs_to_target"), comparison.row("seconds_to_target")
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
    if f"{_mean(epochs, 0):.1f}" == f"{_mean(epochs, index):.1f}":
        return f"{first} and {other} reach {what} after the same {_mean(epochs, 0):.1f} epochs."
    low, high = _order(epochs, index)
    winner, loser = (first, other) if low == 0 else (other, first)
    text = (
        f"{winner} converges faster than {loser}: {what} after {_mean(epochs, low):.1f} epochs against "
        f"{_mean(epochs, high):.1f} ({_times(_mean(epochs, high), _mean(epochs, low))} fewer)"
    )
    fast, slow = _mean(seconds, low), _mean(seconds, high)
    if _seconds(fast) == _seconds(slow):
        return f"{text}, in the same {_seconds(fast)} of training."
    word = "and" if fast < slow else "yet in more training time:"
    return f"{text}, {word} {_seconds(fast)} against {_seconds(slow)} of training."


def _what_differs(comparison: Comparison) -> str:
    paths = [difference.path for difference in treatments(comparison.config)]
    if _only_seed_differs(comparison):
        return "They differ only in the seed: what differs between them is chance."
    if not paths:
        others = ", ".join(difference.path for difference in comparison.config)
        return (
            f"They differ only in {others}, which can move the last digits and the time, not what is learned."
        )
    if len(paths) == 1:
        return f"They differ in one setting: {paths[0]}."
    return (
        f"They differ in {len(paths)} settings ({', '.join(paths)}): "
        "this comparison cannot tell which of them made the difference."
    )


def _confidence(groups: Sequence[Group]) -> list[str]:
    if any(len(group.runs) == 1 for group in groups):
        return [
            "With one seed in a group nothing says how much of this is chance: train more seeds (--seed)."
        ]
    return []


def _upper_bounds(comparison: Comparison) -> list[str]:
    """Name the groups that were below the target when it was first looked at."""
    target = comparison.reference.target_error
    early = [
        group.label
        for group in comparison.groups
        if target is not None and any(run.rows and run.rows[0].valid_error <= target for run in group.runs)
    ]
    if not early:
        return []
    return [
        f"{', '.join(early)}: below the target after the first epoch already; its time is an upper bound."
    ]


def _shorten(values: str, length: int) -> str:
    return " and ".join(value[:length] for value in values.split(" and "))


def _only_seed_differs(comparison: Comparison) -> bool:
    return not comparison.config


def _order(row: Row, index: int) -> tuple[int, int]:
    """Return the first group and the other one, by index, the lower mean first."""
    return (0, index) if _mean(row, 0) < _mean(row, index) else (index, 0)


def _absent(row: Row, comparison: Comparison, index: int) -> str:
    pairs = ((comparison.groups[i].label, row.cells[i].missing) for i in (0, index))
    return "; ".join(f"{label}: {missing}" for label, missing in pairs if missing)


def _ended(status: str) -> str:
    return "was interrupted" if status == "interrupted" else status


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
