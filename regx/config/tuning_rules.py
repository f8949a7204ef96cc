"""What must hold of `tune`: what each arm tries or follows, where an axis may go on, what chooses."""

from collections.abc import Iterator, Mapping

from regx.config.arm_rules import no_arm, own_arm_rules
from regx.config.errors import Place, Problem
from regx.config.experiment_draft import Axes, Draft
from regx.config.tree import plain
from regx.config.tuning_grid import can_extend

__all__ = ["follow_rules", "tune_rules"]


def tune_rules(draft: Draft) -> Iterator[Problem]:
    """Find arms that are not in the file, arms without a grid, and axes that cannot go on."""
    tune = draft.tree.get("tune")
    if tune is None or not isinstance(tune.value, dict):
        return
    yield from own_arm_rules(draft, "tune", "arms")
    own = tune.get("arms")
    named = own.value if own and isinstance(own.value, dict) else {}
    bare = [
        arm
        for arm, axes in draft.tuned.items()
        if not axes.values and arm not in draft.followers and arm not in named
    ]
    over = tune.get("over")
    if bare and (over is None or over.value == {}):
        message = f"missing; a mapping of dotted path -> values, for {', '.join(bare)}"
        yield Problem(tune.key_place, "tune.over", message)
    extend = tune.get("extend")
    for item in extend.value if extend and isinstance(extend.value, list) else ():
        if isinstance(item.value, str):
            yield from _extend_rules(item.value, item.place, draft.tuned)


def _extend_rules(path: str, place: Place, tuned: Mapping[str, Axes]) -> Iterator[Problem]:
    axes = [axes.values[path] for axes in tuned.values() if path in axes.values]
    if not axes:
        known = list(dict.fromkeys(path for axes in tuned.values() for path in axes.values))
        yield Problem(place, "tune.extend", f"{path} is not tuned (known here: {', '.join(known)})")
    elif not all(can_extend(tuple(plain(node) for node in nodes)) for nodes in axes):
        yield Problem(place, "tune.extend", f"{path} cannot go on: it needs two values or more, all > 0")


def follow_rules(draft: Draft) -> Iterator[Problem]:
    """Find followers that are no arms, or follow what is not tuned itself."""
    yield from own_arm_rules(draft, "tune", "follow")
    own, follow = draft.tree.get("tune", "arms"), draft.tree.get("tune", "follow")
    tuned = own.value if own and isinstance(own.value, dict) else {}
    followers = follow.value if follow and isinstance(follow.value, dict) else {}
    for arm, node in followers.items():
        path = f"tune.follow.{arm}"
        if arm in tuned:
            yield Problem(node.key_place, path, "stands in `tune.arms` too; an arm is tuned or follows")
        if not isinstance(node.value, str):
            continue
        if node.value not in draft.arms:
            yield Problem(node.place, path, no_arm(node.value, draft))
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
