"""docs/adding_a_claim.md, as a reader follows it: the file is written, the commands run, the output seen."""

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "adding_a_claim.md").read_text(encoding="utf-8")
Cli = Callable[..., Any]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[list[str], str]]:
    """List every command of the page with the output that is shown below it."""
    for block in blocks("console"):
        for text in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, output = text.partition("\n")
            yield shlex.split(line), output


def write_experiment(cli: Cli) -> Path:
    """Do what stands before the first command on the file."""
    assert cli("init").code == 0
    content = blocks("yaml")[0]
    path = Path(content.splitlines()[0].removeprefix("# "))
    path.write_text(content)
    return path


def loosely(text: str) -> str:
    """Leave out what may vary: numbers, dates, the commit, and where a long line breaks."""
    text = re.sub(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{9}\b\+?", "COMMIT", text)
    text = text.replace("p < ", "p = ")
    text = re.sub(r"<?[+−-]?\b\d[\d.,-]*\b(?:e[+-]?\d+)?", "#", text)
    return " ".join(text.split())


def assert_shown(output: str, shown: str) -> None:
    """See that the words on the page come in this order; `...` stands for any lines."""
    rest = loosely(output)
    for part in re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE):
        words = loosely(part)
        assert words in rest, output
        rest = rest[rest.index(words) + len(words) :]


def test_the_page_needs_one_file_and_two_commands() -> None:
    lines = [" ".join(words) for words, _ in commands()]
    assert lines[:2] == ["regx init", "regx validate experiments/weight_decay_replaces_dropout.yaml"]
    assert lines[2:4] == ["regx reproduce W01", "regx claims W01"]


def test_the_file_asks_for_what_the_page_says(cli: Cli) -> None:
    path = write_experiment(cli)
    [shown] = [output for words, output in commands() if words[1] == "validate"]
    result = cli("validate", path)
    assert (result.code, result.out, result.err) == (0, shown, "")


def test_the_smoke_tier_tries_all_of_it(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regx.claims.gates.quick.GATES", ())  # tried below
    write_experiment(cli)
    result = cli("reproduce", "W01", "--tier", "smoke", "--jobs", 1)
    assert result.code == 0, result.err
    assert result.out.splitlines()[-1] == "1 claim: 1 smoke"


@pytest.mark.slow
def test_the_page_is_right_from_the_empty_folder_to_the_verdict(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # a claim in one line, as on the page
    for words, shown in commands():
        if words[0] != "regx":
            subprocess.run(words, check=True)
            continue
        jobs = ["--jobs", 1] if words[1] == "reproduce" else []  # the same runs, without starting workers
        result = cli(*words[1:], *jobs)
        assert result.code == (2 if "has changed since the tuning ended" in shown else 0), result.err
        assert_shown(result.err + result.out, shown)
        if words[1] == "init":
            write_experiment(cli)


def test_a_setting_is_added_where_the_page_says() -> None:
    """The files that it names are there, and hold what it says of them."""
    section = PAGE.partition("## An idea that needs code")[2]
    files = re.findall(r"`(regx/[a-z_/]+\.py)`", section)
    assert len(files) == 5
    root = Path(__file__).parents[2]
    assert [name for name in files if not (root / name).is_file()] == []
    loop = (root / "regx" / "training" / "loop.py").read_text(encoding="utf-8")
    assert "functional.cross_entropy" in loop.partition("def _step_function(")[2]
