"""What must hold of the claims of an experiment beyond their shape: arms, grids and tuning they rest on."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from regx.config.contrast import Contrast, parse_amount, parse_contrast
from regx.config.errors import Problem
from regx.config.experiment_draft import Draft
from regx.config.messages import show
from regx.config.sections.claim import CRITERIA
from regx.config.tree import Node, plain

__all__ = ["claim_rules"]

_NEEDED = ("says", "source", "family")
T = TypeVar("T")


def claim_rules(draft: Draft, tier: str) -> Iterator[Problem]:
    """Find what is wrong with the claims of a file; what has the wrong shape is reported elsewhere."""
    seen: dict[str, Node] = {}
    for index, claim in enumerate(_items(draft.tree, "claims")):
        name = _value(claim, "id", str) or f"claims[{index}]"
        if name in seen:
            line = seen[name].place.line
            yield Problem(claim.find(("id",)).place, f"{name}: id", f"stands in line {line} already")
        seen.setdefault(name, claim.find(("id",)))
        if not _has(claim, "part_of"):
            for key in _NEEDED:
                if not _value(claim, key, str):
                    yield Problem(claim.place, f"{name}: {key}", "missing; text")
        elif _has(claim, "any_of"):
            message = "stands beside part_of; only the claim that all settings are part of has it"
            yield Problem(claim.find(("any_of",)).key_place, f"{name}: any_of", message)
        yield from _Part(claim, name, draft, tier).problems(needs_criterion=True)
        for key, needs_criterion in (("and", True), ("beside", False)):
            for number, part in enumerate(_items(claim, key)):
                yield from _Part(part, f"{name}: {key}[{number}]", draft, tier).problems(
                    needs_criterion=needs_criterion
                )
        if _has(claim, "if_censored"):
            fallback = claim.find(("if_censored",))
            yield from _Part(fallback, f"{name}: if_censored", draft, tier).problems(needs_criterion=True)


@dataclass(frozen=True)
class _Part:
    """One comparison as it stands in the file."""

    node: Node
    label: str
    draft: Draft
    tier: str

    def problems(self, *, needs_criterion: bool) -> Iterator[Problem]:
        if not isinstance(self.node.value, dict):
            return
        criteria = [key for key in CRITERIA if _has(self.node, key)]
        if len(criteria) > 1:
            message = f"stands beside {criteria[0]}; a part has one of {', '.join(CRITERIA)}"
            yield Problem(self.node.find((criteria[1],)).key_place, f"{self.label}: {criteria[1]}", message)
        elif not criteria and needs_criterion:
            yield Problem(self.node.place, self.label, f"needs one of {', '.join(CRITERIA)}")
        yield from self._contrast()
        for key in ("smallest_effect", "not_worse_than", "within", "target"):
            yield from self._amount(key)
        yield from self._cells()

    def _contrast(self) -> Iterator[Problem]:
        text, place = _value(self.node, "contrast", str), self.node.find(("contrast",)).place
        if text is None:
            return
        try:
            contrast = parse_contrast(text)
        except ValueError as error:
            yield Problem(place, f"{self.label}: contrast", f"{error} (got {show(text)})")
            return
        for arm in contrast.arms:
            yield from self._arm(arm, "contrast")
        if any(len(side) > 1 for side in contrast.sides) and not self._is_tuned:
            yield Problem(
                place, f"{self.label}: contrast", "`best(...)` needs `tune`: it is chosen on its seeds"
            )
        measure = self.node.find(("measure",))
        if isinstance(measure.value, list) and contrast.second is None:
            message = "is a list, one for each side, but the contrast has one side"
            yield Problem(measure.place, f"{self.label}: measure", message)

    def _amount(self, key: str) -> Iterator[Problem]:
        node = self.node.find((key,)) if _has(self.node, key) else None
        if node is None or isinstance(node.value, bool) or not isinstance(node.value, int | float | str):
            return
        label = f"{self.label}: {key}"
        try:
            amount = parse_amount(node.value)
        except ValueError as error:
            if isinstance(node.value, str):
                yield Problem(node.place, label, f"{error} (got {show(node.value)})")
            return
        if amount.share_of is not None:
            yield from self._arm(amount.share_of, key)
            if not self._is_tuned:
                message = f"a share of {amount.share_of} needs `tune`: it is taken from the tuning seeds"
                yield Problem(node.place, label, message)
        if key != "target" and (wrong := self._wrong_unit(node.value)):
            yield Problem(node.place, label, wrong)
        if key == "target" and amount.value >= 1:
            yield Problem(node.place, label, f"must be below 1, or below 100% (got {show(node.value)})")

    def _wrong_unit(self, amount: float | str) -> str | None:
        """Say what is wrong where a contrast is in logarithms and its amount is something else."""
        contrast = self._parsed
        form = contrast.form if contrast is not None else "value"
        if form not in ("ln", "log2") or not isinstance(amount, str) or amount.split()[0] == form:
            return None
        return f"must be a number or `{form} X`: the contrast is in {form} units (got {show(amount)})"

    @property
    def _is_tuned(self) -> bool:
        """Whether there are tuning seeds; the smoke tier gives no verdict, so that it may go without."""
        return bool(self.draft.tuned) or self.tier == "smoke"

    def _arm(self, arm: str, key: str) -> Iterator[Problem]:
        if arm not in self.draft.arms:
            near = difflib.get_close_matches(arm, self.draft.arms, n=1)
            sides = arm.split("-")
            if len(sides) > 1 and all(side in self.draft.arms for side in sides):
                near = [" - ".join(sides)]  # a minus without spaces may be part of a name
            hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(self.draft.arms)}"
            place = self.node.find((key,)).place
            yield Problem(place, f"{self.label}: {key}", f"no arm {arm!r} ({hint})")

    def _cells(self) -> Iterator[Problem]:
        """Find cells that no arm of the contrast has; a tier may have a smaller grid."""
        contrast = self._parsed
        if contrast is None or self.tier != "cpu":
            return
        grids = [self.draft.grid_of(arm).values for arm in contrast.arms if arm in self.draft.arms]
        for key in ("cells", "reference"):
            wanted = self.node.find((key,)).value if _has(self.node, key) else None
            for path, node in (wanted if isinstance(wanted, dict) else {}).items():
                values = [plain(item) for grid in grids for item in grid.get(path, ())]
                label = f"{self.label}: {key}: {path}"
                if not values:
                    yield Problem(node.key_place, label, "is no axis of the grid of these arms")
                    continue
                for item in node.value if isinstance(node.value, list) else [node]:
                    if plain(item) not in values:
                        known = ", ".join(map(show, dict.fromkeys(map(str, values))))
                        yield Problem(
                            item.place, label, f"has no value {show(plain(item))} (there are {known})"
                        )

    @property
    def _parsed(self) -> Contrast | None:
        text = _value(self.node, "contrast", str)
        try:
            return parse_contrast(text) if text is not None else None
        except ValueError:
            return None


def _has(node: Node, key: str) -> bool:
    return isinstance(node.value, dict) and key in node.value and node.value[key].value is not None


def _value(node: Node, key: str, kind: type[T]) -> T | None:
    value = node.find((key,)).value if _has(node, key) else None
    return value if isinstance(value, kind) else None


def _items(node: Node, key: str) -> list[Node]:
    value = node.value.get(key) if isinstance(node.value, dict) else None
    return value.value if value and isinstance(value.value, list) else []
