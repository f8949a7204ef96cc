"""Completions for the shell, in bash and the others."""

import io
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import redirect_stdout
from itertools import chain
from pathlib import Path

import typer

from regx.text import one_line

__all__ = [
    "complete",
    "join_words",
    "leave_no_space",
    "offer_claims",
    "offer_claims_and_mechanical",
    "offer_compared",
    "offer_configs",
    "offer_datasets",
    "offer_devices",
    "offer_experiments",
    "offer_run_folders",
    "offer_settings",
    "offer_yaml",
]

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
    """Join words that bash has split.

    Args:
        environ: Its COMP_WORDS and COMP_CWORD are replaced; words after the cursor are removed.

    Returns:
        The part of the word at the cursor that bash already has, up to its last split; empty if bash did not
        split it.
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
    """Make the script that Typer installs for bash add no space after `key=`."""
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


Offer = tuple[str, str]  # a word, and what it means where the shell shows that
Offers = Callable[[typer.Context, str], list[Offer]]

MOST_FILES = 2000  # that are looked at
HEAD_BYTES = 100_000  # of a YAML file, to tell of which kind it is


def _quietly(find: Callable[[typer.Context, str], Iterable[Offer]]) -> Offers:
    """Keep the offers that start with the typed text; offer nothing if something cannot be read."""

    def offers(ctx: typer.Context, incomplete: str) -> list[Offer]:
        try:
            found = dict(find(ctx, incomplete))
        except Exception:  # whatever it is, a line that is being typed is no place to tell it
            return []
        begun = {word: found[word] for word in found if word.startswith(incomplete) and word.isprintable()}
        return [(word, one_line(meaning)) for word, meaning in begun.items()]

    offers.__doc__ = find.__doc__  # and no more: Typer passes arguments by the names of `offers`
    return offers


@_quietly
def offer_claims(ctx: typer.Context, incomplete: str) -> Iterator[Offer]:
    """Offer the ids of claims, in capitals unless small letters are typed."""
    from regx.claims.registry import read_registry

    folders = [Path(folder) for folder in ctx.params.get("experiments") or ()]
    for claim in read_registry(folders or None).claims:
        yield claim.id.lower() if incomplete[:1].islower() else claim.id, claim.says


@_quietly
def offer_claims_and_mechanical(ctx: typer.Context, incomplete: str) -> Iterator[Offer]:
    """Offer what can be reproduced."""
    yield "mechanical", "The exact checks."
    yield from offer_claims(ctx, incomplete)


@_quietly
def offer_settings(_: typer.Context, incomplete: str) -> Iterator[Offer]:
    """Offer `path=` for every setting of a run, and after it the values where there are few."""
    from regx.config.schema import Setting, settings_of

    def values(setting: Setting) -> Iterator[str]:
        is_list = any(form.startswith("a list") for form in setting.forms)
        yield from (f"[{choice}]" if is_list else choice for choice in setting.choices)
        yield from ("true", "false") if "true or false" in setting.forms else ()

    path, equals, _typed = incomplete.partition("=")
    for setting in settings_of():
        if equals and setting.path == path:
            yield from ((f"{path}={value}", "") for value in values(setting))
        elif not equals and set(setting.forms) != {"a mapping"}:
            yield f"{setting.path}=", setting.description


@_quietly
def offer_configs(_: typer.Context, incomplete: str) -> Iterator[Offer]:
    """Offer configs of runs."""
    return ((word, "") for word, path in _yaml_files(incomplete) if not _is_experiment(path))


@_quietly
def offer_experiments(_: typer.Context, incomplete: str) -> Iterator[Offer]:
    """Offer experiments."""
    return ((word, "") for word, path in _yaml_files(incomplete) if _is_experiment(path))


@_quietly
def offer_yaml(_: typer.Context, incomplete: str) -> Iterator[Offer]:
    """Offer configs of runs and experiments."""
    return ((word, "") for word, _ in _yaml_files(incomplete))


@_quietly
def offer_run_folders(_: typer.Context, incomplete: str) -> Iterator[Offer]:
    """Offer folders of runs."""
    return ((word, "") for word, _ in _folders_with("run.json", incomplete))


@_quietly
def offer_compared(_: typer.Context, incomplete: str) -> Iterator[Offer]:
    """Offer sweeps, their arms as `SWEEP:ARM`, and runs that no sweep holds."""
    sweeps = dict(_folders_with("sweep.json", incomplete.partition(":")[0]))
    for word, path in sweeps.items():
        record = json.loads((path / "sweep.json").read_text(encoding="utf-8"))
        yield word, str(record["question"])
        for arm in record["arms"]:
            yield (
                f"{word}:{arm['name']}",
                ", ".join(f"{key}={arm['settings'][key]}" for key in arm["settings"]),
            )
    for word, _path in _folders_with("run.json", incomplete):
        of_sweep = next((f"{sweep}." for sweep in sweeps if word.startswith(f"{sweep}.")), "")
        if not of_sweep or incomplete.startswith(of_sweep):
            yield word, ""


@_quietly
def offer_datasets(_: typer.Context, __: str) -> Iterator[Offer]:
    """Offer the names of data sets."""
    from regx.data.sets import DATASETS

    return ((name, "") for name in DATASETS)


@_quietly
def offer_devices(_: typer.Context, __: str) -> Iterator[Offer]:
    """Offer the devices that a config can name."""
    from regx.config.schema import find_setting

    setting = find_setting("device")
    return ((choice, "") for choice in (setting.choices if setting else ()))


def _yaml_files(incomplete: str) -> Iterator[tuple[str, Path]]:
    """Find YAML files in the folder that is typed and those in it: the word to offer, and the file."""
    return _below(incomplete, ("*.yaml", "*/*.yaml", "*.yml", "*/*.yml"))


def _folders_with(name: str, incomplete: str) -> Iterator[tuple[str, Path]]:
    """Find folders that hold a file of this name, as `_yaml_files` finds files."""
    found = _below(incomplete, (f"*/{name}", f"*/*/{name}"))
    return ((word.removesuffix(f"/{name}"), path.parent) for word, path in found)


def _below(incomplete: str, patterns: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    head = re.sub(r"[^/]*$", "", incomplete)  # the folder as it is typed: `../` and `~/` stay what they are
    folder = Path(head).expanduser()
    files = sorted(
        path
        for path, _ in zip(chain.from_iterable(map(folder.glob, patterns)), range(MOST_FILES), strict=False)
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    return ((f"{head}{path.relative_to(folder).as_posix()}", path) for path in files)


def _is_experiment(path: Path) -> bool:
    with path.open("rb") as file:
        return re.search(rb"^arms\s*:", file.read(HEAD_BYTES), flags=re.MULTILINE) is not None
