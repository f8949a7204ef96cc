"""The JSON schemas for editors accept the files that there are, and find what is wrong in others.

The page about settings says the same.
"""

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ready_made import CONFIG_FILES, EXPERIMENT_FILES, ROOT

from regx.config.schema import experiment_schema, run_schema, settings_of
from regx.config.yaml_tree import plain, read_yaml
from regx.measures.registry import tuning_measures

TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
ANNOTATIONS = {"$schema", "$defs", "title", "description", "default", "discriminator", "examples"}


def mistakes(value: Any, schema: Any, root: Any, at: str = "") -> Iterator[str]:
    """Check a value by a schema: the keywords that ours have, and a failure where there is another one."""
    if isinstance(schema, bool):
        yield from () if schema else (f"{at}: nothing is allowed here",)
        return
    for keyword, wanted in schema.items():
        if keyword not in ANNOTATIONS:
            yield from KEYWORDS[keyword](value, wanted, schema, root, at)


def of_type(value: Any, wanted: str, _schema: Any, _root: Any, at: str) -> Iterator[str]:
    is_number = wanted in ("integer", "number")
    if not isinstance(value, TYPES[wanted]) or (is_number and isinstance(value, bool)):
        yield f"{at}: is no {wanted}: {value!r}"


def reference(value: Any, wanted: str, _schema: Any, root: Any, at: str) -> Iterator[str]:
    yield from mistakes(value, root["$defs"][wanted.removeprefix("#/$defs/")], root, at)


def properties(value: Any, wanted: Any, _schema: Any, root: Any, at: str) -> Iterator[str]:
    for key in value.keys() & wanted.keys() if isinstance(value, dict) else ():
        yield from mistakes(value[key], wanted[key], root, f"{at}.{key}")


def others(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    for key in value.keys() - schema.get("properties", {}).keys() if isinstance(value, dict) else ():
        yield from mistakes(value[key], wanted, root, f"{at}.{key}")


def names(value: Any, wanted: Any, _schema: Any, root: Any, at: str) -> Iterator[str]:
    for key in value if isinstance(value, dict) else ():
        yield from mistakes(key, wanted, root, f"{at}.{key}")


def items(value: Any, wanted: Any, _schema: Any, root: Any, at: str) -> Iterator[str]:
    for number, item in enumerate(value if isinstance(value, list) else ()):
        yield from mistakes(item, wanted, root, f"{at}[{number}]")


def branches(value: Any, wanted: Any, _schema: Any, root: Any, at: str) -> Iterator[str]:
    tried = [list(mistakes(value, branch, root, at)) for branch in wanted]
    if all(tried):
        yield from min(tried, key=len)


def condition(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    branch = "else" if list(mistakes(value, wanted, root, at)) else "then"
    yield from mistakes(value, schema[branch], root, at)


def bound(holds: Any, kind: Any) -> Any:
    def check(value: Any, wanted: Any, _schema: Any, _root: Any, at: str) -> Iterator[str]:
        if isinstance(value, kind) and not holds(value, wanted):
            yield f"{at}: {value!r} against {wanted!r}"

    return check


KEYWORDS: dict[str, Any] = {
    "type": of_type,
    "$ref": reference,
    "properties": properties,
    "additionalProperties": others,
    "propertyNames": names,
    "items": items,
    "anyOf": branches,
    "oneOf": branches,
    "if": condition,
    "then": lambda *_: (),
    "else": lambda *_: (),
    "required": bound(lambda value, wanted: value.keys() >= set(wanted), dict),
    "enum": bound(lambda value, wanted: value in wanted, object),
    "const": bound(lambda value, wanted: value == wanted, object),
    "pattern": bound(lambda value, wanted: re.search(wanted, value), str),
    "minimum": bound(lambda value, wanted: value >= wanted, (int, float)),
    "maximum": bound(lambda value, wanted: value <= wanted, (int, float)),
    "exclusiveMinimum": bound(lambda value, wanted: value > wanted, (int, float)),
    "exclusiveMaximum": bound(lambda value, wanted: value < wanted, (int, float)),
    "minItems": bound(lambda value, wanted: len(value) >= wanted, list),
    "maxItems": bound(lambda value, wanted: len(value) <= wanted, list),
    "uniqueItems": bound(lambda value, _: len(set(map(repr, value))) == len(value), list),
    "minLength": bound(lambda value, wanted: len(value) >= wanted, str),
    "maxLength": bound(lambda value, wanted: len(value) <= wanted, str),
    "minProperties": bound(lambda value, wanted: len(value) >= wanted, dict),
}


def experiment(content: dict[str, Any]) -> list[str]:
    schema = experiment_schema(tuning_measures())
    return list(mistakes(content, schema, schema))


@pytest.mark.parametrize("path", EXPERIMENT_FILES, ids=lambda path: path.stem)
def test_it_accepts_the_experiments(path: Path) -> None:
    content = plain(read_yaml(path, []))
    assert isinstance(content, dict)
    assert experiment(content) == []


@pytest.mark.parametrize("path", CONFIG_FILES, ids=lambda path: path.stem)
def test_it_accepts_the_configs_of_runs(path: Path) -> None:
    schema = run_schema()
    assert list(mistakes(plain(read_yaml(path, [])), schema, schema)) == []


def test_some_experiments_have_grids_of_single_arms() -> None:
    assert [path.stem for path in EXPERIMENT_FILES if "\n  arms:" in path.read_text().partition("\ngrid:")[2]]


GOOD: dict[str, Any] = {
    "name": "mine",
    "question": "Does it?",
    "base": "base.yaml",
    "arms": {"none": {}, "ladder": {}},
    "grid": {"train.batch_size": [50, 100], "arms": {"ladder": {"optim.lr": [0.1, 1.0]}, "none": {}}},
    "tune": {
        "over": {"optim.lr": [0.1]},
        "arms": {"ladder": {}},
        "follow": {"none": "ladder"},
        "per": "cell",
    },
    "seeds": 5,
}


def test_grids_of_single_arms_are_known() -> None:
    assert experiment(GOOD) == []


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("seeds", 0, ".seeds: 0 against 1"),
        (
            "grid",
            {"arms": {"ladder": {"optim.lrr": [1.0]}}},
            ".grid.arms.ladder.optim.lrr: nothing is allowed",
        ),
        ("grid", {"arms": {"ladder": {"optim.lr": 1.0}}}, ".grid.arms.ladder.optim.lr: is no array"),
        ("grid", {"optim.lr": []}, ".grid.optim.lr: [] against 1"),
        ("tune", {"arms": {"ladder": {"optim.lrr": [1.0]}}}, ".tune"),
        ("arms", {"none": {"optim.lrr": 1.0}}, ".arms.none.optim.lrr: nothing is allowed"),
        ("tiers", {"huge": {}}, ".tiers.huge: nothing is allowed"),
        ("claims", [{"id": "w01"}], ".claims[0]"),
    ],
)
def test_mistakes_are_found(key: str, value: Any, found: str) -> None:
    assert any(mistake.startswith(found) for mistake in experiment({**GOOD, key: value}))


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
