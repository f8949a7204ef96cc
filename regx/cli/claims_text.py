"""What `regx claims` prints: the table of all, and one claim in full."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from regx.claims.facts import certainty, part_facts, remark
from regx.claims.registry import Registered
from regx.claims.sentences import course_text, loose_points
from regx.claims.status import HEADS, cells_of, count_verdicts
from regx.claims.tuned import show_tuning
from regx.cli.columns import hang, print_columns
from regx.numbers import equals
from regx.text import counted

if TYPE_CHECKING:
    from rich.console import Console  # noqa: TID251  # the type

    from regx.claims.results import ClaimResult, MechanicalResult, PartResult
    from regx.claims.status import ClaimStatus

__all__ = ["claim_lines", "print_table"]

# Columns of words, and the width that each has at least.
_TEXTS = {"sentence": 24, "verdict": 18, "effect [95 % interval]": 27, "tier": 5, "when": 10, "commit": 10}
_READ = {"read": "read there", "secondary": "from a secondary text", "memory": "from memory"}


class _Paragraph(NamedTuple):
    """A line, or several where the terminal is narrow.

    Attributes:
        text: Is broken where words end.
        head: Written before it; further lines begin below the text.
        indent: Of the further lines; None: where the text begins, or 4 where that would leave no room.
    """

    text: str
    head: str = ""
    indent: int | None = None


def print_table(console: "Console", statuses: "Sequence[ClaimStatus]") -> None:
    """Print a row for each claim, and count the verdicts.

    What does not fit beside the rest is folded, or goes to a second table.
    """
    rows = [cells_of(status) for status in statuses]
    texts = {HEADS.index(head): width for head, width in _TEXTS.items()}
    print_columns(console, HEADS, [("", rows)], texts=texts, repeats_first=False)
    summary = f"{counted(len(statuses), 'claim')}: {count_verdicts(statuses)}"
    for line in hang("", summary, console.width):
        console.out(line)


def claim_lines(status: "ClaimStatus", width: int) -> Iterator[str]:
    """Write one claim in full, in lines no longer than `width`; paths are never broken."""
    for text, head, indent in _paragraphs(status):
        if head == "experiment: ":  # a path, to be copied
            yield head + text
        elif text:
            yield from hang(head, text, width, indent)


def _paragraphs(status: "ClaimStatus") -> Iterator[_Paragraph]:
    claim = status.claim
    yield _Paragraph(status.says, f"{status.id}  ")
    yield _Paragraph(f"{status.label}{f' at tier {status.tier}' if status.result else ''}", "verdict: ")
    if claim.quote:
        text = course_text()
        yield _Paragraph(f"“{claim.quote}”{f' ({text.name})' if status.id in text.claims else ''}", "quote: ")
    yield _Paragraph(claim.source, "source: ")
    if isinstance(claim, Registered):
        yield from _empirical(claim, status)
    else:
        yield _Paragraph(claim.passes_if, "holds if: ")
        yield _Paragraph(remark(status))
        if status.checked is not None:
            yield from _check(status.checked)
        for note in claim.notes:
            yield _Paragraph(note, "note: ")


def _empirical(item: Registered, status: "ClaimStatus") -> Iterator[_Paragraph]:
    claim = item.claim
    for published in claim.published:
        known = _READ[published.verified]
        yield _Paragraph(f"{published.figures} ({published.where}; {known})", "published: ")
    for point in loose_points(item.id):
        yield _Paragraph(point, "the wording: ")
    yield _Paragraph(str(item.path), "experiment: ")
    yield _Paragraph(claim.family, "family: ")
    yield _Paragraph(claim.expected or "", "expected before the runs: ")
    yield _Paragraph(remark(status))
    if status.result is not None:
        yield from _result(status, status.result)
    for title, texts in (("deviations from the source", claim.deviations), ("traps", claim.traps)):
        if texts:
            yield _Paragraph(f"{title}:")
            for number, text in enumerate(texts, start=1):
                yield _Paragraph(text, f"  {number}. ")


def _result(status: "ClaimStatus", result: "ClaimResult") -> Iterator[_Paragraph]:
    yield from map(_Paragraph, certainty(result))
    yield _Paragraph(f"judged {result.when}, code {result.commit}")
    for setting, folder in status.settings:
        if result.settings:
            yield _Paragraph(f"{setting.id} ({setting.experiment}):")
        yield _Paragraph(show_tuning(folder, setting.id), "  ", indent=4)
        for part in result.parts_in(setting.id):
            yield from _part(part)
    for experiment, group in groupby(result.all_beside, key=lambda found: found[0]):
        yield _Paragraph(f"beside it{f' ({experiment})' if experiment else ''}, deciding nothing:")
        for _, part in group:
            yield from _part(part)


def _part(part: "PartResult") -> Iterator[_Paragraph]:
    facts = part_facts(part)
    yield _Paragraph(f"{facts.name}: {facts.heading}: {facts.effect or facts.answer}", "  ", indent=6)
    if facts.wanted:
        yield _Paragraph(facts.meaning, "    ")
    details = (
        f"{facts.wanted}: {facts.answer}" if facts.wanted else "",
        f"p {equals(facts.p)}" if facts.p else "",
        f"sign-flip p {equals(facts.sign_flip_p)}" if facts.sign_flip_p else "",
        f"d_z = {facts.effect_size}" if facts.effect_size else "",
        f"{facts.in_favour} in favour" if facts.in_favour else "",
        facts.means,
    )
    yield _Paragraph("; ".join(filter(None, details)), "    ")
    for note in facts.notes:
        yield _Paragraph(note, "    note: ")


def _check(result: "MechanicalResult") -> Iterator[_Paragraph]:
    yield _Paragraph(result.reading, "reading: ")
    for row in result.measured:
        mark = "" if not row.criterion else " ok" if row.holds else " FAILS"
        wanted = f" (wanted: {row.criterion})" if row.criterion else ""
        value = row.value if isinstance(row.value, str) else f"{row.value:.6g}"
        yield _Paragraph(f"{row.name}: {value}{wanted}{mark}", "  ", indent=6)
    yield _Paragraph(f"checked {result.when}, code {result.commit}")
