"""Answers to unknown words on the command line: what to write instead, or nothing."""

import re
import sys
from collections.abc import Mapping
from typing import Any

from regx.text import near_key

__all__ = ["explain_wrong_word"]

_TRAINS = "`regx train FILE` trains what a config describes"
_LISTS = "`regx runs` lists the runs, `regx claims` the claims"
_REMOVES = "`regx runs --delete` removes runs, after asking"
_GOES_ON = "the command that started a run also continues it"
_DRAWS = "`regx compare A B --out DIR` writes tables and figures"
_FETCHES = "`regx data fetch NAME` fetches a data set"
_MEASURES = "a run ends with its test error; `regx runs` shows it"
_PLANS = "`regx sweep FILE` trains all runs of an experiment"
_COMMANDS = {
    word: answer
    for words, answer in (
        ("run fit start launch exec", _TRAINS),
        ("list ls show status info", _LISTS),
        ("rm delete remove clean", _REMOVES),
        ("resume continue restart", _GOES_ON),
        ("plot report figure figures draw", _DRAWS),
        ("download fetch", _FETCHES),
        ("eval evaluate test predict", _MEASURES),
        ("tune search grid experiment experiments", _PLANS),
        ("check lint config configs", "`regx validate FILE` checks configs and experiments"),
        ("new create setup", "`regx init` copies ready-made configs and experiments"),
        ("version", "`regx --version`"),
        ("help", "`regx --help`, and `regx COMMAND --help`"),
    )
    for word in words.split()
}
_JOBS = "write `--jobs`"
_FILE = "the file stands alone: `regx {} FILE`"
_WHERE = "write `--where KEY=VALUE`"
_IN_THE_FILE = "it stands in the experiment's file"
_OPTIONS: Mapping[str, Mapping[str, str]] = {
    command: {word: answer for words, answer in rows for word in words.split()}
    for command, rows in {
        "train": (
            ("resume continue", "it continues by itself where it was stopped"),
            ("force overwrite restart", "`--fresh` begins again, whatever the folder holds"),
            ("config c f file", _FILE.format("train")),
            ("dry_run check", "`regx validate FILE` checks it and trains nothing"),
            ("dropout", "write `--set model.drop_prob.hidden=VALUE`"),
            ("jobs j workers parallel", "`regx sweep` trains several runs at the same time"),
        ),
        "sweep": (
            ("resume continue", "it continues by itself where it was stopped"),
            ("config c f file experiment", _FILE.format("sweep")),
            ("workers j n num_workers n_jobs parallel processes", _JOBS),
            ("seed seeds arm arms set", _IN_THE_FILE),
            ("gpus", "write `--per-gpu`, or `--jobs`"),
        ),
        "reproduce": (("workers j n num_workers n_jobs parallel processes", _JOBS),),
        "runs": (
            ("filter status name seed failed select query grep", _WHERE),
            ("order order_by by sort_by", "write `--sort KEY`"),
            ("remove rm", "write `--delete`"),
        ),
    }.items()
}  # fmt: skip


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
        answer = find(unknown[2], context.command, is_root=context.parent is None)
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


def _of_command(word: str, group: Any, *, is_root: bool) -> str:
    return (_COMMANDS.get(word.lower(), "") if is_root else "") or _near(word, list(group.commands))


def _of_option(option: str, command: Any, *, is_root: bool) -> str:
    word = option.lstrip("-").lower().replace("-", "_")
    known = [name for parameter in command.params for name in parameter.opts if name.startswith("--")]
    answer = _OPTIONS.get(command.name, {}).get(word, "") or _near(option, known)
    return answer or (_of_setting(word, known) if command.name == "train" and not is_root else "")


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
