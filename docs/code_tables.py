"""The tables that the code itself fills: settings from the schemas, measures, probes, exit codes."""

import re
import signal
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from benchmarks.tables import table
from regx.cli.output import ENDINGS, SIGNALLED
from regx.config.schema import Setting, settings_of
from regx.config.sections.experiment import ExperimentFile
from regx.measures.registry import list_measures, shown_measures, tuning_measures
from regx.probes import find, known

__all__ = [
    "claim_tables",
    "compared_table",
    "exit_code_table",
    "experiment_tables",
    "measure_table",
    "probe_tables",
    "settings_tables",
]


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
    return settings_table(
        replace(setting, path=setting.path.removeprefix("claims."))
        for setting in settings
        if setting.path in own or f"claims.{setting.name}" not in own
    )


def measure_table() -> str:
    """Return what a claim may measure; the many thinned networks of one kind stand in one row."""
    rows = []
    for name, unit, meaning in list_measures():
        number = re.search(r"_k(\d+)$", name)
        if number is None or number[1] == "1":
            shown = re.sub(r"_k1$", "_kN", name)
            rows.append([f"`{shown}`", unit, meaning.replace("of 1 thinned", "of N thinned")])
    return table(["measure", "unit", "meaning"], rows)


def compared_table() -> str:
    """Return what `regx compare` shows of runs."""
    rows = [
        [f"`{measure.name}`", measure.formula or measure.meaning, measure.unit, measure.better or "–"]
        for measure in shown_measures()
    ]
    return table(["measure", "formula", "unit", "better"], rows)


def probe_tables() -> str:
    """Return one section for each probe, with a table of its quantities."""
    text = ""
    for name in known():
        probe = find(name)
        rows = [[f"`{quantity}`", meaning] for quantity, meaning in probe.quantities.items()]
        text += f"\n### {name}\n\n{probe.description}\n\n{table(['quantity', 'meaning'], rows)}"
    return text


def exit_code_table() -> str:
    """Return a row for each exit code of the commands; after a signal the shell is told which."""
    rows = [[str(int(code)), meaning] for code, meaning in ENDINGS.items()]
    terminated = SIGNALLED + signal.SIGTERM
    stopped = f"stopped by the signal N, as by Ctrl-C; {terminated} for SIGTERM"
    return table(["code", "means"], [*rows, [f"{SIGNALLED} + N", stopped]])


def tables(settings: tuple[Setting, ...]) -> str:
    """Return one table for each section, the settings without a section first."""
    sections = [setting for setting in settings if setting.keys and "." not in setting.path]
    names = {section.name for section in sections}
    loose = [setting for setting in settings if "." not in setting.path and setting.name not in names]
    text = f"\n### Top level\n\n{settings_table(loose)}"
    for section in sections:
        inside = [setting for setting in settings if setting.path.startswith(f"{section.path}.")]
        text += f"\n### `{section.path}`\n\n{section.description}\n\n{settings_table(inside)}"
    return f"{text}\n"


def settings_table(settings: Iterable[Setting]) -> str:
    """Return the table of some settings."""
    rows = []
    for setting in settings:
        kind = f" (kind: {setting.kind})" if setting.kind else ""
        value = " or ".join(form.replace(" | ", ", ") for form in setting.forms)
        description = setting.description.replace("|", ", ")
        rows.append([f"`{setting.path}`{kind}", value, default(setting), description])
    return table(["setting", "value", "default", "meaning"], rows)


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
