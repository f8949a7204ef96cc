"""The facts about one claim as short texts: the same in the terminal and in docs/claims.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regx.claims.quantity import quantity_of, show_mean
from regx.measures.registry import find_measure
from regx.numbers import equals, show_fixed, show_p

if TYPE_CHECKING:
    from regx.claims.results import ClaimResult, PartResult
    from regx.claims.status import ClaimStatus

__all__ = ["PartFacts", "certainty", "part_facts", "remark"]

_NAMES = {"if censored": "in place of part 1, whose target too many seeds never reached"}
_WANTED = {
    "smallest_effect": "at least {}",
    "not_worse_than": "at most {} worse",
    "within": "within ±{}",
    "always": "always {}",
}
_OPPOSITE = {
    "smallest_effect": "the other way",
    "not_worse_than": "worse than that",
    "within": "a larger difference",
    "always": "not so",
}


@dataclass(frozen=True, kw_only=True)
class PartFacts:
    """One comparison: a row of a table, or a few lines in the terminal. What does not exist is empty.

    Attributes:
        name: `part 1`, or the label of a comparison that decides nothing.
        heading: Measure and contrast; `arm: measure - measure` where two measures of one arm are contrasted.
        meaning: What the measure is.
        means: What each arm came to.
        wanted: What had to come out.
        effect: The mean over the seeds with its 95 % interval.
        p: Two-sided, of this comparison by itself.
        sign_flip_p: The same without a normal distribution.
        effect_size: d_z, the mean of the differences over their standard deviation.
        in_favour: Under how many seeds it is as the claim says.
        answer: What came out, of this comparison by itself.
        notes: What is special about some of the numbers.
    """

    name: str
    heading: str
    meaning: str
    means: str
    wanted: str
    effect: str
    p: str
    sign_flip_p: str
    effect_size: str
    in_favour: str
    answer: str
    notes: tuple[str, ...]


def part_facts(part: "PartResult") -> PartFacts:
    """Put the numbers of a comparison into words."""
    has_interval = part.low is not None
    is_against_zero = part.criterion in ("smallest_effect", "")
    names, arm = _names(part.measure), _only_arm(part)
    contrast = part.contrast
    if arm:
        each = iter(names)
        contrast = re.sub(rf"\b{re.escape(arm)}\b", lambda _: next(each), contrast)
    return PartFacts(
        name=part.label or _NAMES.get(part.part, f"part {part.part}"),
        heading=f"{arm}: {contrast}" if arm else f"{part.measure}, {contrast}",
        meaning="; ".join(dict.fromkeys(map(_meaning, names))),
        means=", ".join(_means(part, arm)),
        wanted=_wanted(part),
        effect=_effect(part),
        p=show_p(part.p) if has_interval else "",
        sign_flip_p=show_p(part.sign_flip_p) if is_against_zero and part.sign_flip_p is not None else "",
        effect_size="" if part.d_z is None else show_fixed(part.d_z, 2),
        in_favour=""
        if part.wins is None or part.criterion == "within"
        else f"{part.wins * part.num_seeds:g} of {part.num_seeds} seeds",
        answer=_answer(part),
        notes=part.notes,
    )


def _names(measure: str) -> list[str]:
    """Split the measures of the two sides; a comma in brackets belongs to one of them."""
    return re.split(r", (?![^(]*\))", measure)


def _only_arm(part: "PartResult") -> str:
    """Name the arm of which two measures are contrasted; empty where that is not so."""
    arms = set(re.findall(r"[\w.-]+(?= -| /|\)|$)", part.contrast))
    return arms.pop() if len(arms) == 1 and len(_names(part.measure)) > 1 else ""


def _meaning(name: str) -> str:
    try:
        return find_measure(name).meaning.rstrip(".")
    except ValueError:  # a measure of another version
        return name


def _means(part: "PartResult", only_arm: str) -> Iterator[str]:
    name = _names(part.measure)[0]
    try:
        unit = find_measure(name).unit
    except ValueError:
        unit = ""
    for arm, mean in part.means.items():
        yield f"{arm.removesuffix(f' of {only_arm}')} {show_mean(mean, unit, name)}"


def _wanted(part: "PartResult") -> str:
    """Write what had to come out: `at least 5 %`; nothing where nothing had to."""
    if not part.criterion or part.amount is None:
        return ""
    return _WANTED[part.criterion].format(quantity_of(part).size(part.amount))


def _effect(part: "PartResult") -> str:
    if part.problem or part.mean is None:  # the mean of the seeds that went well would be biased
        return ""
    return quantity_of(part).effect(part.mean, part.low, part.high)


def _answer(part: "PartResult") -> str:
    """Say what came of a comparison by itself; the verdict of the claim asks for more."""
    if part.problem or part.mean is None:
        return f"not judged: {part.problem or 'no number'}"
    if not part.criterion:
        return ""
    if part.holds:
        return "holds"
    if part.opposes:
        return _OPPOSITE[part.criterion]
    if part.criterion == "smallest_effect" and part.amount is not None:
        bound = part.smallest_excluded
        if bound is not None and bound < part.amount:
            return f"too small: {quantity_of(part).size(bound, digits=2, up=True)} or more is excluded"
    return "open"


def remark(status: "ClaimStatus") -> str:
    """Say that a claim has no result, or one that no longer counts; empty where it has one."""
    if status.result is None and status.checked is None:
        return f"Not run yet; `regx reproduce {status.id}` runs it."
    if status.is_stale:
        return "The rule has changed since it was fixed: these results were judged by the old rule."
    return ""


def certainty(result: "ClaimResult") -> Iterator[str]:
    """Say how certain a verdict is, or why there is none: a line for each text."""
    if result.reasons:
        yield f"because: {'; '.join(result.reasons)}"
    provisional = " (provisional: fewer than 10)" if result.provisional else ""
    family = result.family_size
    corrected = f"corrected for a family of {family}" if family > 1 else "alone in its family"
    yield f"{result.num_seeds} seeds{provisional}; p {equals(show_p(result.p))}, {corrected}"
    if result.verdict == "inconclusive":
        if result.seeds_needed:
            chance = "in 4 of 5 experiments, if the true means and spreads are those measured here"
            yield f"{result.seeds_needed:,} seeds would settle it {chance}"
        else:
            yield "how many seeds would settle it cannot be said from these numbers"
    if result.num_runs_before:
        yield f"its rule was fixed late, when {result.num_runs_before} of the runs to compare had ended"
