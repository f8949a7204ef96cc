"""What the schema says: every setting as a flat list, for docs, hints and messages; and JSON for editors."""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from regx.config.run import RunConfig
from regx.config.sections.experiment import ExperimentFile

__all__ = [
    "Setting",
    "editor_line",
    "experiment_schema",
    "find_setting",
    "keys_of",
    "run_schema",
    "settings_of",
]

_TYPES = {
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}


@dataclass(frozen=True)
class Setting:
    """One key that a config may have.

    Attributes:
        path: Dotted path, e.g. `optim.lr_decay.factor`.
        kind: The `kind` that the enclosing mapping must have for this key to exist; empty for most.
        forms: What the value may be, each in words: `a number in [0, 1)`, `true or false`.
        choices: The words to choose from, for the value or for the items of a list, where there are such.
        keys: Keys of the mapping that the value may be; empty for a leaf.
        required: Whether it has no default.
        default: The default; None also where there is none.
        description: What it means.
    """

    path: str
    kind: str
    forms: tuple[str, ...]
    choices: tuple[str, ...]
    keys: tuple[str, ...]
    required: bool
    default: Any
    description: str

    @property
    def name(self) -> str:
        """The key itself."""
        return self.path.rpartition(".")[2]

    @property
    def must_be(self) -> str:
        """Say what a value must be."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.keys and not any(form.startswith("a list") for form in self.forms):
            return f"a mapping with {', '.join(self.keys)}"
        return " or ".join(form for form in self.forms if form != "null")


@functools.cache
def settings_of(root: type[BaseModel] = RunConfig) -> tuple[Setting, ...]:
    """List every setting of a file, in the order of the schema, a mapping before its keys."""
    schema = root.model_json_schema()
    return tuple(_settings(schema, schema["$defs"], prefix=""))


def find_setting(path: str, kind: str = "", root: type[BaseModel] = RunConfig) -> Setting | None:
    """Find a setting by its path; where several kinds have it, that of `kind`."""
    found = [setting for setting in settings_of(root) if setting.path == path]
    exact = [setting for setting in found if setting.kind == kind]
    return next(iter(exact or found), None)


def keys_of(path: str, kind: str = "", root: type[BaseModel] = RunConfig) -> tuple[str, ...]:
    """List the keys of a mapping; where it has several kinds, those of `kind`."""
    inside = [setting for setting in settings_of(root) if setting.path.rpartition(".")[0] == path]
    return tuple(dict.fromkeys(setting.name for setting in inside if setting.kind in ("", kind)))


def _settings(mapping: dict[str, Any], defs: dict[str, Any], prefix: str) -> Iterator[Setting]:
    kind = mapping["properties"].get("kind", {}).get("const", "")
    for name, field in mapping["properties"].items():
        if name == "kind":
            continue
        forms = _forms(field, defs)
        mappings = [item for form in forms for item in _mappings(form, defs)]
        yield Setting(
            path=prefix + name,
            kind=kind,
            forms=tuple(dict.fromkeys(_words(form, defs) for form in forms)),
            choices=tuple(word for form in forms for word in _choices(_item(form, defs))),
            keys=tuple(dict.fromkeys(key for form in mappings for key in form["properties"])),
            required=name in mapping.get("required", ()),
            default=field.get("default"),
            description=field.get("description", ""),
        )
        yield from _kinds(mappings, path=f"{prefix}{name}.kind")
        for form in mappings:
            yield from _settings(form, defs, prefix=f"{prefix}{name}.")


def _mappings(form: dict[str, Any], defs: dict[str, Any]) -> list[dict[str, Any]]:
    """Take the mapping that a value is, or those that the items of a list are."""
    forms = _forms(form["items"], defs) if "items" in form else [form]
    return [item for item in forms if "properties" in item]


def _kinds(mappings: list[dict[str, Any]], path: str) -> Iterator[Setting]:
    """Gather the `kind` of several mappings, of which a value is one, in one setting."""
    fields = [form["properties"]["kind"] for form in mappings if "kind" in form["properties"]]
    if fields:
        kinds = tuple(field["const"] for field in fields)
        meanings = "; ".join(f"`{field['const']}`: {field['description'].rstrip('.')}" for field in fields)
        yield Setting(
            path=path,
            kind="",
            forms=(" | ".join(kinds),),
            choices=kinds,
            keys=(),
            required=True,
            default=None,
            description=f"{meanings}.",
        )


def _forms(schema: dict[str, Any], defs: dict[str, Any]) -> list[dict[str, Any]]:
    """Resolve references and flatten unions."""
    if "$ref" in schema:
        return _forms(defs[schema["$ref"].rpartition("/")[2]], defs)
    union = schema.get("anyOf") or schema.get("oneOf")
    return [form for part in union for form in _forms(part, defs)] if union else [schema]


def _item(schema: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    """Return what the items of a list may be; what is no list stands for itself."""
    return _forms(schema["items"], defs)[0] if schema.get("type") == "array" else schema


def _choices(schema: dict[str, Any]) -> list[str]:
    words = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    return [word for word in words if isinstance(word, str)]


def _words(schema: dict[str, Any], defs: dict[str, Any]) -> str:
    """Say in words what a value must be."""
    if _choices(schema):
        return " | ".join(_choices(schema))
    if schema["type"] == "array":
        [item] = _forms(schema["items"], defs)
        return f"a list{', at least one' if schema.get('minItems') else ''}, each {_words(item, defs)}"
    example = f" such as {schema['examples'][0]}" if "examples" in schema else ""
    return _TYPES[schema["type"]] + example + _range(schema)


def _range(schema: dict[str, Any]) -> str:
    """Write the bounds: ` in [0, 1)`, ` > 0`, or nothing."""
    low, high = schema.get("minimum"), schema.get("maximum")
    low_open, high_open = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is None and low_open is None:
        return ""
    start = f"({low_open:g}" if low is None else f"[{low:g}"
    if high is None and high_open is None:
        return f" > {low_open:g}" if low is None else f" >= {low:g}"
    end = f"{high_open:g})" if high is None else f"{high:.16g}]"
    return f" in {start}, {end}"


def editor_line(schema: str) -> str:
    """Return the comment that tells editors the schema of a YAML file; it is the first line.

    Args:
        schema: Path of the schema, relative to the file.
    """
    return f"# yaml-language-server: $schema={schema}\n"


def run_schema() -> dict[str, Any]:
    """Return a JSON schema (draft 2020-12) of the YAML file of a run.

    A file that extends another one may leave out keys of that one. So its values are checked, but no key is
    required.
    """
    whole = RunConfig.model_json_schema()
    whole["properties"]["extends"] = {
        "type": "string",
        "description": "Another YAML file, relative to this one; what is written here goes over it.",
    }
    definitions = {**whole.pop("$defs"), "RunConfig": whole}
    partial = {f"Partial{name}": _partial(definition) for name, definition in definitions.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of a regx run",
        "description": RunConfig.__doc__,
        "if": {"type": "object", "required": ["extends"]},
        "then": {"$ref": "#/$defs/PartialRunConfig"},
        "else": {"$ref": "#/$defs/RunConfig"},
        "$defs": {**definitions, **partial},
    }


def experiment_schema(tuning_measures: Iterable[str]) -> dict[str, Any]:
    """Return a JSON schema (draft 2020-12) of the YAML file of an experiment.

    Dotted paths are offered wherever settings of the run stand; their values are checked by `regx validate`.

    Args:
        tuning_measures: What `tune.by` may name.
    """
    schema = ExperimentFile.model_json_schema()
    paths = {
        setting.path: {"description": setting.description}
        for setting in settings_of()
        if setting.path not in ("name", "seed")
    }
    settings = {"type": "object", "properties": paths, "additionalProperties": False}
    lists = {
        path: {**text, "type": "array", "minItems": 1, "uniqueItems": True} for path, text in paths.items()
    }
    axes = {"type": "object", "properties": lists, "additionalProperties": False}
    definitions = schema["$defs"]
    of_arms = {"type": "object", "additionalProperties": {"$ref": "#/$defs/Axes"}}
    own = {**definitions["GridConfig"]["properties"]["arms"], **of_arms}
    grid = {**axes, "properties": {**lists, "arms": own}}
    definitions |= {"Settings": settings, "Axes": axes, "GridConfig": grid}
    for properties in (schema["properties"], *(item["properties"] for item in definitions.values())):
        for key, definition in (("set", "Settings"), ("grid", "GridConfig"), ("over", "Axes")):
            if key in properties:
                properties[key] = _described(properties[key], {"$ref": f"#/$defs/{definition}"})
    arms = schema["properties"]["arms"]
    schema["properties"]["arms"] = {**arms, "additionalProperties": {"$ref": "#/$defs/Settings"}}
    tuned = definitions["TuneConfig"]["properties"]
    tuned["by"] = dict(sorted({**tuned["by"], "enum": list(tuning_measures)}.items()))
    tuned["arms"] = {**tuned["arms"], "additionalProperties": {"$ref": "#/$defs/Axes"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "A regx experiment",
        "description": ExperimentFile.__doc__,
    }


def _described(field: dict[str, Any], reference: dict[str, str]) -> dict[str, Any]:
    """Keep the description of a field, and take its values from another definition."""
    return {key: field[key] for key in ("description", "default") if field.get(key) is not None} | reference


def _partial(schema: Any) -> Any:
    """Copy a schema without its required keys; several branches of a union may then fit, hence `anyOf`."""
    if isinstance(schema, list):
        return [_partial(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    copied = {}
    for key, value in schema.items():
        if key == "$ref":
            copied[key] = value.replace("#/$defs/", "#/$defs/Partial")
        elif key != "required":
            copied["anyOf" if key == "oneOf" else key] = _partial(value)
    return copied
