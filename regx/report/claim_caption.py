"""What the marks of a claim's figure mean: of those that are there, and no others."""

import textwrap
from collections.abc import Sequence

from regx.claims.results import PartResult
from regx.report.claim_behind import Background, Curves, Ladder
from regx.report.series import MIN_BAND, has_band

__all__ = ["caption_of", "shows_90"]

LETTERS = 130  # of a line
_GREYS = {
    "smallest_effect": "grey: smaller than the smallest effect that was asked for (dashed)",
    "within": "grey between dashed lines: counts as equal",
    "not_worse_than": "grey right of a dashed line: not worse",
    "always": "a control: all dots have to be on the dashed line",
}


def caption_of(results: Sequence[PartResult], behind: Sequence[Background]) -> str:
    """Say what the marks mean, in lines.

    Args:
        results: Of the parts that are drawn.
        behind: Drawn below them.
    """
    criteria = {result.criterion for result in results}
    marks = [words for criterion, words in _GREYS.items() if criterion in criteria]
    ladders = [one for one in behind if isinstance(one, Ladder)]
    if any(ladder.has_diverged for ladder in ladders):
        marks.append("×: runs that diverged, and how many")
    if any(ladder.has_censored for ladder in ladders):
        marks.append("△: runs that were not there when their steps ended, and how many")
    texts = ("; ".join([_dots(results), *_lines(behind)]), "; ".join(marks))
    return "\n".join(line for text in texts for line in textwrap.wrap(text, LETTERS))


def shows_90(result: PartResult) -> bool:
    """Whether the 90 % interval is drawn: equality is asked for, or is what is left without an effect."""
    if result.low_90 is None or result.high_90 is None:
        return False
    if result.criterion == "smallest_effect":
        return not result.holds
    return result.criterion in ("within", "not_worse_than")


def _dots(results: Sequence[PartResult]) -> str:
    words = "dots: each seed; diamond"
    words += " and line: mean, 95 % t-interval" if any(one.low is not None for one in results) else ": mean"
    return words + ("; thick bar: 90 % interval" if any(map(shows_90, results)) else "")


def _lines(behind: Sequence[Background]) -> list[str]:
    if not behind:
        return []
    has_bands = any(map(_has_band, behind))
    words = ["curves: mean of the seeds, with its 95 % band" if has_bands else "curves: mean of the seeds"]
    arms = [runs for one in behind if isinstance(one, Curves) for runs in one.runs.values()]
    return words + ["thin: each seed"] * any(len(runs) > 1 and not has_band(runs) for runs in arms)


def _has_band(behind: Background) -> bool:
    if isinstance(behind, Curves):
        return any(map(has_band, behind.runs.values()))
    if isinstance(behind, Ladder):
        return any(len(found) >= MIN_BAND for by in behind.points.values() for found in by.values())
    return any(len(lines) >= MIN_BAND for panel in behind.panels.values() for lines in panel.lines.values())
