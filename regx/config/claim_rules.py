"""What must hold of the claims of an experiment beyond their shape: arms, grids and tuning they rest on."""

from collections.abc import Iterator
from dataclasses import dataclass

from regx.config.contrast import Contrast, parse_amount, parse_contrast
from regx.config.finding import Finding
from regx.config.hints import arm_hint
from regx.config.messages import show
from regx.config.sections.claim import CRITERIA, ClaimConfig, PartConfig
from regx.config.sections.experiment import ExperimentFile
from regx.config.tree import Node, Path

__all__ = ["claim_rules"]


def claim_rules(file: ExperimentFile, tier: str, content: Node) -> Iterator[Finding]:
    """Find what is wrong with the claims of a file at a tier; `content` is the tree that it was read from."""
    first: dict[str, int] = {}
    for index, claim in enumerate(file.claims):
        path: Path = ("claims", index)
        if claim.id in first:
            line = content.find(("claims", first[claim.id], "id")).place.line
            yield Finding((*path, "id"), f"stands in line {line} already", label=f"{claim.id}: id")
        first.setdefault(claim.id, index)
        yield from _setting_rules(claim, path)
        for part in _parts(claim, path, file, tier):
            yield from part.broken()


def _setting_rules(claim: ClaimConfig, path: Path) -> Iterator[Finding]:
    """Find what a claim lacks, or one more setting of a claim has too much."""
    if claim.part_of is None:
        for key in ("says", "source", "family"):
            if not getattr(claim, key):
                yield Finding(path, "missing; text", label=f"{claim.id}: {key}")
    elif claim.any_of:
        message = "stands beside part_of; only the claim that all settings are part of has it"
        yield Finding((*path, "any_of"), message, is_about_key=True, label=f"{claim.id}: any_of")


@dataclass(frozen=True)
class _Part:
    """One comparison, and where it stands."""

    config: PartConfig
    path: Path
    label: str
    needs_criterion: bool
    file: ExperimentFile
    tier: str

    def broken(self) -> Iterator[Finding]:
        criteria = [key for key in CRITERIA if getattr(self.config, key) is not None]
        if len(criteria) > 1:
            message = f"stands beside {criteria[0]}; a part has one of {', '.join(CRITERIA)}"
            yield self._finding(criteria[1], message, is_about_key=True)
        elif not criteria and self.needs_criterion:
            yield Finding(self.path, f"needs one of {', '.join(CRITERIA)}", label=self.label)
        try:
            contrast = parse_contrast(self.config.contrast)
        except ValueError as error:
            yield self._finding("contrast", f"{error} (got {show(self.config.contrast)})")
            contrast = None
        if contrast is not None:
            yield from self._contrast(contrast)
            yield from self._cells(contrast)
        for key in ("smallest_effect", "not_worse_than", "within", "target"):
            yield from self._amount(key, contrast)

    def _finding(self, key: str, message: str, *inside: str | int, is_about_key: bool = False) -> Finding:
        label = ": ".join([self.label, key, *(part for part in inside if isinstance(part, str))])
        return Finding((*self.path, key, *inside), message, is_about_key, label)

    def _contrast(self, contrast: Contrast) -> Iterator[Finding]:
        for arm in contrast.arms:
            yield from self._arm(arm, "contrast")
        if any(len(side) > 1 for side in contrast.sides) and not self._is_tuned:
            yield self._finding("contrast", "`best(...)` needs `tune`: it is chosen on its seeds")
        if isinstance(self.config.measure, tuple) and contrast.second is None:
            yield self._finding("measure", "is a list, one for each side, but the contrast has one side")

    def _amount(self, key: str, contrast: Contrast | None) -> Iterator[Finding]:
        given: float | str | None = getattr(self.config, key)
        if given is None:
            return
        try:
            amount = parse_amount(given)
        except ValueError as error:
            yield self._finding(key, f"{error} (got {show(given)})")
            return
        if amount.share_of is not None:
            yield from self._arm(amount.share_of, key)
            if not self._is_tuned:
                message = f"a share of {amount.share_of} needs `tune`: it is taken from the tuning seeds"
                yield self._finding(key, message)
        form = contrast.form if contrast else "value"
        if key == "target" and amount.value >= 1:
            yield self._finding(key, f"must be below 1, or below 100% (got {show(given)})")
        if key == "target" or form not in ("ln", "log2") or not isinstance(given, str):
            return
        if given.split()[0] != form:
            message = f"must be a number or `{form} X`: the contrast is in {form} units (got {show(given)})"
            yield self._finding(key, message)

    @property
    def _is_tuned(self) -> bool:
        """Whether there are tuning seeds; the smoke tier gives no verdict, so that it may go without."""
        return bool(self.file.tune) or self.tier == "smoke"

    def _arm(self, arm: str, key: str) -> Iterator[Finding]:
        if arm not in self.file.arms:
            hint = arm_hint(arm, self.file.arms)
            sides = arm.split("-")
            if len(sides) > 1 and all(side in self.file.arms for side in sides):
                hint = f"did you mean {' - '.join(sides)!r}?"  # without spaces it may be part of a name
            yield self._finding(key, f"no arm {arm!r} ({hint})")

    def _cells(self, contrast: Contrast) -> Iterator[Finding]:
        """Find cells that no arm of the contrast has; a tier may have a smaller grid."""
        if self.tier != "cpu":
            return
        grids = [self.file.grid.of(arm) for arm in contrast.arms if arm in self.file.arms]
        for key, wanted in (("cells", self.config.cells), ("reference", self.config.reference)):
            for axis, chosen in wanted.items():
                values = [value for grid in grids for value in grid.get(axis, ())]
                if not values:
                    message = "is no axis of the grid of these arms"
                    yield self._finding(key, message, axis, is_about_key=True)
                    continue
                for index, value in enumerate(chosen if isinstance(chosen, list) else [chosen]):
                    if value not in values:
                        known = ", ".join(map(show, dict.fromkeys(map(str, values))))
                        yield self._finding(
                            key, f"has no value {show(value)} (there are {known})", axis, index
                        )


def _parts(claim: ClaimConfig, path: Path, file: ExperimentFile, tier: str) -> Iterator[_Part]:
    yield _Part(claim, path, claim.id, True, file, tier)
    for key, parts in (("and", claim.and_also), ("beside", claim.beside)):
        for number, part in enumerate(parts):
            label = f"{claim.id}: {key}[{number}]"
            yield _Part(part, (*path, key, number), label, key == "and", file, tier)
    if claim.if_censored:
        yield _Part(claim.if_censored, (*path, "if_censored"), f"{claim.id}: if_censored", True, file, tier)
