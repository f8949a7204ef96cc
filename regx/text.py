"""Text for people: made fit for a terminal or a page, and small parts of messages."""

from collections.abc import Callable, Iterable
from typing import Any

__all__ = [
    "clean",
    "counted",
    "cut",
    "known_hint",
    "near_key",
    "near_names",
    "nearest",
    "one_line",
    "printable",
]

_NAMES = {"\n": "\\n", "\t": "\\t"}
_KEPT = frozenset("\n\t\xa0\u2009\u202f")  # line ends and tabs, and the spaces that do not break


def printable(text: str) -> str:
    r"""Replace what would steer a terminal, or turn the direction of a line, by its escape: `\u001b`.

    These are control characters, marks of direction, invisible signs and halves of surrogate pairs. The
    escape is the one of JSON, so that JSON stays what it was. Line ends stay.
    """
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() or mark in _KEPT else _escape(mark) for mark in text)


def one_line(text: str) -> str:
    """Make a text printable that is to stay within its line, and show what looks like a space and is none."""
    return "".join(mark if mark.isprintable() else _NAMES.get(mark, _escape(mark)) for mark in text)


def clean(content: Any) -> Any:
    """Make all texts of a JSON document printable within a line, keys included."""
    if isinstance(content, str):
        return printable(content).replace("\n", "\\n").replace("\t", "\\t")
    if isinstance(content, list):
        return [clean(item) for item in content]
    if isinstance(content, dict):
        return {clean(key): clean(value) for key, value in content.items()}
    return content


def _escape(mark: str) -> str:
    units = mark.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def counted(number: int, noun: str) -> str:
    """Write a number of things: `1 run`, `1,200 runs`."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def cut(text: str, longest: int) -> str:
    """Cut the end of a text that is too long for a message."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def nearest(word: str, known: Iterable[str], cutoff: float = 0.7) -> str:
    """Return the known word that is spelt most like this one, or nothing.

    Args:
        word: What was written.
        known: What might have been meant.
        cutoff: How alike they must be, in [0, 1]; 1 is equal.
    """
    import difflib  # here, since only who wrote something unknown waits for it

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)), "")


def near_key(key: str, known: Iterable[str]) -> str:
    """Return the known key that this is a misspelling of, or nothing.

    A slip seldom changes the first letter, so `steps` is not taken for `eps`.
    """
    near = nearest(key, known, cutoff=0.75)
    return near if near[:1] == key[:1] or nearest(key, [near], cutoff=0.85) else ""


def known_hint(word: str, known: Iterable[str], near: Callable[[str, Iterable[str]], str] = nearest) -> str:
    """Return `did you mean 'relu'?`, or all that there is: `known here: relu, tanh`.

    Args:
        word: What was written.
        known: What might have been meant.
        near: Looks for the nearest.
    """
    found = near(word, known)
    return f"did you mean {found!r}?" if found else f"known here: {', '.join(known)}"


def near_names(name: str, known: Iterable[str], endings: tuple[str, ...] = ()) -> list[str]:
    """List the names that may be meant: this very one, else those that go on from it, else the nearest.

    Args:
        name: What was written.
        known: Names that there are.
        endings: How a name may go on from it, e.g. `-s` for the folders of a run's seeds.
    """
    names = list(known)
    longer = [other for other in names if other.startswith(tuple(name + ending for ending in endings))]
    near = [name] if name in names else longer or [nearest(name, names, cutoff=0.75)]
    return [other for other in near if other]
