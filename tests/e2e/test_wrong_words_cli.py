"""Words that no command knows: each is answered in one line that says what to write."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

import regx.cli

COMMANDS = {
    "trian": "no such command: trian; did you mean train?",
    "version": "no such command: version; `regx --version`",
    "list": "no such command: list; `regx runs` lists the runs, `regx claims` the claims",
    "delete runs": "no such command: delete; `regx runs --delete` removes runs, after asking",
    "data lst": "no such command: lst; did you mean list?",
    "bogus": "no such command: bogus; see regx --help",
}
OPTIONS = {
    "--list": "no such option: --list; `regx runs` lists the runs, `regx claims` the claims",
    "train a.yaml --seeds 0-4": "no such option: --seeds; did you mean --seed?",
    "train a.yaml --lr 0.1": "no such option: --lr; write `--set optim.lr=VALUE`",
    "train a.yaml --epochs 3": "no such option: --epochs; write `--set train.epochs=VALUE`",
    "train a.yaml --optim.lr 3": "no such option: --optim.lr; write `--set optim.lr=VALUE`",
    "train a.yaml --gpu": "no such option: --gpu; write `--device`",
    "train a.yaml --resume": "no such option: --resume; it continues by itself where it was stopped",
    "train a.yaml optim.lr=0.1": "write --set optim.lr=0.1",
    "train a.yaml --set": "Option '--set' requires an argument; see regx train --help",
    "sweep a.yaml --seeds 0-4": "no such option: --seeds; it stands in the experiment's file",
    "sweep a.yaml --workers 2": "no such option: --workers; write `--jobs`",
    "runs --filter status=failed": "no such option: --filter; write `--where KEY=VALUE`",
    "runs --status failed": "no such option: --status; write `--where KEY=VALUE`",
    "runs --bogus": "no such option: --bogus; see regx runs --help",
}
VALUES = {
    "sweep a.yaml --tier huge": "'huge' is not one of 'smoke', 'cpu', 'gpu'; see regx sweep --help",
    "sweep a.yaml --jobs 0": "see regx sweep --help",
}


@pytest.mark.parametrize(("words", "message"), [*COMMANDS.items(), *OPTIONS.items(), *VALUES.items()])
def test_the_answer_leads_on(cli: Callable, words: str, message: str) -> None:
    result = cli(*words.split())
    assert result.code == 2
    assert result.err.rstrip().endswith(message)
    assert len(result.err.splitlines()) == 1
    assert "Value error" not in result.err


def test_no_word_of_the_list_is_known_or_stands_there_twice() -> None:
    root: Any = typer.main.get_command(regx.cli.app)
    content = yaml.safe_load(Path(regx.cli.__file__).with_name("words.yaml").read_text(encoding="utf-8"))
    for name, answers in content.items():
        command = root if name == "regx" else root.commands[name]
        known = root.commands if command is root else {option for it in command.params for option in it.opts}
        words = " ".join(answers.values()).split()
        assert len(words) == len(set(words))
        assert not {word if command is root else f"--{word}" for word in words} & set(known)


def test_the_help_ends_its_sentences(cli: Callable) -> None:
    for words in (["--help"], ["data", "--help"], ["schema", "--help"]):
        assert "..." not in cli(*words).out.partition("Commands:")[2]
