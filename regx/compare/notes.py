"""What a reader must know of the runs before trusting the table."""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import log2

from regx.compare.compare import Comparison
from regx.compare.groups import Group
from regx.compare.select import how_to_go_on, show_tuned
from regx.numbers import in_words, show_seeds
from regx.runs.load import Run
from regx.stats.inference import MOST_CENSORED

__all__ = ["notes"]

_HASHES = {"git_commit", "data_sha256"}
_CLOCK = {"device", "device_name", "threads"}


def notes(comparison: Comparison) -> list[str]:
    """List them: unfinished runs, other machines, seeds without a partner, times that were not reached."""
    if comparison.axis:
        return [*_incomplete(comparison), *_unlike_grids(comparison)]
    groups = comparison.groups
    return [
        *_unfinished(groups),
        *_absent_runs(groups),
        *_mixed(groups),
        *_environment(comparison),
        *_pairing(comparison),
        *_censoring(comparison),
        *_tuning(groups),
        *_same_runs(groups),
        *_lengths(groups),
        *_upper_bounds(comparison),
    ]


def _incomplete(comparison: Comparison) -> Iterator[str]:
    """Say of each arm over an axis which runs and numbers it lacks."""
    for at, group in enumerate(comparison.groups):
        if group.incomplete:
            yield (
                f"{group.label}: seeds {show_seeds(group.incomplete)} lack a run in some cell and are not "
                f"used: `regx sweep` continues."
            )
        counts = {value: group.num_without_end(value) for value in group.values}
        ended = [f"{count} of {len(group.seeds)} at {value:g}" for value, count in counts.items() if count]
        if ended:
            yield f"{group.label}: runs diverged or were stopped, {in_words(ended, most=8)}."
        lost: dict[tuple[str, str], list[str]] = {}
        for row in comparison.rows:
            values = row.cells[at].by_seed
            if seeds := show_seeds([seed for seed, value in values.items() if value is None]):
                lost.setdefault((seeds, row.measure.missing), []).append(row.measure.label)
        for (seeds, reason), labels in lost.items():
            noun = "seed" if seeds.isdigit() else "seeds"
            yield f"{group.label}: {noun} {seeds} {reason}, so there is no mean of {in_words(labels)}."
        ends = comparison.rows[0].cells[at].values
        if comparison.rows[0].measure.name == "lr_max" and (count := ends.count(log2(group.values[-1]))):
            yield (
                f"{group.label}: the largest rate tried still works with {count} of {len(ends)} seeds: "
                "its LR_max is a lower bound."
            )


def _unlike_grids(comparison: Comparison) -> Iterator[str]:
    groups = comparison.groups
    if len({group.values for group in groups}) > 1:
        yield f"The arms have different values of {comparison.axis}."
    if len({group.seeds for group in groups}) > 1:
        yield "The arms have different seeds: only those that two arms share are paired."


def _unfinished(groups: Sequence[Group]) -> Iterator[str]:
    for group in groups:
        for run in group.runs:
            record = run.record
            name = _name(group, run)
            said = record.failure or record.note
            why = f": {said.message.rstrip('.')}" if said else ""
            if record.status == "done":
                if why:
                    yield f"{name} has hardly learned{why}."
                continue
            after = f"after {record.epochs_completed or run.last_epoch} of {run.config.train.epochs} epochs"
            ended = f"was {record.status}" if record.status in ("interrupted", "stopped") else record.status
            verb = "is still running" if record.status == "running" else ended
            yield f"{name} {verb} {after}{why}; measures at the end are missing."


def _name(group: Group, run: Run) -> str:
    return group.label if len(group.runs) == 1 else f"{group.label}, seed {run.record.seed},"


def _absent_runs(groups: Sequence[Group]) -> Iterator[str]:
    """Name the runs of an arm that the sweep has still to do."""
    for arm in (group.arm for group in groups if group.arm and group.arm.absent):
        states = ", ".join(
            f"{state}: seed{'s' if count > 1 else ''} "
            + show_seeds(sorted(seed for seed, its in arm.absent.items() if its == state))
            for state, count in Counter(arm.absent.values()).items()
        )
        verb = "is" if len(arm.absent) == 1 else "are"
        how = how_to_go_on(list(arm.absent.values()))
        yield f"{len(arm.absent)} of {arm.num_runs} runs of {arm.label} {verb} not done ({states}): {how}."
        yield from (f"{damage}." for damage in arm.damage)


def _mixed(groups: Sequence[Group]) -> Iterator[str]:
    """Name the runs that one program began and another ended."""
    for group in groups:
        for run in group.runs:
            if changes := run.record.mixture:
                shown = in_words([_shorten(change, 80) for change in changes], most=3)
                yield f"{_name(group, run)} is mixed: one program began it and another ended it ({shown})."


def _environment(comparison: Comparison) -> Iterator[str]:
    for varied in comparison.environment:
        length = 12 if varied.path in _HASHES else 40
        shown = [_shorten(str(value), length) for value in varied.values]
        values = ", ".join(shown) if len(set(shown)) > 1 else f"{shown[0]} in each group"
        effect = ""
        if varied.path in _CLOCK:
            effect = "; do not compare their seconds"
        if varied.path == "data_sha256":
            effect = "; they did not see the same data"
        yield f"The runs differ in {varied.path} ({values}){effect}."


def _pairing(comparison: Comparison) -> Iterator[str]:
    first, *others = comparison.groups
    if all(len(group.runs) == 1 for group in comparison.groups):
        if len({group.seeds for group in comparison.groups}) > 1 and comparison.config:
            yield "The groups have different seeds: they are not paired."
        return
    for other in others:
        shared = sorted(set(first.seeds) & set(other.seeds))
        alone = [
            f"only {group.label} has {show_seeds(only)}"
            for group, rest in ((first, other), (other, first))
            if (only := sorted(set(group.seeds) - set(rest.seeds)))
        ]
        if not shared:
            yield f"{first.label} and {other.label} share no seed: they are not paired (Welch's test)."
        elif alone:
            pairs = f"paired by the {len(shared)} seeds that both have ({show_seeds(shared)})"
            if len(shared) == 1:
                pairs = f"share one seed only ({shared[0]}), which says nothing about chance"
            yield f"{first.label} and {other.label}: {pairs}; {in_words(alone)}."


def _censoring(comparison: Comparison) -> Iterator[str]:
    """Say which times are lower bounds, and where there are too many to compare times at all."""
    row = comparison.row("epochs_to_target")
    for group, cell in zip(comparison.groups, row.cells, strict=True):
        count = len(cell.values)
        if cell.num_censored:
            yield (
                f"{cell.num_censored} of {count} runs of {group.label} did not reach the target; they "
                f"count with the length of their whole training, so the times are lower bounds (≥)."
            )
        elif cell.missing and count > 1 and cell.missing.endswith(row.measure.missing):
            limit = f"{MOST_CENSORED:.0%}".replace("%", " %")
            yield (
                f"Times to target of {group.label}: {cell.missing}, which is more than {limit}: compare the "
                "mean validation accuracy (AUC) instead."
            )
    first, *others = (group.label for group in comparison.groups)
    for other, one in zip(others, row.inferences[1:], strict=True):
        if one and one.may_be_reversed:
            fast, slow = (other, first) if one.difference < 0 else (first, other)
            yield (
                f"{fast} looks faster than {slow} but some of its times are only lower bounds, so no "
                f"winner is named."
            )


def _tuning(groups: Sequence[Group]) -> Iterator[str]:
    trials = {group.label: group.arm.num_trials for group in groups if group.arm}
    if len(set(trials.values())) > 1:
        shown = in_words([f"{label}: {count}" for label, count in trials.items()], most=8)
        yield f"The arms were tuned with unequal numbers of trials ({shown}): more trials find better values."
    for group in groups:
        if group.arm and group.arm.at_edge:
            paths = in_words([f"{path}={show_tuned(group.arm.tuned, path)}" for path in group.arm.at_edge])
            yield f"The tuned {paths} of {group.label} lies on the edge of what was tried."


def _same_runs(groups: Sequence[Group]) -> Iterator[str]:
    """Name arms of one sweep that came to be the same config, and so share their runs."""
    seen: dict[frozenset[str], str] = {}
    for group in groups:
        paths = frozenset(str(run.path) for run in group.runs)
        if paths in seen:
            yield f"{group.label} and {seen[paths]} are the same runs: their configs are equal."
        seen.setdefault(paths, group.label)


def _lengths(groups: Sequence[Group]) -> Iterator[str]:
    if len({group.config.train.epochs for group in groups}) > 1:
        yield "The groups trained for different numbers of epochs: each is measured at its own end."
    if len({group.config.train.eval_every for group in groups}) > 1:
        yield "The groups were evaluated in different epochs: best epochs and times to targets depend on it."


def _upper_bounds(comparison: Comparison) -> Iterator[str]:
    """Name the groups that were below the target when it was first looked at."""
    target = comparison.reference.target_error
    early = [
        group.label
        for group in comparison.groups
        if target is not None and any(run.rows and run.rows[0].valid_error <= target for run in group.runs)
    ]
    if early:
        names = ", ".join(early)
        yield f"{names}: below the target after the first epoch; its time is an upper bound."


def _shorten(values: str, length: int) -> str:
    return " and ".join(value[:length] for value in values.split(" and "))
