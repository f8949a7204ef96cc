"""The JSON schema of a run for editors, which see a file as it is written, `extends` and all."""

from typing import Any

from regx.config.schema import RunConfig

__all__ = ["editor_schema"]


def editor_schema() -> dict[str, Any]:
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
