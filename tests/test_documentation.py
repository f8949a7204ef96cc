"""The pages say what is there: links resolve, commands and options exist, every command is documented."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main
from ready_made import CONFIG_FILES

from regx.cli import app

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
COMMANDS = typer.main.get_command(app)


def commands_in(path: Path) -> list[list[str]]:
    """Find the lines of code blocks, or of comments in YAML, that call regx."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        text = "".join(re.findall(r"^```[a-z]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL))
    lines = re.findall(r"^(?:\$ |# (?:Without: +)?)?regx (.+)$", text, flags=re.MULTILINE)
    return [shlex.split(line.split("  ")[0]) for line in lines]


def test_links_resolve() -> None:
    links = [
        (page, link)
        for page in PAGES
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not link.startswith("http")
    ]
    assert len(links) > 25
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_every_command_is_documented() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    names = sorted(COMMANDS.commands)
    assert len(names) >= 8
    assert [name for name in names if f"regx {name}" not in text] == []


@pytest.mark.parametrize("path", [*PAGES, *CONFIG_FILES], ids=lambda p: p.name)
def test_commands_that_are_written_exist(path: Path) -> None:
    for words in commands_in(path):
        command = COMMANDS.commands[words[0]]
        options = {option for parameter in command.params for option in parameter.opts}
        options |= {
            o for sub in getattr(command, "commands", {}).values() for p in sub.params for o in p.opts
        }
        used = {option for word in words for option in re.findall(r"--[a-z][a-z-]+", word) if "." not in word}
        assert used <= options | {"--help", "--debug"}, words
        for word in words:
            if word.startswith("configs/") and word.endswith(".yaml") and "mine" not in word:
                assert (ROOT / word).exists(), words


def test_commands_are_found_in_the_pages() -> None:
    assert sum(len(commands_in(page)) for page in PAGES) >= 10
