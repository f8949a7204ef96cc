"""What `regx claims` prints: the table of all, and one claim in full."""

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from regx.report.claim_prose import heading_of
from regx.report.claim_rows import HEADS, cells_of, count_verdicts
from regx.report.claim_words import (
    scaled,
    show_effect,
    show_measured,
    show_p,
    show_published,
    show_value,
    show_wanted,
)

if TYPE_CHECKING:
    from regx.claims.mechanical import MechanicalClaim
    from regx.claims.mechanical_results import MechanicalResult
    from regx.claims.registry import Registered
    from regx.claims.results import ClaimResult, PartResult
    from regx.claims.standing import Standing

__all__ = ["claim_lines", "summary_line", "table_lines"]

WIDEST = 100  # letters of a line of text


def table_lines(standings: "Sequence[Standing]") -> list[str]:
    """Write the table; on a terminal the sentences give way where a line would be too long."""
    rows = [cells_of(standing) for standing in standings]
    widths = [max(len(head), *(len(row[index]) for row in rows)) for index, head in enumerate(HEADS)]
    if sys.stdout.isatty():
        others = sum(widths) - widths[1] + 2 * (len(widths) - 1)
        widths[1] = max(24, min(widths[1], shutil.get_terminal_size().columns - others))
    lines = []
    for row in (HEADS, *rows):
        cells = [
            _cut(cell, width).rjust(width) if head == "n" else _cut(cell, width).ljust(width)
            for head, cell, width in zip(HEADS, row, widths, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def summary_line(standings: "Sequence[Standing]") -> str:
    """Count the verdicts."""
    return f"{len(standings)} claim{'s' * (len(standings) != 1)}: {count_verdicts(standings)}"


def claim_lines(standing: "Standing") -> Iterator[str]:
    """Write one claim in full."""
    from regx.claims.registry import Registered

    claim = standing.claim
    yield f"{standing.id}  {standing.says}"
    yield f"verdict: {standing.label}{f' at tier {standing.tier}' if standing.result else ''}"
    if isinstance(claim, Registered):
        yield from _empirical(claim, standing.result, is_stale=standing.is_stale)
    else:
        yield from _mechanical(claim, standing.checked)


def _quoted(claim_id: str, quote: str | None) -> Iterator[str]:
    """Quote the sentence, and name the text that it is from."""
    from regx.claims.sentences import CLAIMS_OF_THE_TEXT, TESTED_TEXT

    if quote:
        of_the_text = f" ({TESTED_TEXT})" if claim_id in CLAIMS_OF_THE_TEXT else ""
        yield from _wrapped("quote: ", f"“{quote}”{of_the_text}")


def _empirical(item: "Registered", result: "ClaimResult | None", *, is_stale: bool) -> Iterator[str]:
    from regx.claims.sentences import loose_points

    claim = item.claim
    yield from _quoted(item.id, claim.quote)
    yield from _wrapped("source: ", claim.source)
    for published in claim.published:
        yield from _wrapped("published: ", show_published(published))
    for point in loose_points(item.id):
        yield from _wrapped("the wording: ", point)
    yield f"experiment: {item.path}"
    yield f"family: {claim.family}"
    if claim.expected:
        yield from _wrapped("expected before the runs: ", claim.expected)
    if is_stale:
        yield "The rule has changed since it was fixed: these results were judged by another one."
    if result is None:
        yield f"not run; `regx reproduce {item.id}` runs it"
    else:
        yield from _result(result)
    for title, texts in (("deviations from the source", claim.deviations), ("traps", claim.traps)):
        if texts:
            yield f"{title}:"
            for number, text in enumerate(texts, start=1):
                yield from _wrapped(f"  {number}. ", text)


def _result(result: "ClaimResult") -> Iterator[str]:
    if result.reasons:
        yield from _wrapped("because: ", "; ".join(result.reasons))
    yield (
        f"{result.num_seeds} seeds; {_p(result.p)} corrected for a family of {result.family_size};"
        f" judged {result.when}, code {result.commit}"
    )
    if result.verdict == "inconclusive" and result.seeds_needed:
        chance = "in 4 of 5 experiments, were these means the true ones"
        yield f"{result.seeds_needed:,} seeds would settle it {chance}"
    if result.num_runs_before:
        yield f"its rule was fixed when {result.num_runs_before} of the runs to compare had ended"
    groups = [("", result.parts)] if not result.settings else []
    groups += [(f"{setting.id} ({setting.experiment})", setting.parts) for setting in result.settings]
    for title, parts in groups:
        if title:
            yield f"{title}:"
        for part in parts:
            yield from _part(part)
    for experiment, group in groupby(result.all_beside, key=lambda found: found[0]):
        yield f"beside it{f' ({experiment})' if experiment else ''}, deciding nothing:"
        for _, part in group:
            yield from _part(part)


def _excluded(part: "PartResult") -> Iterator[str]:
    """Say which effects a part leaves no room for, where that is less than was asked for."""
    if part.smallest_excluded is None or part.amount is None or part.smallest_excluded >= part.amount:
        return
    factor, unit = scaled(part.unit)
    size = f"{show_value(factor * part.smallest_excluded)} {unit}".rstrip()
    yield f"{size} or more is excluded (90 % interval)"


def _part(part: "PartResult") -> Iterator[str]:
    label = part.label or f"part {part.part}"
    yield f"  {label}: {heading_of(part)}: {show_effect(part)}"
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
        means = ", ".join(f"{arm} {show_value(value)}" for arm, value in part.means.items())
        details.append(f"means: {means}")
    yield from _wrapped("    ", "; ".join(filter(None, details)))
    for note in part.notes:
        yield from _wrapped("    note: ", note)


def _mechanical(claim: "MechanicalClaim", result: "MechanicalResult | None") -> Iterator[str]:
    yield from _quoted(claim.id, claim.quote)
    yield from _wrapped("source: ", claim.source)
    yield from _wrapped("holds if: ", claim.passes_if)
    if result is None:
        yield f"not run; `regx reproduce {claim.id}` runs it"
    else:
        if result.reading:
            yield from _wrapped("reading: ", result.reading)
        for row in result.measured:
            mark = "" if not row.criterion else " ok" if row.holds else " FAILS"
            wanted = f" (wanted: {row.criterion})" if row.criterion else ""
            yield f"  {row.name}: {show_measured(row.value)}{wanted}{mark}"
        yield f"checked {result.when}, code {result.commit}"
    for note in claim.notes:
        yield from _wrapped("note: ", note)


def _wrapped(head: str, text: str) -> Iterator[str]:
    """Break a long text; its further lines stand under the first."""
    if text:
        yield from textwrap.wrap(
            text, WIDEST, initial_indent=head, subsequent_indent=" " * len(head), break_long_words=False
        )


def _p(p: float) -> str:
    shown = show_p(p)
    return f"p < {shown[1:]}" if shown.startswith("<") else f"p = {shown}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
