"""What must hold of an experiment's file beyond its shape; its configs are checked beside it."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import combinations
from math import prod

from regx.config.claim_rules import claim_rules
from regx.config.finding import Finding
from regx.config.hints import arm_hint
from regx.config.messages import show
from regx.config.sections.experiment import Axes, ExperimentFile, TuneConfig
from regx.config.tree import Node, Path, Plain
from regx.config.tuning_grid import can_extend

__all__ = ["MAX_CONFIGS", "experiment_rules", "num_configs"]

MAX_CONFIGS = 10_000
MAX_RUNS = 100_000
_GIVEN = {
    "name": "is given by the experiment: runs are named `<experiment>.<arm>`",
    "seed": "is given by the experiment: write `seeds` at the top level",
}


def experiment_rules(file: ExperimentFile, tier: str, content: Node) -> list[Finding]:
    """List every rule that a file breaks.

    Args:
        file: The file at a tier.
        tier: The tier.
        content: The tree that it was read from.
    """
    broken = [
        *_tier_rules(file, tier),
        *_setting_rules(file, tier),
        *_axis_rules(file),
        *_seed_rules(file),
        *_arm_rules(file, ("grid", "arms"), file.grid.arms),
        *(_tune_rules(file, file.tune) if file.tune else ()),
        *claim_rules(file, tier, content),
    ]
    return broken or list(_size_rules(file))


def num_configs(file: ExperimentFile) -> int:
    """Count the configs that an experiment asks for, of all arms together, at least."""
    axes = [[file.grid.of(arm), file.tune.of(arm) if file.tune else {}] for arm in file.arms]
    return sum(prod(len(values) for of_arm in pair for values in of_arm.values()) for pair in axes)


def _tier_rules(file: ExperimentFile, tier: str) -> Iterator[Finding]:
    if tier not in file.named_tiers:
        message = f"has no tier {tier} (known here: {', '.join(file.named_tiers)})"
        yield Finding(("tiers",), message, is_about_key=True)


def _setting_rules(file: ExperimentFile, tier: str) -> Iterator[Finding]:
    """Find paths that no config may have; whether the others exist, the check of the configs tells."""
    parts: list[tuple[Path, Iterable[str]]] = [(("set",), file.set), *_axes(file).items()]
    parts += ((("arms", arm), settings) for arm, settings in file.arms.items())
    if change := getattr(file.tiers, tier):
        parts.append((("tiers", tier, "set"), change.set))
    for part, settings in parts:
        for setting in settings:
            path = (*part, setting)
            if setting in _GIVEN:
                yield Finding(path, _GIVEN[setting], is_about_key=True, label=setting)
            elif not all(key.strip() == key and key for key in setting.split(".")):
                message = f"must be a dotted path, e.g. optim.lr (got {setting!r})"
                yield Finding(path, message, is_about_key=True)


def _axes(file: ExperimentFile) -> dict[Path, Axes]:
    """Return every mapping of axes, grids first, by its path."""
    axes: dict[Path, Axes] = {("grid",): file.grid.axes}
    axes |= {("grid", "arms", arm): own for arm, own in file.grid.arms.items()}
    if file.tune:
        axes["tune", "over"] = file.tune.over
        axes |= {("tune", "arms", arm): own for arm, own in file.tune.arms.items()}
    return axes


def _axis_rules(file: ExperimentFile) -> Iterator[Finding]:
    """Find values that stand twice, and axes that overlap."""
    for part, axes in _axes(file).items():
        for setting, values in axes.items():
            for index in _repeated(map(_word, values)):
                message = f"has {show(values[index])} twice"
                yield Finding((*part, setting, index), message, label=setting)
        for one, other in combinations(axes, 2):
            if _overlap(one, other):
                yield Finding((*part, other, 0), f"overlaps with {one}, another axis", label=other)


def _both_rules(file: ExperimentFile, tune: TuneConfig) -> Iterator[Finding]:
    """Find axes that are crossed and tuned."""
    for arm in file.arms:
        for setting in tune.of(arm):
            if any(_overlap(axis, setting) for axis in file.grid.of(arm)):
                message = "stands in the grid too; an axis is crossed or tuned, not both"
                yield Finding((*tune.part_of(arm), setting, 0), message, label=setting)


def _repeated(values: Iterable[Hashable]) -> Iterator[int]:
    """List the places in which a value stands that has stood before."""
    seen: set[Hashable] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index
        seen.add(value)


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _word(value: Plain) -> str:
    """Write a value so that equal values read alike: 1 and 1.0 are one number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return repr(float(value)) if is_number else repr(value)  # type: ignore[arg-type]


def _seed_rules(file: ExperimentFile) -> Iterator[Finding]:
    trials = file.tune.seeds if file.tune else ()
    for path, seeds in ((("seeds",), file.all_seeds), (("tune", "seeds"), trials)):
        for index in _repeated(seeds):
            yield Finding((*path, index), f"has {seeds[index]} twice")
    for index, seed in enumerate(trials):
        if seed in file.all_seeds:
            message = f"{seed} stands in `seeds` too: a seed that has chosen the values cannot compare them"
            yield Finding(("tune", "seeds", index), message)
            return  # one is enough: the others of a range follow from it


def _arm_rules(file: ExperimentFile, path: Path, named: Mapping[str, object]) -> Iterator[Finding]:
    """Find keys of a mapping of arms that are no arms."""
    for name in named:
        if name not in file.arms:
            yield Finding((*path, name), f"no such arm ({arm_hint(name, file.arms)})", is_about_key=True)


def _tune_rules(file: ExperimentFile, tune: TuneConfig) -> Iterator[Finding]:
    """Find arms that are not in the file or have no grid, and axes that are crossed too or cannot go on."""
    yield from _both_rules(file, tune)
    yield from _arm_rules(file, ("tune", "arms"), tune.arms)
    yield from _arm_rules(file, ("tune", "follow"), tune.follow)
    bare = [arm for arm in file.arms if arm not in tune.arms and arm not in tune.follow]
    if bare and not tune.over:
        message = f"missing; a mapping of dotted path -> values, for {', '.join(bare)}"
        yield Finding(("tune", "over"), message, is_about_key=True)
    tuned = [tune.of(arm) for arm in file.arms]
    for index, setting in enumerate(tune.extend or ()):
        found = [axes[setting] for axes in tuned if setting in axes]
        if not found:
            known = ", ".join(dict.fromkeys(axis for axes in tuned for axis in axes))
            yield Finding(("tune", "extend", index), f"{setting} is not tuned (known here: {known})")
        elif not all(map(can_extend, found)):
            message = f"{setting} cannot go on: it needs two values or more, all > 0"
            yield Finding(("tune", "extend", index), message)
    for arm, leader in tune.follow.items():
        yield from _follow_rules(file, tune, arm, leader)


def _follow_rules(file: ExperimentFile, tune: TuneConfig, arm: str, leader: str) -> Iterator[Finding]:
    path = ("tune", "follow", arm)
    if arm in tune.arms:
        message = "stands in `tune.arms` too; an arm is tuned or follows"
        yield Finding(path, message, is_about_key=True)
    if leader not in file.arms:
        yield Finding(path, f"no such arm ({arm_hint(leader, file.arms)})")
    elif leader in tune.follow:
        yield Finding(path, f"{leader} is not tuned itself: it follows another arm")
    elif tune.per == "cell" and file.grid.of(leader) not in ({}, file.grid.of(arm)):
        yield Finding(path, f"with `per: cell`, {arm} and {leader} must have the same grid")


def _size_rules(file: ExperimentFile) -> Iterator[Finding]:
    """Bound the number of configs, which are all checked, and of runs."""
    part = next((key for key in ("grid", "tune") if key in file.model_fields_set), "")
    number = num_configs(file)
    if number > MAX_CONFIGS:
        message = f"asks for {number:,} different configs; at most {MAX_CONFIGS:,} are allowed"
    elif (runs := number * len(file.all_seeds)) > MAX_RUNS:
        message = f"asks for {runs:,} runs; at most {MAX_RUNS:,} are allowed"
    else:
        return
    yield Finding((part,), message, is_about_key=True)
