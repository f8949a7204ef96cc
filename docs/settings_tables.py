"""The tables of settings in docs/configuration.md and docs/experiments.md, from the schemas."""

import re
from dataclasses import replace
from typing import Any

from regx.config.schema import Setting, settings_of
from regx.config.sections.experiment import ExperimentFile
from regx.measures.registry import list_measures, shown_measures, tuning_measures

__all__ = ["claim_tables", "compared_table", "experiment_tables", "measure_table", "settings_tables"]

TABLE_HEAD = "| setting | value | default | meaning |\n|---|---|---|---|\n"


def settings_tables() -> str:
    """Return one table for each section of the config of a run, the settings without a section first."""
    return tables(settings_of())


def experiment_tables() -> str:
    """Return the same of an experiment; the tiers are alike, and their `tune` is the experiment's."""
    settings = settings_of(ExperimentFile)
    repeated = ("tiers.cpu.", "tiers.gpu.", "tiers.smoke.tune.", "tiers.smoke.grid.", "claims.")
    kept = [
        replace(setting, keys=()) if setting.path == "claims" else setting  # docs/claims_format.md has them
        for setting in settings
        if not setting.path.startswith(repeated)
    ]
    by = (", ".join(tuning_measures()),)
    return tables(
        tuple(
            replace(
                setting,
                path=setting.path.replace("tiers.smoke.", "tiers.TIER."),
                forms=by if setting.path == "tune.by" else setting.forms,
            )
            for setting in kept
        )
    )


def claim_tables() -> str:
    """Return the settings of a claim; its parts have some of the same."""
    settings = [setting for setting in settings_of(ExperimentFile) if setting.path.startswith("claims.")]
    own = {setting.path for setting in settings if setting.path.count(".") == 1}
    text = TABLE_HEAD
    for setting in settings:
        inside = setting.path.removeprefix("claims.")
        if setting.path in own or f"claims.{setting.name}" not in own:
            text += row(replace(setting, path=inside))
    return text


def measure_table() -> str:
    """Return what a claim may measure; the many thinned networks of one kind stand in one row."""
    text = "| measure | unit | meaning |\n|---|---|---|\n"
    for name, unit, meaning in list_measures():
        number = re.search(r"_k(\d+)$", name)
        if number is None or number[1] == "1":
            shown = re.sub(r"_k1$", "_kN", name)
            explained = meaning.replace("of 1 thinned", "of N thinned").replace("|", "\\|")
            text += f"| `{shown}` | {unit} | {explained} |\n"
    return text


def compared_table() -> str:
    """Return what `regx compare` shows of runs."""
    text = "| measure | formula | unit | better |\n|---|---|---|---|\n"
    for measure in shown_measures():
        formula = measure.formula or measure.meaning
        text += f"| `{measure.name}` | {formula} | {measure.unit} | {measure.better or '–'} |\n"
    return text


def tables(settings: tuple[Setting, ...]) -> str:
    """Return one table for each section, the settings without a section first."""
    sections = [setting for setting in settings if setting.keys and "." not in setting.path]
    names = {section.name for section in sections}
    loose = [setting for setting in settings if "." not in setting.path and setting.name not in names]
    text = f"\n### Top level\n\n{TABLE_HEAD}{''.join(map(row, loose))}"
    for section in sections:
        inside = [setting for setting in settings if setting.path.startswith(f"{section.path}.")]
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
    return f"`{flow(setting.default)}`" if setting.default not in (None, "") else "omitted"


def flow(value: Any) -> str:
    """Write a default as it would stand in the YAML file."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
