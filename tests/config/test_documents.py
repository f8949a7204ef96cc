"""The page, the JSON schema and the schema itself say the same."""

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

from regx.config.schema import run_schema, settings_of

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")
    monkeypatch.setattr(sys, "argv", ["docs/generate.py", "--check"])
    importlib.import_module("generate").main()


def test_the_page_names_every_setting() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    paths = {
        setting.path for setting in settings_of() if setting.name not in ("data", "model", "optim", "train")
    }
    assert len(paths) > 40
    assert paths <= set(re.findall(r"^\| `([a-z_.]+)`", page, flags=re.MULTILINE))


def test_every_setting_says_what_it_means() -> None:
    assert [setting.path for setting in settings_of() if len(setting.description) < 10] == []


def test_the_editor_schema_has_no_loose_ends() -> None:
    schema = run_schema()
    references = set(re.findall(r'"\$ref": "#/\$defs/(\w+)"', json.dumps(schema)))
    assert len(references) > 10
    assert references <= set(schema["$defs"])


def test_a_file_that_extends_another_need_not_have_the_required_keys() -> None:
    definitions = run_schema()["$defs"]
    assert definitions["RunConfig"]["required"] == ["name", "data", "model", "optim"]
    partial = [name for name in definitions if name.startswith("Partial")]
    assert len(partial) > 10
    assert not any("required" in definitions[name] for name in partial)
    assert "extends" in definitions["PartialRunConfig"]["properties"]
