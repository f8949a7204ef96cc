"""A comparison for people: the lines of its tables, and the whole of it as Markdown."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import yaml

from regx.analysis.compare import Comparison, Row
from regx.analysis.groups import Group
from regx.analysis.sentences import conclude, notes
from regx.config.schema import BatchNormConfig
from regx.report.numbers import show_cell, show_difference, show_label, show_percent

__all__ = ["BETTER", "as_markdown", "reference_lines", "run_lines", "setting_lines", "table_lines"]

BETTER = "*"  # marks the better mean: a sign, so that no colour is needed


def run_lines(groups: Sequence[Group]) -> list[list[str]]:
    """Give the head of the table: label and one text per group."""
    return [
        ["seeds", *(_ranges(group.seeds) for group in groups)],
        ["epochs", *(_epochs(group) for group in groups)],
        ["training images", *(f"{group.runs[0].record.num_train:,}" for group in groups)],
        ["parameters", *(f"{group.runs[0].record.num_parameters:,}" for group in groups)],
    ]


def setting_lines(comparison: Comparison) -> list[list[str]]:
    """Give what differs in the configs: dotted path and one text per group."""
    return [
        [entry.path, *(show_setting(entry.path, value) for value in entry.values)]
        for entry in comparison.config
    ]


def table_lines(comparison: Comparison, *, joint: str = " ") -> Iterator[tuple[str, list[list[str]]]]:
    """Yield each section with its lines: label, one text per group and, for two groups, the difference.

    With more than two, the difference to the first group stands in brackets behind each mean, after `joint`.
    """
    for section, rows in groupby(comparison.rows, key=lambda row: row.measure.section):
        yield section, [_line(row, joint) for row in rows]


def reference_lines(comparison: Comparison) -> list[str]:
    """Say what the groups are measured against, and why that."""
    reference = comparison.reference
    lines = []
    if reference.target_error is None:
        lines.append(f"No target error: {comparison.target_rule}.")
    else:
        target = show_percent(reference.target_error)
        lines.append(f"Target: validation error {target}, {comparison.target_rule}.")
    if reference.train_loss is not None:
        rule = comparison.train_loss_rule
        lines.append(f"Matched gap: valid − train, at train loss {reference.train_loss:.3g} nats, {rule}.")
    return lines


def show_setting(path: str, value: Any) -> str:
    """Show a config value as the YAML that one would write."""
    if value is None:
        return "not set"
    if path == "model.batch_norm" and value == BatchNormConfig().model_dump(mode="json"):
        return "true"
    text = yaml.safe_dump(value, default_flow_style=True, width=1000, sort_keys=False)
    return text.removesuffix("...\n").strip()


def as_markdown(comparison: Comparison) -> str:
    """Write the comparison as a Markdown page: sentences, what differs, the table, what it rests on."""
    labels = [group.label for group in comparison.groups]
    heads = [*labels, "difference"] if len(labels) == 2 else labels
    parts = [f"# {' vs '.join(labels)}", *conclude(comparison), *notes(comparison)]
    if comparison.config:
        parts.append(_markdown_table(["setting", *labels], setting_lines(comparison)))
    parts.append(_markdown_table(["runs", *labels], run_lines(comparison.groups)))
    for section, lines in table_lines(comparison):
        parts.append(_markdown_table([section, *heads], lines))
    parts.append(f"`{BETTER}` marks the better mean; ± is the standard deviation over seeds.")
    parts += reference_lines(comparison)
    return "\n\n".join(parts) + "\n"


def _line(row: Row, joint: str) -> list[str]:
    texts = [show_cell(cell, row.measure) for cell in row.cells]
    if row.best is not None:
        texts[row.best] = f"{BETTER} {texts[row.best]}"
    first = abs(row.cells[0].mean or 0.0)
    shown = [
        show_difference(difference, row.measure, like=max(first, abs(cell.mean or 0.0)))
        for cell, difference in zip(row.cells, row.differences, strict=True)
    ]
    if len(texts) == 2:
        return [show_label(row.measure), *texts, shown[1]]
    joined = [
        f"{text}{joint}({change})" if change else text for text, change in zip(texts, shown, strict=True)
    ]
    return [show_label(row.measure), *joined]


def _markdown_table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---", *("---:" for _ in heads[1:])]
    escaped = ([text.replace("|", "\\|").replace("*", "\\*") for text in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, rule, *escaped))


def _ranges(seeds: Sequence[int]) -> str:
    """Write 0, 1, 2, 7 as `0–2, 7`."""
    parts: list[list[int]] = []
    for seed in seeds:
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ", ".join(f"{part[0]}–{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts)


def _epochs(group: Group) -> str:
    """Say how many epochs a group completed, and what else it is than done."""
    planned = group.config.train.epochs
    states = sorted({run.record.status for run in group.runs} - {"done"})
    if not states:
        return str(planned)
    return f"{min(len(run.rows) for run in group.runs)} of {planned}, {' and '.join(states)}"
