"""The pages say what is there: links resolve, commands and options exist, every command is documented."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main
import yaml
from ready_made import CONFIG_FILES, CONFIGS, EXPERIMENTS

import regx
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


def test_headings_that_are_linked_exist() -> None:
    links = [
        (page, link, heading)
        for page in PAGES
        for link, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    ]
    assert len(links) > 20
    missing = [
        f"{page.name}: {link}#{heading}"
        for page, link, heading in links
        if heading not in headings(page.parent / link if link else page)
    ]
    assert missing == []


def headings(page: Path) -> set[str]:
    """Find what headings are linked by: their words in small letters, joined by `-`; and anchors of HTML."""
    text = page.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    words = [re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", title).lower()) for title in titles]
    return {name.replace(" ", "-") for name in words} | set(re.findall(r'<a id="([^"]+)"', text))


def test_the_rows_of_a_table_have_as_many_cells_as_its_head() -> None:
    """A bar inside a cell must be written as \\|, or it begins another one."""
    wrong = []
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
            head, *rows = [len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()]
            wrong += [f"{page.name}: {table[:60]}"] * any(row != head for row in rows)
    assert wrong == []


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


# What a reader of a page writes, or has made by a command of the page.
OF_THE_READER = re.compile(r"/(mine|NAME|rates|weight_decay_replaces_dropout)\b")


def test_files_that_are_named_exist() -> None:
    """Every path below a folder of the project that stands on a page."""
    path = re.compile(
        r"(?<![\w/.-])(?:configs|experiments|docs|benchmarks|tests|results|regx)/[\w/.-]*\w\.[a-z]+\b"
    )
    named = {(page.name, found) for page in PAGES for found in path.findall(page.read_text(encoding="utf-8"))}
    assert len(named) > 40
    missing = [item for item in sorted(named) if not (ROOT / item[1]).exists()]
    assert [item for item in missing if not OF_THE_READER.search(item[1])] == []


def test_configs_and_experiments_in_tables_exist() -> None:
    """What stands under the head `config` or `experiment` of a table, as a name or a link."""
    known = {"config": CONFIGS, "experiment": EXPERIMENTS}
    found = {
        (head, name)
        for page in PAGES
        for head, rows in re.findall(
            r"^\| (config|experiment) \|.*\n\|[-|: ]+\|\n((?:\|.*\n)+)", page.read_text("utf-8"), re.MULTILINE
        )
        for row in rows.splitlines()
        for name in re.findall(r"\w+", re.sub(r"\(.*?\)", "", row.split("|")[1]))
    }
    assert len(found) > 20
    assert [(head, name) for head, name in found if name not in known[head]] == []


def test_a_page_lists_every_config() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert [name for name in CONFIGS if f"[{name}](../configs/{name}.yaml)" not in page] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 250


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["cff-version"], citation["version"]) == ("1.2.0", regx.__version__)
    assert {"message", "title", "authors"} <= citation.keys()


def test_words_of_the_tables_are_explained() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    for word in ("nats", "arm", "tier", "Holm", "matched gap", "d_z", "seed", "wins", "target", "interval"):
        assert f"\n| {word} |" in page, word


def test_commands_are_found_in_the_pages() -> None:
    assert sum(len(commands_in(page)) for page in PAGES) >= 10


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_row_of_a_table_has_the_cells_of_its_head(path: Path) -> None:
    """A `|` inside a cell that is not escaped makes two cells of one, and the last ones are not shown."""
    page = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for block in re.findall(r"(?:^\|.*\n)+", page, flags=re.MULTILINE):
        head, *rows = [re.sub(r"\\\|", "", line).count("|") for line in block.splitlines()]
        assert rows == [head] * len(rows), block
