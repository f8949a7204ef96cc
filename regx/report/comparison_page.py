"""A comparison as one Markdown page."""

import re
from collections.abc import Sequence

from regx.analysis.compare import Comparison
from regx.analysis.notes import notes
from regx.analysis.sentences import conclude
from regx.report import comparison_tables as tables

__all__ = ["as_markdown", "markdown_page", "markdown_table"]

_OPENING = re.compile(
    r"<(?=[A-Za-z/!?])"
)  # of a tag; the sign of a comparison stands before a blank or digit


def as_markdown(comparison: Comparison) -> str:
    """Write sentences, what differs, the tables, and what they rest on."""
    labels = [group.label for group in comparison.groups]
    heads = tables.table_heads(comparison)
    parts = [f"# {' vs '.join(labels)}", *conclude(comparison), *notes(comparison)]
    if comparison.config:
        parts.append(markdown_table(["setting", *labels], tables.setting_lines(comparison)))
    parts.append(markdown_table(["runs", *labels], tables.run_lines(comparison.groups)))
    for section, lines in tables.table_lines(comparison):
        parts.append(markdown_table([section, *heads], lines))
    for index in comparison.tested:
        parts.append(f"## {labels[index]} minus {labels[0]}")
        for section, lines in tables.difference_lines(comparison, index):
            parts.append(markdown_table(tables.difference_heads(comparison, section), lines))
    parts += [
        caption.replace(tables.BETTER, f"`{tables.BETTER}`", 1) for caption in tables.captions(comparison)
    ]
    parts += tables.reference_lines(comparison)
    return markdown_page(parts)


def markdown_page(parts: Sequence[str]) -> str:
    """Put the parts of a page together; what names from files hold becomes no HTML and no link."""
    page = "\n\n".join(parts) + "\n"
    return _OPENING.sub("&lt;", page).replace("](", "]\\(")


def markdown_table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Write one table, the first column to the left and the others to the right."""
    rule = ["---", *("---:" for _ in heads[1:])]
    named, *escaped = ([_in_cell(text) for text in line] for line in (heads, *lines))
    return "\n".join(f"| {' | '.join(line)} |" for line in (named, rule, *escaped))


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("\n", " ")
