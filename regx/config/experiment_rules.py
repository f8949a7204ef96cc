"""The rules between several parts of an experiment's file, including its claims."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import prod

from regx.config.errors import Finding, KeyPath
from regx.config.messages import show
from regx.config.sections.claim import CRITERIA, Amount, BesideConfig, ClaimConfig, PartConfig
from regx.config.sections.experiment import Axes, ExperimentFile, TuneConfig, can_extend
from regx.config.yaml_tree import Node, Plain
from regx.text import known_hint

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
        *_claim_rules(file, tier, content),
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
    """Find paths that no config may have. Whether the others exist shows when the configs are checked."""
    parts: list[tuple[KeyPath, Iterable[str]]] = [(("set",), file.set), *_axes(file).items()]
    parts += ((("arms", arm), settings) for arm, settings in file.arms.items())
    if change := getattr(file.tiers, tier):
        parts.append((("tiers", tier, "set"), change.set))
    for part, settings in parts:
        for setting in settings:
            path = (*part, setting)
            if setting in _GIVEN:
                yield Finding(path, _GIVEN[setting], is_about_key=True)
            elif not all(key.strip() == key and key for key in setting.split(".")):
                message = f"must be a dotted path, e.g. optim.lr (got {setting!r})"
                yield Finding(path, message, is_about_key=True)


def _axes(file: ExperimentFile) -> dict[KeyPath, Axes]:
    """Return every mapping of axes, grids first, by its path."""
    axes: dict[KeyPath, Axes] = {("grid",): file.grid.axes}
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
                yield Finding((*part, setting, index), message)
        for one, other in combinations(axes, 2):
            if _overlap(one, other):
                yield Finding((*part, other, 0), f"overlaps with {one}, another axis")


def _both_rules(file: ExperimentFile, tune: TuneConfig) -> Iterator[Finding]:
    """Find axes that are crossed and tuned."""
    for arm in file.arms:
        for setting in tune.of(arm):
            if any(_overlap(axis, setting) for axis in file.grid.of(arm)):
                message = "is in the grid too; a setting is in the grid or tuned, not both"
                yield Finding((*tune.part_of(arm), setting, 0), message)


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
            message = (
                f"{seed} is in `seeds` too: a seed that chose the values would favour them in the comparison"
            )
            yield Finding(("tune", "seeds", index), message)
            return  # one is enough: the others of a range follow from it


def _arm_rules(file: ExperimentFile, path: KeyPath, named: Mapping[str, object]) -> Iterator[Finding]:
    """Find keys of a mapping of arms that are no arms."""
    for name in named:
        if name not in file.arms:
            yield Finding((*path, name), f"no such arm ({known_hint(name, file.arms)})", is_about_key=True)


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
            message = f"{setting} cannot be extended: it needs two values or more, all > 0"
            yield Finding(("tune", "extend", index), message)
    for arm, leader in tune.follow.items():
        yield from _follow_rules(file, tune, arm, leader)


def _follow_rules(file: ExperimentFile, tune: TuneConfig, arm: str, leader: str) -> Iterator[Finding]:
    path = ("tune", "follow", arm)
    if arm in tune.arms:
        message = "is in `tune.arms` too; an arm is tuned or follows another"
        yield Finding(path, message, is_about_key=True)
    if leader not in file.arms:
        yield Finding(path, f"no such arm ({known_hint(leader, file.arms)})")
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


def _claim_rules(file: ExperimentFile, tier: str, content: Node) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for index, claim in enumerate(file.claims):
        path: KeyPath = ("claims", index)
        if claim.id in first:
            line = content.find(("claims", first[claim.id], "id")).place.line
            yield Finding((*path, "id"), f"stands in line {line} already")
        first.setdefault(claim.id, index)
        yield from _claim_setting_rules(claim, path)
        for _, inside, part in claim.named_parts():
            yield from _PartRules(part, (*path, *inside), file, tier).broken()


def _claim_setting_rules(claim: ClaimConfig, path: KeyPath) -> Iterator[Finding]:
    """Find what is missing in a claim, and what one that is `part_of` another may not have."""
    if claim.part_of is None:
        for key in ("says", "source", "family"):
            if not getattr(claim, key):
                yield Finding((*path, key), "missing; text")
    elif claim.any_of:
        message = "stands beside part_of; only the claim that all settings are part of has it"
        yield Finding((*path, "any_of"), message, is_about_key=True)


@dataclass(frozen=True)
class _PartRules:
    """What must hold of one comparison of a claim.

    Attributes:
        part: What the file says.
        path: Where it stands there.
        file: The whole file at a tier.
        tier: The tier.
    """

    part: PartConfig
    path: KeyPath
    file: ExperimentFile
    tier: str

    def broken(self) -> Iterator[Finding]:
        """List every rule that it breaks."""
        yield from self._criterion()
        yield from self._contrast()
        yield from self._cells()
        for key in ("smallest_effect", "not_worse_than", "within", "target"):
            amount: Amount | None = getattr(self.part, key)
            if amount is not None:
                yield from self._amount(key, amount)

    def _criterion(self) -> Iterator[Finding]:
        first, *others = self.part.criteria or ("",)
        if others:
            message = f"stands beside {first}; a part has one of {', '.join(CRITERIA)}"
            yield self._finding(message, others[0], is_about_key=True)
        elif not first and not isinstance(self.part, BesideConfig):
            yield self._finding(f"needs one of {', '.join(CRITERIA)}")

    def _contrast(self) -> Iterator[Finding]:
        contrast = self.part.contrast
        for arm in contrast.arms:
            yield from self._arm(arm, "contrast")
        if any(len(side) > 1 for side in contrast.sides) and not self._is_tuned:
            yield self._finding("`best(...)` needs `tune`: it is chosen on its seeds", "contrast")
        if isinstance(self.part.measure, tuple) and contrast.second is None:
            yield self._finding("is a list, one for each side, but the contrast has one side", "measure")

    def _amount(self, key: str, amount: Amount) -> Iterator[Finding]:
        if amount.share_of is not None:
            yield from self._arm(amount.share_of, key)
            if not self._is_tuned:
                message = f"a share of {amount.share_of} needs `tune`: it is taken from the tuning seeds"
                yield self._finding(message, key)
        form, got = self.part.contrast.form, f"(got {show(amount.text)})"
        if key == "target":
            if amount.value >= 1:
                yield self._finding(f"must be below 1, or below 100% {got}", key)
        elif form in ("ln", "log2") and isinstance(amount.text, str) and amount.text.split()[0] != form:
            message = f"must be a number or `{form} X`: the contrast is in {form} units {got}"
            yield self._finding(message, key)

    def _arm(self, arm: str, key: str) -> Iterator[Finding]:
        if arm not in self.file.arms:
            hint = known_hint(arm, self.file.arms)
            sides = arm.split("-")
            if len(sides) > 1 and all(side in self.file.arms for side in sides):
                hint = f"did you mean {' - '.join(sides)!r}?"  # without spaces it may be part of a name
            yield self._finding(f"no arm {arm!r} ({hint})", key)

    def _cells(self) -> Iterator[Finding]:
        """Find cells that no arm of the contrast has; a tier may have a smaller grid."""
        if self.tier != "cpu":
            return
        grids = [self.file.grid.of(arm) for arm in self.part.contrast.arms if arm in self.file.arms]
        for key, wanted in (("cells", self.part.cells), ("reference", self.part.reference)):
            for axis, chosen in wanted.items():
                values = [value for grid in grids for value in grid.get(axis, ())]
                if not values:
                    yield self._finding("is no axis of the grid of these arms", key, axis, is_about_key=True)
                    continue
                for index, value in enumerate(chosen if isinstance(chosen, list) else [chosen]):
                    if value not in values:
                        known = ", ".join(dict.fromkeys(map(show, values)))
                        message = f"has no value {show(value)} (there are {known})"
                        yield self._finding(message, key, axis, index)

    @property
    def _is_tuned(self) -> bool:
        """Whether there are tuning seeds; the smoke tier gives no verdict, so that it may go without."""
        return bool(self.file.tune) or self.tier == "smoke"

    def _finding(self, message: str, *inside: str | int, is_about_key: bool = False) -> Finding:
        return Finding((*self.path, *inside), message, is_about_key)
