"""Tables that stay complete on a narrow terminal: too many columns become several tables, none is cut.

A row keeps its label at every width. If not even one column fits beside the labels, labels and cells are
folded. A label that must stay in one piece, such as the path of a folder, gets its own line.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells

if TYPE_CHECKING:
    from rich.console import Console  # noqa: TID251  # the type

__all__ = ["fold", "hang", "print_columns", "print_lines"]

LONGEST_HEAD = 18  # letters of a column's head on one line, where its words end
LONGEST_CELL = 24  # the same of a cell; a longer word is folded
FOLDED_LABEL = 22  # a longer label is folded before a column moves to another table
PADDING = 2
GAP = " " * PADDING

Section = tuple[str, Sequence[Sequence[str]]]


def print_columns(
    console: "Console",
    heads: Sequence[str],
    sections: Sequence[Section],
    *,
    texts: Mapping[int, int] | None = None,
    repeats_first: bool = True,
    whole_labels: bool = False,
) -> None:
    """Print labelled rows in sections.

    Args:
        console: Where to.
        heads: One per column; the first is that of the labels.
        sections: Title (empty: none) and rows; each row has one text per column.
        texts: Columns of words, by index: they stand to the left and take the room that is left. The value is
            the width from which on they are folded before a column moves to another table.
        repeats_first: Whether the first column after the labels stands in every table: what the others are
            read against.
        whole_labels: Whether a label is never folded: where it leaves no room, it has a line of its own.
    """
    layout = _Layout(heads, sections, console.width, texts or {}, whole_labels)
    for columns in layout.blocks(repeats_first):
        plain: list[str] = []
        for text, is_title in layout.lines(columns):
            if is_title:
                _write(console, plain)
                console.out(text, style="bold")
            else:
                plain.append(text)
        _write(console, plain)
        console.print()


def print_lines(
    console: "Console",
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    label: str,
    texts: Mapping[int, int],
) -> None:
    """Print each row on one line; where one is too long, as `print_columns` does, its label first and whole.

    Args:
        console: Where to.
        heads: One per column.
        rows: One text per column.
        label: Head of the column that a row goes by, such as the path of a folder.
        texts: As in `print_columns`; the others are numbers and stand to the right.
    """
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    if sum(widths) + PADDING * (len(widths) - 1) <= console.width:
        for cells in (heads, *rows):
            padded = (
                cell.ljust(width) if at in texts else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
            )
            console.out(GAP.join(padded).rstrip())
        return
    order = sorted(range(len(heads)), key=lambda at: heads[at] != label)
    print_columns(
        console,
        [heads[at] for at in order],
        [("", [[row[at] for at in order] for row in rows])],
        texts={new: texts[at] for new, at in enumerate(order) if new and at in texts},
        repeats_first=False,
        whole_labels=True,
    )


def fold(text: str, width: int) -> list[str]:
    """Break a text into lines: where words, or the parts of a name, end, and within them only where it must.

    Args:
        text: May have line breaks of its own.
        width: Of the terminal's cells, at least 1.
    """
    return _wrap(text, width, width)


def hang(head: str, text: str, width: int, indent: int | None = None) -> list[str]:
    """Break a text behind its head into lines; the further ones stand under the text.

    Args:
        head: Begins the first line.
        text: Is broken where words end, within them only where it must.
        width: Of the lines.
        indent: Of the further lines; None: the width of the head, or 4 where that leaves no room for words.
    """
    under = indent if indent is not None else len(head) if len(head) <= width // 3 else 4
    return textwrap.wrap(head + text, max(width, 1), subsequent_indent=" " * min(under, width // 3))


class _Layout:
    """Where each column of a table stands, and how wide it is.

    Attributes:
        least: Width of each column, by index, below which it does not go; that of the labels is 0 where they
            have lines of their own.
        natural: Width that each column would like to have.
    """

    def __init__(
        self,
        heads: Sequence[str],
        sections: Sequence[Section],
        available: int,
        texts: Mapping[int, int],
        whole_labels: bool,
    ) -> None:
        rows = [row for _, lines in sections for row in lines]
        shortest_label = min(_longest([heads[0], *(row[0] for row in rows)]), FOLDED_LABEL)
        room = available - 2 * PADDING
        widest = max(room - shortest_label, 3 * room // 5, 1)  # that a column beside the labels may be
        self.sections, self.available, self.texts = sections, available, texts
        self.heads = [
            [head] if at in texts else _wrap(head, min(LONGEST_HEAD, widest), min(LONGEST_CELL, widest))
            for at, head in enumerate(heads)
        ]
        self.rows = [_fold_row(row, texts, widest) for row in rows]
        self.label_head = heads[0]
        labels = [*self.heads[0], *(title for title, _ in sections), *(row[0] for row in rows)]
        self.natural = [max(map(cell_len, labels)), *map(self._widest, range(1, len(heads)))]
        values = [min(self.natural[at], texts.get(at, widest), widest) for at in range(1, len(heads))]
        self.stands_alone = whole_labels and self.natural[0] > room - max(values)
        self.least = [min(shortest_label, max(room - max(values), 1)), *values]
        if whole_labels:
            self.least[0] = 0 if self.stands_alone else self.natural[0]

    def blocks(self, repeats_first: bool) -> list[list[int]]:
        """Share out the columns so that each table fits; where it fits too, the first value comes back."""
        blocks: list[list[int]] = [[1]]
        for column in range(2, len(self.least)):
            if not self._fits(*blocks[-1], column):
                blocks.append([1] if repeats_first and self._fits(1, column) else [])
            blocks[-1].append(column)
        return blocks

    def lines(self, columns: Sequence[int]) -> Iterator[tuple[str, bool]]:
        """Write the lines of one table, and of each whether it is a title.

        Heads stand at the bottom of theirs, cells at the top.
        """
        widths = self._share_out(columns)
        if self.stands_alone:
            yield self.label_head, False
        head = self.label_head
        heads = [[] if self.stands_alone else _wrap(head, min(LONGEST_HEAD, widths[0]), widths[0])]
        heads += [_refold(self.heads[column], widths[column]) for column in columns]
        height = max(map(len, heads))
        raised = [[""] * (height - len(lines)) + lines for lines in heads]
        yield from ((text, False) for text in self._beside(raised, widths))
        rows = iter(self.rows)
        for title, section in self.sections:
            if title:
                cells = [fold(title, widths[0] or self.available), *([] for _ in columns)]
                yield from ((text, True) for text in self._beside(cells, widths))
            for label, *_ in section:
                row = next(rows)
                if self.stands_alone:
                    yield label, False
                cells = [[] if self.stands_alone else fold(label, widths[0])]
                cells += [_refold(row[column], widths[column]) for column in columns]
                yield from ((text, False) for text in self._beside(cells, widths))

    def _widest(self, column: int) -> int:
        return max(cell_len(line) for cells in (self.heads, *self.rows) for line in cells[column])

    def _fits(self, *columns: int) -> bool:
        return sum(self.least[column] + PADDING for column in (0, *columns)) <= self.available

    def _share_out(self, columns: Sequence[int]) -> dict[int, int]:
        """Give each column its least width, and what is left to those that wish for more, labels first."""
        widths = {column: self.least[column] for column in (0, *columns)}
        spare = self.available - sum(width + PADDING for width in widths.values())
        for column in columns if self.stands_alone else (0, *columns):
            more = max(0, min(self.natural[column] - widths[column], spare))
            widths[column] += more
            spare -= more
        return widths

    def _beside(self, cells: Sequence[Sequence[str]], widths: Mapping[int, int]) -> Iterator[str]:
        """Put the lines of several cells side by side: labels and words to the left, numbers to the right."""
        for parts in zip_longest(*cells, fillvalue=""):
            line = ""
            for (column, width), part in zip(widths.items(), parts, strict=True):
                blank = " " * (width - cell_len(part))
                is_left = column == 0 or column in self.texts
                line += (part + blank if is_left else blank + part) + GAP
            yield line


def _fold_row(row: Sequence[str], texts: Mapping[int, int], widest: int) -> list[list[str]]:
    """Fold the cells of numbers; those of words wait until their width is known, as labels do."""
    return [
        text.split("\n")
        if column == 0 or column in texts
        else _wrap(text, min(LONGEST_CELL, widest), min(LONGEST_CELL, widest))
        for column, text in enumerate(row)
    ]


def _longest(labels: Sequence[str]) -> int:
    """Width of the longest label, folded where its words end."""
    return max(cell_len(line) for label in labels for line in _wrap(label, LONGEST_CELL, LONGEST_CELL))


def _refold(lines: Sequence[str], width: int) -> list[str]:
    """Fold what is wider than its column turned out to be."""
    return [part for line in lines for part in (fold(line, width) if cell_len(line) > width else [line])]


def _wrap(text: str, width: int, hard: int) -> list[str]:
    """Break long lines where their words, or the parts of a name, end; what is wider than `hard` within."""
    return [line for given in text.split("\n") for line in _wrap_line(given, width, hard)]


def _wrap_line(text: str, width: int, hard: int) -> Iterator[str]:
    if len(text) <= width and text.isascii():
        yield text.rstrip()
        return
    line = ""
    for part in re.findall(r"[^ _-]*[ _-]?", text):
        if line and cell_len(line) + cell_len(part.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += part
        if cell_len(line.rstrip()) > hard:
            *whole, line = chop_cells(line, hard)
            yield from whole
    if line.rstrip() or not text:
        yield line.rstrip()


def _write(console: "Console", lines: list[str]) -> None:
    """Print lines as they are, and forget them."""
    if lines:
        console.out("\n".join(lines))
        lines.clear()
