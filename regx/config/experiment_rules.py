"""What must hold of an experiment's own keys: shape, paths, seeds and size here, the rest beside it."""

from collections.abc import Iterator
from contextlib import suppress

from regx.config.arm_rules import name_rules, own_arm_rules
from regx.config.axis_rules import axis_rules
from regx.config.check import check
from regx.config.claim_rules import claim_rules
from regx.config.errors import ConfigError, Place, Problem
from regx.config.experiment_draft import Draft
from regx.config.sections.experiment import ExperimentFile, TuneConfig
from regx.config.seeds import MAX_SEEDS, parse_seeds
from regx.config.tree import Node
from regx.config.tuning_rules import follow_rules, tune_rules

__all__ = ["MAX_CONFIGS", "check_file"]

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
        *name_rules(draft),
        *_path_rules(draft),
        *axis_rules(draft),
        *_seed_rules(draft),
        *tune_rules(draft),
        *follow_rules(draft),
        *own_arm_rules(draft, "grid", "arms"),
    ]
    problems += claim_rules(draft, tier)
    return problems or list(_size_rules(draft))


def _shape(tree: Node) -> list[Problem]:
    try:
        check(tree, ExperimentFile)
    except ConfigError as error:
        return list(error.problems)
    return []


def _tier_rules(tree: Node, tier: str) -> Iterator[Problem]:
    tiers = tree.get("tiers")
    known = tuple(tiers.value) if tiers and isinstance(tiers.value, dict) else ()
    if tier != "cpu" and tier not in known:
        message = f"has no tier {tier} (known here: {', '.join(dict.fromkeys(('cpu', *known)))})"
        yield Problem(tiers.key_place if tiers else tree.place, "tiers", message)


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
    shared = [(seed, place) for seed, place in trials if seed in confirmed]
    for seed, place in {place: (seed, place) for seed, place in reversed(shared)}.values():
        message = f"{seed} stands in `seeds` too: a seed that has chosen the values cannot compare them"
        yield Problem(place, "tune.seeds", message)


def _seeds(draft: Draft, *keys: str) -> list[tuple[int, Place]]:
    node = draft.tree.get(*keys)
    if node is None:
        return []
    if isinstance(node.value, list):
        return [(item.value, item.place) for item in node.value if type(item.value) is int]
    if type(node.value) is int and keys == ("seeds",):  # a count; tuning seeds are named
        return [(seed, node.place) for seed in range(min(node.value, MAX_SEEDS))]
    if isinstance(node.value, str):
        with suppress(ValueError):  # told with the shape of the file
            return [(seed, node.place) for seed in parse_seeds(node.value)]
    return []


def _size_rules(draft: Draft) -> Iterator[Problem]:
    """Bound the number of configs, which are all checked, and of runs."""
    place = next(
        (node.key_place for key in ("grid", "tune") if (node := draft.tree.get(key))), draft.tree.place
    )
    if draft.num_configs > MAX_CONFIGS:
        message = f"asks for {draft.num_configs:,} different configs; at most {MAX_CONFIGS:,} are allowed"
        yield Problem(place, "", message)
    elif (runs := draft.num_configs * len(_seeds(draft, "seeds"))) > MAX_RUNS:
        yield Problem(place, "", f"asks for {runs:,} runs; at most {MAX_RUNS:,} are allowed")
