"""What must hold of an experiment's own keys: their shape, and the rules that join several of them."""

import difflib
import re
from collections.abc import Iterator, Mapping
from itertools import combinations

from pydantic import ValidationError

from regx.config.check import is_echo
from regx.config.claim_rules import claim_rules
from regx.config.errors import Place, Problem
from regx.config.experiment_draft import Axes, Draft
from regx.config.messages import Finding, show
from regx.config.sections.experiment import MAX_SEEDS, ExperimentFile, TuneConfig
from regx.config.sections.fields import NAME_PATTERN
from regx.config.tree import Node, Plain, plain
from regx.config.tuning_grid import can_extend

__all__ = ["MAX_CONFIGS", "check_file", "check_target"]

MAX_CONFIGS = 10_000
MAX_RUNS = 100_000
_GIVEN = {
    "name": "is given by the experiment: runs are named `<experiment>.<arm>`",
    "seed": "is given by the experiment: write `seeds` at the top level",
}


def check_file(tree: Node, draft: Draft, tier: str) -> list[Problem]:
    """Find what is wrong with the file itself, whatever its base and its configs may be."""
    problems = [
        *_shape(tree),
        *_tier_rules(tree, tier),
        *_name_rules(draft),
        *_path_rules(draft),
        *_axis_rules(draft),
        *_seed_rules(draft),
        *_tune_rules(draft),
        *_follow_rules(draft),
        *_own_arm_rules(draft, "grid", "arms"),
    ]
    problems += claim_rules(draft, tier)
    return problems or list(_size_rules(draft))


def check_target(base: Node, draft: Draft) -> Iterator[Problem]:
    """Find arms without a target error where the tuning goes by the time to it."""
    by = _get(draft.tree, "tune", "by")
    if by is None or not isinstance(by.value, str) or not by.value.endswith("_to_target"):
        return
    axes = {path for item in draft.all_axes for path in item.values}
    arms = [arm for arm in draft.arms if _has_no_target(draft.arm_tree(base, arm, []))]
    if arms and "train.target_error" not in axes:
        where = "" if len(arms) == len(draft.arms) else f" (missing in {', '.join(arms)})"
        yield Problem(by.place, "tune.by", f"{by.value} needs train.target_error{where}")


def _has_no_target(tree: Node) -> bool:
    target = _get(tree, "train", "target_error")
    return target is None or target.value in (None, "none")


def _shape(tree: Node) -> Iterator[Problem]:
    try:
        ExperimentFile.model_validate(plain(tree))
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            if not is_echo(detail):
                finding = Finding.of(detail, ExperimentFile)
                node = tree.find(finding.path)
                place = node.key_place if finding.is_about_key else node.place
                yield Problem(place, finding.dotted, finding.message)


def _tier_rules(tree: Node, tier: str) -> Iterator[Problem]:
    tiers = _get(tree, "tiers")
    known = tuple(tiers.value) if tiers and isinstance(tiers.value, dict) else ()
    if tier != "cpu" and tier not in known:
        message = f"has no tier {tier} (known here: {', '.join(dict.fromkeys(('cpu', *known)))})"
        yield Problem(tiers.key_place if tiers else tree.place, "tiers", message)


def _name_rules(draft: Draft) -> Iterator[Problem]:
    arms = _get(draft.tree, "arms")
    for name in draft.arms:
        if arms and not re.fullmatch(NAME_PATTERN, name):
            message = (
                "an arm's name must be at most 64 letters, digits, _, - or ., a letter or digit first"
                f" (got {name!r})"
            )
            yield Problem(arms.find((name,)).key_place, "arms", message)


def _path_rules(draft: Draft) -> Iterator[Problem]:
    """Find paths that no layer may have; whether the others exist, the check of the configs tells."""
    layers = [(layer.label, layer.settings) for layer in (*draft.shared, *draft.arms.values())]
    axes = [(axes.label, {path: nodes[0] for path, nodes in axes.values.items()}) for axes in draft.all_axes]
    for label, settings in (*layers, *axes):
        for path, node in settings.items():
            if path in _GIVEN:
                yield Problem(node.key_place, f"{label}: {path}", _GIVEN[path])
            elif not all(key.strip() == key and key for key in path.split(".")):
                message = f"must be a dotted path, e.g. optim.lr (got {path!r})"
                yield Problem(node.key_place, label, message)


def _axis_rules(draft: Draft) -> Iterator[Problem]:
    for axes in draft.all_axes:
        for path, nodes in axes.values.items():
            seen: set[str] = set()
            for node in nodes:
                word = _word(plain(node))
                if word in seen:
                    yield Problem(node.place, f"{axes.label}: {path}", f"has {show(plain(node))} twice")
                seen.add(word)
        for one, other in combinations(axes.values, 2):
            if _overlap(one, other):
                place = axes.values[other][0].place
                yield Problem(place, f"{axes.label}: {other}", f"overlaps with {one}, another axis")
    told: set[Place] = set()
    for arm, axes in draft.tuned.items():
        for path in axes.values:
            clash = next((axis for axis in draft.grid_of(arm).values if _overlap(axis, path)), None)
            place = axes.values[path][0].place
            if clash and place not in told:
                told.add(place)
                yield Problem(
                    place,
                    f"{axes.label}: {path}",
                    "stands in the grid too; an axis is crossed or tuned, not both",
                )


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _word(value: Plain) -> str:
    """Write a value so that equal values read alike: 1 and 1.0 are one number."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return repr(float(value)) if is_number else repr(value)  # type: ignore[arg-type]


def _seed_rules(draft: Draft) -> Iterator[Problem]:
    seeds = _seeds(draft, "seeds")
    trials = _seeds(draft, "tune", "seeds")
    for name, found in (("seeds", seeds), ("tune.seeds", trials)):
        seen: set[int] = set()
        for seed, place in found:
            if seed in seen:
                yield Problem(place, name, f"has {seed} twice")
            seen.add(seed)
    if not draft.tuned:
        return
    confirmed = {seed for seed, _ in seeds}
    if not trials:
        default = TuneConfig.model_fields["seeds"].default
        trials = [(seed, place) for seed, place in seeds if seed in default]
    for seed, place in trials:
        if seed in confirmed:
            message = f"{seed} stands in `seeds` too: a seed that has chosen the values cannot compare them"
            yield Problem(place, "tune.seeds", message)


def _seeds(draft: Draft, *keys: str) -> list[tuple[int, Place]]:
    node = _get(draft.tree, *keys)
    if node is None:
        return []
    if isinstance(node.value, list):
        return [(item.value, item.place) for item in node.value if type(item.value) is int]
    if type(node.value) is int:
        return [(seed, node.place) for seed in range(min(node.value, MAX_SEEDS))]
    return []


def _tune_rules(draft: Draft) -> Iterator[Problem]:
    tune = _get(draft.tree, "tune")
    if tune is None or not isinstance(tune.value, dict):
        return
    yield from _own_arm_rules(draft, "tune", "arms")
    own = _get(tune, "arms")
    named = own.value if own and isinstance(own.value, dict) else {}
    bare = [
        arm
        for arm, axes in draft.tuned.items()
        if not axes.values and arm not in draft.followers and arm not in named
    ]
    over = _get(tune, "over")
    if bare and (over is None or over.value == {}):
        message = f"missing; a mapping of dotted path -> values, for {', '.join(bare)}"
        yield Problem(tune.key_place, "tune.over", message)
    extend = _get(tune, "extend")
    for item in extend.value if extend and isinstance(extend.value, list) else ():
        if isinstance(item.value, str):
            yield from _extend_rules(item.value, item.place, draft.tuned)


def _own_arm_rules(draft: Draft, *keys: str) -> Iterator[Problem]:
    """Find keys of a mapping of arms that are no arms."""
    own = _get(draft.tree, *keys)
    for name, node in (own.value if own and isinstance(own.value, dict) else {}).items():
        if name not in draft.arms:
            yield Problem(node.key_place, f"{'.'.join(keys)}.{name}", _no_arm(name, draft))


def _follow_rules(draft: Draft) -> Iterator[Problem]:
    """Find followers that are no arms, or follow what is not tuned itself."""
    yield from _own_arm_rules(draft, "tune", "follow")
    own, follow = _get(draft.tree, "tune", "arms"), _get(draft.tree, "tune", "follow")
    tuned = own.value if own and isinstance(own.value, dict) else {}
    followers = follow.value if follow and isinstance(follow.value, dict) else {}
    for arm, node in followers.items():
        path = f"tune.follow.{arm}"
        if arm in tuned:
            yield Problem(node.key_place, path, "stands in `tune.arms` too; an arm is tuned or follows")
        if not isinstance(node.value, str):
            continue
        if node.value not in draft.arms:
            yield Problem(node.place, path, _no_arm(node.value, draft))
        elif node.value in followers:
            yield Problem(node.place, path, f"{node.value} is not tuned itself: it follows another arm")
        elif draft.is_per_cell and _cells_differ(draft, arm, node.value):
            message = f"with `per: cell`, {arm} and {node.value} must have the same grid"
            yield Problem(node.place, path, message)


def _cells_differ(draft: Draft, arm: str, leader: str) -> bool:
    one, other = (
        {path: [plain(node) for node in nodes] for path, nodes in draft.grid_of(name).values.items()}
        for name in (arm, leader)
    )
    return one != other and bool(other)


def _no_arm(name: str, draft: Draft) -> str:
    near = difflib.get_close_matches(name, draft.arms, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(draft.arms)}"
    return f"no such arm ({hint})"


def _extend_rules(path: str, place: Place, tuned: Mapping[str, Axes]) -> Iterator[Problem]:
    axes = [axes.values[path] for axes in tuned.values() if path in axes.values]
    if not axes:
        known = list(dict.fromkeys(path for axes in tuned.values() for path in axes.values))
        yield Problem(place, "tune.extend", f"{path} is not tuned (known here: {', '.join(known)})")
    elif not all(can_extend(tuple(plain(node) for node in nodes)) for nodes in axes):
        yield Problem(place, "tune.extend", f"{path} cannot go on: it needs two values or more, all > 0")


def _size_rules(draft: Draft) -> Iterator[Problem]:
    """Bound the number of configs, which are all checked, and of runs."""
    place = next(
        (node.key_place for key in ("grid", "tune") if (node := _get(draft.tree, key))), draft.tree.place
    )
    if draft.num_configs > MAX_CONFIGS:
        message = f"asks for {draft.num_configs:,} different configs; at most {MAX_CONFIGS:,} are allowed"
        yield Problem(place, "", message)
    elif (runs := draft.num_configs * len(_seeds(draft, "seeds"))) > MAX_RUNS:
        yield Problem(place, "", f"asks for {runs:,} runs; at most {MAX_RUNS:,} are allowed")


def _get(node: Node, *keys: str) -> Node | None:
    """Return the node at a path, or None."""
    found: Node | None = node
    for key in keys:
        found = found.value.get(key) if found and isinstance(found.value, dict) else None
    return found
