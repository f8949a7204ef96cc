"""What `regx claims` prints: the table of all, and one claim in full."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from regx.claims.prose import heading_of
from regx.claims.words import (
    HEADS,
    cells_of,
    count_verdicts,
    scaled,
    scaled_value,
    show_effect,
    show_measured,
    show_p,
    show_published,
    show_value,
    show_wanted,
)
from regx.cli.columns import hang, print_columns
from regx.text import counted

if TYPE_CHECKING:
    from rich.console import Console  # noqa: TID251  # the type

    from regx.claims.exact import MechanicalClaim
    from regx.claims.registry import Registered
    from regx.claims.results import ClaimResult, MechanicalResult, PartResult
    from regx.claims.standing import Standing

__all__ = ["claim_lines", "print_table"]

# Columns of words, and the width that each has at least.
_TEXTS = {"sentence": 24, "verdict": 18, "effect [95 % interval]": 27, "tier": 5, "when": 10, "commit": 10}
_LOGARITHMS = ("ln", "log2")  # units of a comparison whose means stay in the unit of the measure


class _Paragraph(NamedTuple):
    """A line, or several where the terminal is narrow.

    Attributes:
        text: Is broken where words end.
        head: Stands before it; further lines stand under the text.
        indent: Of the further lines; None: where the text begins, or 4 where that would leave no room.
    """

    text: str
    head: str = ""
    indent: int | None = None


def print_table(console: "Console", standings: "Sequence[Standing]") -> None:
    """Print a row for each claim, and count the verdicts.

    What does not fit beside the rest is folded, or goes to a second table.
    """
    rows = [cells_of(standing) for standing in standings]
    texts = {HEADS.index(head): width for head, width in _TEXTS.items()}
    print_columns(console, HEADS, [("", rows)], texts=texts, repeats_first=False)
    summary = f"{counted(len(standings), 'claim')}: {count_verdicts(standings)}"
    for line in hang("", summary, console.width):
        console.out(line)


def claim_lines(standing: "Standing", width: int) -> Iterator[str]:
    """Write one claim in full, in lines no longer than `width`; paths are never broken."""
    for text, head, indent in _paragraphs(standing):
        if head == "experiment: ":  # a path, to be copied
            yield head + text
        elif text:
            yield from hang(head, text, width, indent)


def _paragraphs(standing: "Standing") -> Iterator[_Paragraph]:
    from regx.claims.registry import Registered

    claim = standing.claim
    yield _Paragraph(standing.says, f"{standing.id}  ")
    yield _Paragraph(f"{standing.label}{f' at tier {standing.tier}' if standing.result else ''}", "verdict: ")
    if isinstance(claim, Registered):
        yield from _empirical(claim, standing.result, is_stale=standing.is_stale)
    else:
        yield from _mechanical(claim, standing.checked)


def _quoted(claim_id: str, quote: str | None) -> Iterator[_Paragraph]:
    """Quote the sentence, and name the text that it is from."""
    from regx.claims.sentences import course_text

    if quote:
        of_the_text = f" ({course_text().name})" if claim_id in course_text().claims else ""
        yield _Paragraph(f"“{quote}”{of_the_text}", "quote: ")


def _empirical(item: "Registered", result: "ClaimResult | None", *, is_stale: bool) -> Iterator[_Paragraph]:
    from regx.claims.sentences import loose_points

    claim = item.claim
    yield from _quoted(item.id, claim.quote)
    yield _Paragraph(claim.source, "source: ")
    for published in claim.published:
        yield _Paragraph(show_published(published), "published: ")
    for point in loose_points(item.id):
        yield _Paragraph(point, "the wording: ")
    yield _Paragraph(str(item.path), "experiment: ")
    yield _Paragraph(claim.family, "family: ")
    if claim.expected:
        yield _Paragraph(claim.expected, "expected before the runs: ")
    if is_stale:
        yield _Paragraph("The rule has changed since it was fixed: these results were judged by another one.")
    if result is None:
        yield _Paragraph(f"not run; `regx reproduce {item.id}` runs it")
    else:
        yield from _result(result)
    for title, texts in (("deviations from the source", claim.deviations), ("traps", claim.traps)):
        if texts:
            yield _Paragraph(f"{title}:")
            for number, text in enumerate(texts, start=1):
                yield _Paragraph(text, f"  {number}. ")


def _result(result: "ClaimResult") -> Iterator[_Paragraph]:
    if result.reasons:
        yield _Paragraph("; ".join(result.reasons), "because: ")
    yield _Paragraph(
        f"{result.num_seeds} seeds; {_p(result.p)} corrected for a family of {result.family_size};"
        f" judged {result.when}, code {result.commit}"
    )
    if result.verdict == "inconclusive" and result.seeds_needed:
        chance = "in 4 of 5 experiments, were these means the true ones"
        yield _Paragraph(f"{result.seeds_needed:,} seeds would settle it {chance}")
    if result.num_runs_before:
        yield _Paragraph(f"its rule was fixed when {result.num_runs_before} of the runs to compare had ended")
    groups = [("", result.parts)] if not result.settings else []
    groups += [(f"{setting.id} ({setting.experiment})", setting.parts) for setting in result.settings]
    for title, parts in groups:
        if title:
            yield _Paragraph(f"{title}:")
        for part in parts:
            yield from _part(part)
    for experiment, group in groupby(result.all_beside, key=lambda found: found[0]):
        yield _Paragraph(f"beside it{f' ({experiment})' if experiment else ''}, deciding nothing:")
        for _, part in group:
            yield from _part(part)


def _excluded(part: "PartResult") -> Iterator[str]:
    """Say which effects a part leaves no room for, where that is less than was asked for."""
    if part.smallest_excluded is None or part.amount is None or part.smallest_excluded >= part.amount:
        return
    factor, unit = scaled(part.unit)
    size = f"{show_value(factor * part.smallest_excluded)} {unit}".rstrip()
    yield f"{size} or more is excluded (90 % interval)"


def _part(part: "PartResult") -> Iterator[_Paragraph]:
    label = part.label or f"part {part.part}"
    yield _Paragraph(f"{label}: {heading_of(part)}: {show_effect(part)}", "  ", indent=6)
    details = []
    if wanted := show_wanted(part):
        details.append(f"{wanted}: {'holds' if part.holds else 'does not hold'}")
    if part.low is not None:
        details.append(_p(part.p))
        if part.sign_flip_p is not None and part.criterion in ("smallest_effect", ""):  # both against 0
            details[-1] += f", sign-flip {_p(part.sign_flip_p)}"
        details.append(f"d_z = {part.d_z:.2f}" if part.d_z is not None else "")
        if part.wins is not None and part.criterion != "within":
            details.append(f"in favour {part.wins:.0%} of seeds")
    if part.criterion == "smallest_effect" and not part.holds:
        details.extend(_excluded(part))
    if part.means:
        details.append(_means(part))
    yield _Paragraph("; ".join(filter(None, details)), "    ")
    for note in part.notes:
        yield _Paragraph(note, "    note: ")


def _means(part: "PartResult") -> str:
    """Write the means of the arms, in the unit that stands with the difference: per cent beside points."""
    factor, unit = (1.0, "") if part.unit in _LOGARITHMS else scaled_value(part.unit)
    means = ", ".join(f"{arm} {show_value(factor * value)}" for arm, value in part.means.items())
    return f"means{f' ({unit})' if unit else ''}: {means}"


def _mechanical(claim: "MechanicalClaim", result: "MechanicalResult | None") -> Iterator[_Paragraph]:
    yield from _quoted(claim.id, claim.quote)
    yield _Paragraph(claim.source, "source: ")
    yield _Paragraph(claim.passes_if, "holds if: ")
    if result is None:
        yield _Paragraph(f"not run; `regx reproduce {claim.id}` runs it")
    else:
        if result.reading:
            yield _Paragraph(result.reading, "reading: ")
        for row in result.measured:
            mark = "" if not row.criterion else " ok" if row.holds else " FAILS"
            wanted = f" (wanted: {row.criterion})" if row.criterion else ""
            yield _Paragraph(f"{row.name}: {show_measured(row.value)}{wanted}{mark}", "  ", indent=6)
        yield _Paragraph(f"checked {result.when}, code {result.commit}")
    for note in claim.notes:
        yield _Paragraph(note, "note: ")


def _p(p: float) -> str:
    shown = show_p(p)
    return f"p < {shown[1:]}" if shown.startswith("<") else f"p = {shown}"
