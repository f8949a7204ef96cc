"""What was found for a claim, in plain words and from the stored numbers alone."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from regx.claims.words import Quantity, is_span, quantity_of, show_mean, show_p

if TYPE_CHECKING:
    from regx.claims.registry import Registered
    from regx.claims.results import ClaimResult, PartResult
    from regx.claims.standing import Standing


__all__ = ["contrast_of", "describe_measure", "found", "heading_of", "reliance", "say_means", "say_part"]

_OUTCOMES = {
    "reversed": "Contradicted: it goes the other way, and by as much as would matter.",
    "null": "Contradicted: an effect as large as was asked for is excluded.",
    "outside": "Contradicted: they differ by more than the margin.",
    "inconclusive": "Open: these runs settle it neither way.",
    "smoke": "No verdict: fewer than 5 seeds show that the machinery works, and no more.",
}
_STRONG = "Supported, and strongly: even the unfavourable end of the interval is as much as was asked."
_NOT_STRONG = "Supported, though not strongly: some of the 95 % interval is less than was asked."


def found(standing: "Standing") -> list[str]:
    """Say what was found for a claim of an experiment: one paragraph for each text."""
    result = standing.result
    if result is None:
        return [f"Not run yet; `regx reproduce {standing.id}` runs it."]
    if standing.is_stale or result.verdict == "stale":
        return ["The rule has changed since it was fixed: the stored numbers were judged by another one."]
    if result.verdict == "not run":
        return [f"Not run in full: {'; '.join(result.reasons)}."]
    if result.verdict == "invalid":
        return [f"No verdict, the comparison is not valid: {'; '.join(result.reasons)}.", *_parts(result)]
    return [_outcome(result), *_parts(result)]


def reliance(item: "Registered", result: "ClaimResult") -> list[str]:
    """Say how far the numbers can be trusted: seeds, chance, what was predicted."""
    texts = []
    seeds = f"{result.num_seeds} seeds"
    if result.provisional:
        seeds += ": provisional, 10 are needed for a verdict without that word"
    texts.append(f"{seeds}.")
    if result.verdict in ("supported", "contradicted", "inconclusive"):
        family = result.family_size
        among = (
            f"corrected for the {family} claims of its family" if family > 1 else "the only one of its family"
        )
        texts.append(f"Chance: p {_p(result.p)}, {among}{_sign_flips(result)}.")
    texts += _power(result)
    if result.num_runs_before:
        texts.append(f"Its rule was fixed when {result.num_runs_before} of the runs to compare had ended.")
    elif result.rule:
        texts.append("Its rule was fixed before the first of the runs to compare began.")
    if item.claim.expected:
        texts.append(f"Expected before the runs: {item.claim.expected}.")
    return texts


def say_part(part: "PartResult") -> str:
    """Say what came of one comparison, and what had to."""
    what = describe_measure(part.measure)
    if part.problem or part.mean is None:  # a mean of the seeds that went well is biased
        return f"{what}: not judged ({part.problem or 'no number'})."
    quantity = quantity_of(part)
    sentences = [f"{what}: {_numbers(part, quantity)}."]
    if part.criterion:
        sentences.append(_answer(part, quantity))
    sentences += [f"Note: {note}." for note in part.notes]
    return " ".join(sentences)


def say_means(result: "ClaimResult") -> Iterator[str]:
    """Say what each arm came to, part by part, to be read beside the figures of the source."""
    groups = [(f"{setting.experiment}: ", setting.parts) for setting in result.settings]
    for prefix, parts in groups or [("", result.parts)]:
        for part in parts:
            arms = [f"{mean} with `{arm}`" for arm, mean in _arm_means(part, quantity_of(part))]
            name = f"`{part.measure}`: " if len(_names(part.measure)) == 1 else ""
            yield f"{prefix}{name}{', '.join(arms) or 'no number'}."


def describe_measure(names: str) -> str:
    """Say what a measure is, with its name; of two measures their names are enough."""
    if len(_names(names)) > 1:
        return " against ".join(f"`{name}`" for name in _names(names))
    known = _meanings()
    if names in known:
        return f"{known[names].rstrip('.')} (`{names}`)"
    call = re.fullmatch(r"(\w+)\(\s*([\w*]+)\s*(?:,\s*(\w+)\s*)?\)", names)
    if call is None:
        return f"`{names}`"
    function, inner, layer = call.groups()
    meaning = next((text for name, text in known.items() if name.startswith(f"{function}(")), names)
    meaning = meaning.rstrip(".").partition(";")[0].partition(": of a time")[0]
    for words in ("a quantity of probes.csv", "a measure of runs", "a measure", "its values"):
        if words in meaning:
            return meaning.replace(words, f"`{inner}`") + (f" in `{layer}`" if layer else "")
    return f"{meaning} (`{names}`)"


def contrast_of(part: "PartResult") -> str:
    """Return the contrast; where two measures of one arm are contrasted, they stand in its place."""
    names, arm = iter(_names(part.measure)), _only_arm(part)
    return re.sub(rf"\b{re.escape(arm)}\b", lambda _: next(names), part.contrast) if arm else part.contrast


def heading_of(part: "PartResult") -> str:
    """Return measure and contrast, or the arm of which two measures are contrasted, and these."""
    arm = _only_arm(part)
    return f"{arm}: {contrast_of(part)}" if arm else f"{part.measure}, {part.contrast}"


def _only_arm(part: "PartResult") -> str:
    """Name the arm of which two measures are contrasted; empty where that is not so."""
    arms = set(re.findall(r"[\w.-]+(?= -| /|\)|$)", part.contrast))
    return arms.pop() if len(arms) == 1 and len(_names(part.measure)) > 1 else ""


def _names(measure: str) -> list[str]:
    """Split the measures of the two sides; a comma in brackets belongs to one of them."""
    return re.split(r", (?![^(]*\))", measure)


@cache
def _meanings() -> dict[str, str]:
    from regx.measures.registry import list_measures

    return {name: meaning for name, _, meaning in list_measures()}


def _outcome(result: "ClaimResult") -> str:
    text = _OUTCOMES.get(result.kind or result.verdict, "")
    if result.verdict == "supported":
        text = _STRONG if result.strong else _NOT_STRONG
    if result.settings:
        names = [setting.id for setting in result.settings if setting.holds]
        text += f" It holds in {len(names)} of {len(result.settings)} settings, and one is enough"
        text += f": {', '.join(names)}." if names else "."
        if result.verdict == "contradicted":
            text += " It is contradicted in these settings only."
    elif len(result.parts) > 1:
        all_of_them = "Both" if len(result.parts) == 2 else f"All {len(result.parts)}"
        answer = _which_hold(result.parts)
        text += f" {all_of_them} parts have to hold: {answer}."
        text = text.replace("Contradicted:", "Contradicted in one of its parts:")
    return text


def _which_hold(parts: "Sequence[PartResult]") -> str:
    """Name the parts that hold, by their numbers: `(1) does, (2) and (3) do not`."""
    answers = []
    for holds, denial in ((True, ""), (False, " not")):
        names = [f"({number})" for number, part in enumerate(parts, start=1) if part.holds == holds]
        if len(names) == len(parts):
            return "they do" if holds else "none does"
        answers.append(f"{' and '.join(names)} {'does' if len(names) == 1 else 'do'}{denial}")
    return ", ".join(answers)


def _parts(result: "ClaimResult") -> Iterator[str]:
    """Say the parts one after another, setting by setting."""
    if not result.settings:
        yield from _numbered(result.parts)
    for setting in result.settings:
        holds = "holds" if setting.holds else "does not hold"
        yield f"*{setting.id}* (`{setting.experiment}`): {holds}."
        yield from _numbered(setting.parts)


def _numbered(parts: "Sequence[PartResult]") -> Iterator[str]:
    for number, part in enumerate(parts, start=1):
        head = f"({number}) " if len(parts) > 1 else ""
        if part.part == "if censored":
            head += "Too many seeds never reached the target, so the comparison in reserve is judged. "
        yield head + say_part(part)


def _numbers(part: "PartResult", quantity: Quantity) -> str:
    """Say what each arm came to, and the difference with its interval."""
    assert part.mean is not None
    arms = [f"{mean} with `{arm}`" for arm, mean in _arm_means(part, quantity)]
    if part.criterion == "always":
        return f"{quantity.say(part.mean)} on average"
    effect = quantity.say(part.mean)
    if part.low is not None and part.high is not None:
        effect += f" (95 % interval {quantity.interval(part.low, part.high)})"
    if quantity.form == "value":
        return f"{effect} with `{part.contrast}`"
    effect = ", ".join(arms) + f": {effect}" if arms else effect
    if part.wins is not None and part.criterion != "within":
        effect += f"; {part.wins * part.num_seeds:g} of {part.num_seeds} seeds favour the claim"
    return effect


def _arm_means(part: "PartResult", quantity: Quantity) -> Iterator[tuple[str, str]]:
    from regx.measures.registry import find_measure

    places = quantity.places if quantity.form == "difference" and part.unit != "ln" else None
    unit = find_measure(_names(part.measure)[0]).unit
    factor = 1.0
    if unit == "fraction" and is_span(part.measure):
        unit, factor = "percentage points", 100.0
    is_one_arm = len(_names(part.measure)) > 1 and len({arm.partition(" of ")[2] for arm in part.means}) == 1
    for arm, mean in part.means.items():
        name = arm.partition(" of ")[0] if is_one_arm else arm.replace(" of ", "` of `")
        yield name, show_mean(factor * mean, unit, places)


def _answer(part: "PartResult", quantity: Quantity) -> str:
    """Say what was asked for, and whether it is so."""
    if part.amount is None:
        return "What was asked for could not be fixed."
    if part.criterion == "always":
        return (
            f"It has to be exactly {part.amount:g} under every seed, and {'is' if part.holds else 'is not'}."
        )
    size = quantity.size(part.amount)
    if part.criterion == "not_worse_than":
        return f"A loss of up to {size} was allowed: {_holds(part)}."
    if part.criterion == "within":
        between = _interval_90(part, quantity)
        answer = "they differ by more" if part.opposes else _holds(part)
        return f"Up to {size} either way counts as equal; the 90 % interval is {between}: {answer}."
    return f"At least {size} was asked for{_reached(part, part.amount, quantity)}."


def _reached(part: "PartResult", amount: float, quantity: Quantity) -> str:
    """Say whether an effect is as large as was asked for, or is excluded."""
    if part.opposes:
        return ": it goes the other way"
    if part.holds:
        above = part.low is not None and part.low >= amount
        return ", and the whole interval is above that" if above else ", and the mean is above that"
    if _is_excluded(part) and part.smallest_excluded is not None:
        bound = quantity.size(part.smallest_excluded, digits=2, up=True)
        between = _interval_90(part, quantity)
        return f"; {bound} or more, either way, is excluded (90 % interval {between})"
    if (part.mean or 0) >= amount:
        return ": the mean is as much, but the interval leaves room for none at all"
    if (part.low or 0) > 0:
        return ": there is an effect, but less was found, and as much is not excluded"
    return ": neither found nor excluded"


def _is_excluded(part: "PartResult") -> bool:
    """Whether an effect as large as was asked for lies outside the 90 % interval."""
    if part.criterion != "smallest_effect" or part.holds or part.opposes or part.amount is None:
        return False
    return part.smallest_excluded is not None and part.smallest_excluded < part.amount


def _holds(part: "PartResult") -> str:
    return "it holds" if part.holds else "it does not hold"


def _interval_90(part: "PartResult", quantity: Quantity) -> str:
    if part.low_90 is None or part.high_90 is None:
        return "unknown"
    return quantity.interval(part.low_90, part.high_90, directed=True)


def _power(result: "ClaimResult") -> Iterator[str]:
    """Say how many seeds an open claim would need."""
    if result.verdict != "inconclusive":
        return
    if any(_is_excluded(part) for part in result.parts):
        yield "What is excluded by itself is not excluded after the correction for the family."
    needed = result.seeds_needed
    if needed is None:
        yield "How many seeds would settle it cannot be said from these."
    else:
        yield (
            f"{needed:,} seeds would settle it in 4 of 5 experiments, even at the strictest step of the "
            "correction for the family, were the measured means and spreads the true ones."
        )


def _sign_flips(result: "ClaimResult") -> str:
    """Say what the test says that assumes no distribution, and where it can say no more."""
    effects = [part for part in result.parts if part.criterion == "smallest_effect"]
    flips = [part.sign_flip_p for part in effects if part.sign_flip_p is not None]
    if not flips or result.settings:
        return ""
    text = f"; sign-flip test, uncorrected, p {_p(max(flips))}"
    lowest = 2 / 2**result.num_seeds
    return text + (f", which cannot be below {show_p(lowest)} with so few seeds" if lowest > 0.05 else "")


def _p(p: float) -> str:
    shown = show_p(p)
    return shown.replace("<", "< ") if shown.startswith("<") else f"= {shown}"
