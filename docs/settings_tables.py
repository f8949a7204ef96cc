"""The tables of settings in docs/configuration.md, from the schema."""

from typing import Any

from regx.config.outline import Setting, outline

__all__ = ["settings_tables"]

TABLE_HEAD = "| setting | value | default | meaning |\n|---|---|---|---|\n"


def settings_tables() -> str:
    """Return one table for each section of the config, the settings without a section first."""
    sections = [setting for setting in outline() if setting.keys and "." not in setting.path]
    names = {section.name for section in sections}
    loose = [setting for setting in outline() if "." not in setting.path and setting.name not in names]
    text = f"\n### Top level\n\n{TABLE_HEAD}{''.join(map(row, loose))}"
    for section in sections:
        inside = [setting for setting in outline() if setting.path.startswith(f"{section.path}.")]
        text += f"\n### `{section.path}`\n\n{section.description}\n\n{TABLE_HEAD}{''.join(map(row, inside))}"
    return f"{text}\n"


def row(setting: Setting) -> str:
    """Return the row of one setting."""
    kind = f" (kind: {setting.kind})" if setting.kind else ""
    name = f"`{setting.path}`{kind}"
    value = " or ".join(form.replace(" | ", ", ") for form in setting.forms)
    return f"| {name} | {value} | {default(setting)} | {setting.description.replace('|', ', ')} |\n"


def default(setting: Setting) -> str:
    """Say what holds where the setting is not written."""
    if setting.required:
        return "required"
    return f"`{flow(setting.default)}`" if setting.default is not None else "omitted"


def flow(value: Any) -> str:
    """Write a default as it would stand in the YAML file."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
