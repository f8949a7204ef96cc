"""Small parts of messages."""

__all__ = ["counted", "cut"]


def counted(number: int, noun: str) -> str:
    """Write a number of things: `1 run`, `1,200 runs`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def cut(text: str, longest: int) -> str:
    """Cut the end of a text that is too long for a message."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
