"""Lists and tables of Markdown."""

from collections.abc import Sequence

__all__ = ["listed", "table"]


def listed(title: str, texts: Sequence[str], *, numbered: bool = True) -> str:
    """Write a title and a list under it; nothing where the list is empty."""
    lines = [f"{number}. {text}" if numbered else f"- {text}" for number, text in enumerate(texts, start=1)]
    return "\n".join([f"{title}\n", *lines]) if texts else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 99) -> str:
    """Write a table of Markdown, its first columns to the left and the others to the right."""
    marks = ["---" if index < left else "---:" for index in range(len(head))]
    lines = [head, marks, *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
