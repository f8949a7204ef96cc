"""The whole example on docs/experiments.md is an experiment, and asks for what the page says."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

PAGE = (Path(__file__).parents[2] / "docs" / "experiments.md").read_text(encoding="utf-8")


def test_the_example_asks_for_what_the_page_says(cli: Callable[..., Any]) -> None:
    content = re.findall(r"^```yaml\n(# experiments/rates.yaml\n.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    shown = re.findall(r"^\$ regx validate experiments/rates.yaml\n(.*\n)```", PAGE, re.MULTILINE)
    assert (len(content), len(shown)) == (1, 1)
    cli("init")
    Path("experiments/rates.yaml").write_text(content[0])
    result = cli("validate", "experiments/rates.yaml")
    assert (result.code, result.out, result.err) == (0, shown[0], "")
