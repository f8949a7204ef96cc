"""What the README shows of `make demo` is what its commands print, numbers aside: these are the machine's."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
NAMES = ("digits_plain", "digits_cnn")


def words(text: str) -> str:
    """Leave out how much of anything there was, and which was better by the clock."""
    return " ".join(re.sub(r"[-−+]?\d[\d.,]*|\*", "", text).split())


def test_the_readme_shows_what_the_demo_prints(cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for name in NAMES:
        assert cli("train", ROOT / "configs" / f"{name}.yaml").code == 0
    folders = [next(Path("runs").glob(f"{name}-s0-*")) for name in NAMES]
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    [block] = re.findall(r"<!-- demo: begin -->\n```\n(.*?)```\n<!-- demo: end -->", shown, flags=re.DOTALL)
    assert words(cli("compare", *folders).out) == words(block)
