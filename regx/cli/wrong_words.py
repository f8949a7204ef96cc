"""Answers to unknown words on the command line: what to write instead, or nothing."""

import re
import sys
from typing import Any

from regx.text import near_key

__all__ = ["explain_wrong_word"]


def explain_wrong_word(error: Any) -> str:
    """Explain an error of Typer in one line.

    Typer guesses by letters alone: for `--filter` it offers `--delete`, for `version` it offers `verify`.
    """
    context = getattr(error, "ctx", None)
    first = [word for word in sys.argv[1:2] if not word.startswith("-")]
    program = context.command_path if context else " ".join(["regx", *first])
    message, answer = _plain(str(error.format_message())), ""
    if "\n" in message:  # the help, where nothing was asked for
        return message
    if context and (unknown := re.match(r"No such (command|option):? '?([^ ']*)", message)):
        message = f"no such {unknown[1]}: {unknown[2]}"
        find = _of_command if unknown[1] == "command" else _of_option
        answer = find(unknown[2], context.command)
    elif extra := re.match(r"Got unexpected extra argument\S* \(([a-z_.]+=\S*)\)", message):
        answer = f"write --set {extra[1]}" if program.endswith(" train") else ""
    return f"{message}; {answer or f'see {program} --help'}"


def _plain(message: str) -> str:
    """Translate pydantic's messages, which Typer uses for values, into ours."""
    for theirs, ours in (
        (r"\.$", ""),
        (r"Value error, ", ""),
        (r": Input should be ", ": must be "),
        (r", unable to parse .*", ""),
        ("greater than or equal to", ">="),
        ("less than or equal to", "<="),
        ("a valid integer", "a whole number"),
        ("a valid number", "a number"),
    ):
        message = re.sub(theirs, ours, message)
    return message


def _of_command(word: str, group: Any) -> str:
    return _foreign(word, group) or _near(word, list(group.commands))


def _of_option(option: str, command: Any) -> str:
    known = [name for parameter in command.params for name in parameter.opts if name.startswith("--")]
    word = option.lstrip("-").replace("-", "_")
    answer = _foreign(word, command) or _near(option, known)
    return answer or (_of_setting(word.lower(), known) if command.name == "train" else "")


def _foreign(word: str, command: Any) -> str:
    """Look a word up in words.yaml, under the command that does not know it."""
    from regx.reading import read_beside

    content = read_beside(__file__, "words.yaml")
    answers: dict[str, str] = content.get(command.name, {})
    return next((answer for answer, words in answers.items() if word.lower() in words.split()), "")


def _of_setting(word: str, known: list[str]) -> str:
    """Say how to change a setting on the command line, also if the word is that of another tool."""
    from regx.config.hints import foreign_answer
    from regx.config.schema import settings_of

    paths = [
        setting.path for setting in settings_of() if word in (setting.name, setting.path) and not setting.kind
    ]
    answer = min(paths, key=lambda path: path.count("."), default="") or foreign_answer("", word, None)
    if " " in answer or not answer:
        return answer
    return f"write `--{answer}`" if f"--{answer}" in known else f"write `--set {answer}=VALUE`"


def _near(word: str, known: list[str]) -> str:
    letters = {name.lstrip("-"): name for name in known}
    near = near_key(word.lstrip("-"), letters)
    return f"did you mean {letters[near]}?" if near else ""
