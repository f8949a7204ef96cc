"""The JSON schemas of the files for editors. An editor sees a file as it is written, `extends` and all."""

from collections.abc import Iterable
from typing import Any

from regx.config.run import RunConfig
from regx.config.sections.experiment import ExperimentFile
from regx.config.settings import settings_of

__all__ = ["editor_line", "experiment_schema", "run_schema"]


def editor_line(schema: str) -> str:
    """Return the comment by which editors find the schema of a YAML file; it stands in the first line.

    Args:
        schema: Path of the schema, relative to the file.
    """
    return f"# yaml-language-server: $schema={schema}\n"


def run_schema() -> dict[str, Any]:
    """Return a JSON schema (draft 2020-12) of the YAML file of a run.

    A file that extends another one may leave out whatever stands there, so it is held to the same ranges but
    not to the required keys.
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
    """Keep what a field says of itself, and let another definition say what it may hold."""
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
