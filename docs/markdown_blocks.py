"""Tables of Markdown."""

from collections.abc import Sequence

__all__ = ["table"]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 99) -> str:
    """Write a table of Markdown, its first columns to the left and the others to the right."""
    marks = "|".join("---" if index < left else "---:" for index in range(len(head)))
    lines = ("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in (head, *rows))
    return f"{next(lines)}|{marks}|\n{''.join(lines)}"
