"""What must hold of the names of arms: those that are given, and those that other keys name."""

import difflib
import re
from collections.abc import Iterator

from regx.config.errors import Problem
from regx.config.experiment_draft import Draft
from regx.config.sections.fields import NAME_PATTERN

__all__ = ["name_rules", "no_arm", "own_arm_rules"]


def name_rules(draft: Draft) -> Iterator[Problem]:
    """Find names that no folder of a run can begin with."""
    arms = draft.tree.get("arms")
    for name in draft.arms:
        if arms and not re.fullmatch(NAME_PATTERN, name):
            message = (
                "an arm's name must be at most 64 letters, digits, _, - or ., a letter or digit first"
                f" (got {name!r})"
            )
            yield Problem(arms.find((name,)).key_place, "arms", message)


def own_arm_rules(draft: Draft, *keys: str) -> Iterator[Problem]:
    """Find keys of a mapping of arms that are no arms."""
    own = draft.tree.get(*keys)
    for name, node in (own.value if own and isinstance(own.value, dict) else {}).items():
        if name not in draft.arms:
            yield Problem(node.key_place, f"{'.'.join(keys)}.{name}", no_arm(name, draft))


def no_arm(name: str, draft: Draft) -> str:
    """Say that there is no such arm, and which one may be meant."""
    near = difflib.get_close_matches(name, draft.arms, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(draft.arms)}"
    return f"no such arm ({hint})"
