"""The facts about one claim as short texts: the same in the terminal and in docs/claims.md.

A number is written in the unit of its comparison, with the digits that its interval supports.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, exp, floor, isclose, log, log10
from typing import TYPE_CHECKING, Literal

from regx.measures.registry import find_measure
from regx.numbers import equals, show_fixed, show_p

if TYPE_CHECKING:
    from regx.claims.results import ClaimResult, PartResult
    from regx.claims.status import ClaimStatus
    from regx.measures.measure import Measure

__all__ = ["PartFacts", "certainty", "part_facts", "quantity_of", "remark"]

_FEW_DIGITS = 3
_UNITS = {"fraction": "pp", "learning rate": "", "ln": ""}
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


def _measure(name: str) -> "Measure | None":
    """Find a measure; None where another version of regx knew it."""
    try:
        return find_measure(name)
    except ValueError:
        return None


def _meaning(name: str) -> str:
    measure = _measure(name)
    return measure.meaning.rstrip(".") if measure else name


def _means(part: "PartResult", only_arm: str) -> Iterator[str]:
    """Write what each arm came to, in the unit of its measure."""
    name = _names(part.measure)[0]
    measure = _measure(name)
    unit, factor = _UNITS.get(measure.unit, measure.unit) if measure else "", 1.0
    if measure and measure.unit == "fraction":
        unit, factor = "pp" if _is_span(name) else "%", 100.0
    for arm, mean in part.means.items():
        value = factor * mean
        shown = show_fixed(value, _places_of(value, _FEW_DIGITS))
        yield f"{arm.removesuffix(f' of {only_arm}')} {shown} {unit}".strip()


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


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """How the numbers of one comparison are written.

    Attributes:
        form: `value` of one arm, `difference` of two, their quotient as `percent` or as `times`.
        unit: Written after a number.
        factor: What a value or difference is multiplied by to be shown: 100 for fractions.
        base: What a logarithm is a power of.
        places: Decimal places of an effect; negative ones round to tens, hundreds and so on.
    """

    form: Literal["value", "difference", "percent", "times"]
    unit: str
    factor: float = 1.0
    base: float = 1.0
    places: int = 0

    def shown(self, value: float) -> float:
        """Turn a number of the comparison into the one that is shown."""
        if self.form == "times":
            return float(self.base**value)
        if self.form == "percent":
            return 100 * (float(self.base**value) - 1)
        return self.factor * value

    def effect(self, mean: float, low: float | None, high: float | None) -> str:
        """Write an effect with its interval: `+0.071 [0.065, 0.078] nats`, `× 14.4 [13.9, 14.9]`."""
        sign = "× " if self.form == "times" else "+" if self.shown(mean) > 0 and self.form != "value" else ""
        text = sign + show_fixed(self.shown(mean), self.places)
        if low is not None and high is not None:
            text += " [" + ", ".join(show_fixed(self.shown(end), self.places) for end in (low, high)) + "]"
        return f"{text} {self.unit}".strip()

    def size(self, amount: float, *, digits: int = _FEW_DIGITS, up: bool = False) -> str:
        """Write how large an effect is, without its direction: `0.03 nats`, `5 %`, `× 2`.

        Args:
            amount: In the unit of the comparison, >= 0.
            digits: Significant digits, at most.
            up: Whether to round up, for a bound that must not be said too small.
        """
        shown = self.shown(amount)
        places = _places_of(shown, digits)
        if up:
            shown = ceil(shown * 10**places - 1e-9) / 10**places
        text = _without_zeros(show_fixed(shown, places))
        if self.form == "times":
            return f"× {text}"
        return f"{text} {self.unit.removesuffix('s') if text == '1' else self.unit}".strip()


def quantity_of(part: "PartResult") -> Quantity:
    """Say how the numbers of a comparison are written."""
    mean = part.mean or 0.0
    if part.unit in ("ln", "log2"):
        base = 2.0 if part.unit == "log2" else exp(1)
        size = max(abs(mean), abs(part.amount or 0.0)) * log(base)
        as_times = part.unit == "log2" or size >= log(2) - 1e-9
        quantity = Quantity(form="times" if as_times else "percent", unit="" if as_times else "%", base=base)
    else:
        form: Literal["value", "difference"] = "value" if part.contrast.isidentifier() else "difference"
        unit = _UNITS.get(part.unit, part.unit)
        if form == "value" and part.unit == "fraction" and not _is_span(part.measure):
            unit = "%"
        quantity = Quantity(form=form, unit=unit, factor=100.0 if part.unit == "fraction" else 1.0)
    places = _places_of(quantity.shown(mean), _FEW_DIGITS)
    if part.low is not None and part.high is not None:
        half = (quantity.shown(part.high) - quantity.shown(part.low)) / 2
        places = min(_places_of(half / 2, 1) if half > 0 else places, 6)
    return replace(quantity, places=places)


def _is_span(measure: str) -> bool:
    """Whether a measure is itself a difference, of cells of a grid: of shares it is in percentage points."""
    return measure.startswith(("drop(", "range("))


def _places_of(value: float, digits: int) -> int:
    """Return the decimal places with which a number has so many significant digits."""
    if value == 0 or isclose(value, 0, abs_tol=1e-12):
        return 0
    return min(6, digits - 1 - floor(log10(abs(value))))


def _without_zeros(text: str) -> str:
    """Cut the zeros at the end of a decimal number, which say nothing."""
    return text.rstrip("0").rstrip(".") if "." in text else text
