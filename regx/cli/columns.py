"""Tables on a terminal that stay whole on a narrow one: too many columns make several tables, none is cut."""

import re
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["print_columns"]

LONGEST_HEAD = 18  # letters of a column's head on one line
LONGEST_CELL = 24
FOLDED_LABEL = 22  # a longer label is folded before a column moves to another table
PADDING = 2


def print_columns(
    console: Console, heads: Sequence[str], sections: Sequence[tuple[str, Sequence[Sequence[str]]]]
) -> None:
    """Print labelled rows in sections.

    Args:
        console: Where to.
        heads: One per column; the first is that of the labels.
        sections: Title (empty: none) and rows; each row has one text per column.
    """
    rows = [row for _, lines in sections for row in lines]
    wrapped = [_wrap(head, LONGEST_HEAD) for head in heads]
    widths = [
        max(_width(text) for text in [wrapped[column], *(_wrap(row[column], LONGEST_CELL) for row in rows)])
        for column in range(len(heads))
    ]
    for columns in _blocks(widths, console.width):
        table = Table(box=None, padding=(0, PADDING, 0, 0), show_edge=False)
        table.add_column(wrapped[0], overflow="fold")
        for column in columns:
            table.add_column(wrapped[column], justify="right", no_wrap=True)
        for title, lines in sections:
            if title:
                table.add_row(Text(title, style="bold"))
            for row in lines:
                cells = [Text(_wrap(row[column], LONGEST_CELL)) for column in columns]
                table.add_row(Text(row[0]), *cells)
        console.print(table)
        console.print()


def _blocks(widths: Sequence[int], available: int) -> list[list[int]]:
    """Share out the columns so that each table fits; the first value column comes back in every table."""
    label, first = min(widths[0], FOLDED_LABEL), widths[1]
    blocks: list[list[int]] = [[1]]
    used = label + first + 2 * PADDING
    for column in range(2, len(widths)):
        if len(blocks[-1]) > 1 and used + widths[column] + PADDING > available:
            blocks.append([1])
            used = label + first + 2 * PADDING
        blocks[-1].append(column)
        used += widths[column] + PADDING
    return blocks


def _wrap(text: str, width: int) -> str:
    """Break long lines where their words, or the parts of a name, end."""
    return "\n".join(line for given in text.split("\n") for line in _wrap_line(given, width))


def _wrap_line(text: str, width: int) -> list[str]:
    lines = [""]
    for part in re.findall(r"[^ _-]*[ _-]?", text):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]


def _width(text: str) -> int:
    return max(len(line) for line in text.split("\n"))
