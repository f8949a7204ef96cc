"""Completion in bash, which takes `key=value` and `sweep:arm` apart before it asks.

Typer hears of the words `train.precision`, `=` and `bf` where one is meant. Here they are put together again,
and of what is offered the part goes back that bash wants: what follows the last `=` or `:`.
"""

import io
import os
import shlex
import sys
from collections.abc import Callable, MutableMapping
from contextlib import redirect_stdout

__all__ = ["complete", "join_words", "leave_no_space"]

_BREAKS = "=:"  # of bash's COMP_WORDBREAKS, those that stand inside our words
_NO_SPACE = "    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:] ]] && compopt -o nospace\n"
_END = "    return 0\n"


def complete(ask: Callable[[], object]) -> None:
    """Answer bash.

    Args:
        ask: Runs the command line, which finds the words in the environment, prints offers and exits.
    """
    before = join_words(os.environ)
    offers = io.StringIO()
    try:
        with redirect_stdout(offers):
            ask()
    finally:
        inside = before.partition("=")[2] if before.startswith("-") else before  # --set=key=value
        lines = [line.removeprefix(before).removeprefix(inside) for line in offers.getvalue().splitlines()]
        sys.stdout.write("".join(f"{line}\n" for line in lines if line))


def join_words(environ: MutableMapping[str, str]) -> str:
    """Put words together that bash took apart.

    Args:
        environ: Its COMP_WORDS and COMP_CWORD are written anew; words behind the cursor go.

    Returns:
        What of the word at the cursor bash has already, up to its last break; empty for a word that it
        left whole.
    """
    words = _split(environ.get("COMP_WORDS", ""))
    cursor = int(environ.get("COMP_CWORD") or 0)
    joined: list[list[str]] = []
    for word in words[: cursor + 1]:
        is_break = not set(word) - set(_BREAKS)
        follows_break = bool(joined) and not set(joined[-1][-1]) - set(_BREAKS) and not word.startswith("--")
        if joined and (is_break or follows_break):
            joined[-1].append(word)
        else:
            joined.append([word])
    at_cursor = joined[-1] if cursor < len(words) else [""]
    if cursor >= len(words):  # the cursor stands behind a space
        joined.append(at_cursor)
    environ["COMP_WORDS"] = "\n".join(shlex.quote("".join(parts)) for parts in joined if parts != [""])
    environ["COMP_CWORD"] = str(len(joined) - 1)
    end = len(at_cursor) if not set(at_cursor[-1]) - set(_BREAKS) else len(at_cursor) - 1
    return "".join(at_cursor[:end]) if len(at_cursor) > 1 else ""


def leave_no_space() -> None:
    """Have the script that Typer installs for bash set no space behind `key=`."""
    from typer import _completion_shared

    scripts = getattr(_completion_shared, "_completion_scripts", {})  # Typer's own; without it a space is set
    scripts["bash"] = scripts.get("bash", "").replace(_END, _NO_SPACE + _END)


def _split(line: str) -> list[str]:
    """Split as a shell does; a quote may be open yet."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:
        words.append(lexer.token)
    return words
