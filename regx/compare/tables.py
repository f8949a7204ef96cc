"""A comparison as tables for people: on the terminal, and as a Markdown page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import yaml

from regx.compare.compare import Cell, Comparison, Row
from regx.compare.groups import Group
from regx.compare.notes import notes
from regx.compare.words import conclude
from regx.config.sections.model import BatchNormConfig
from regx.measures.measure import Measure
from regx.numbers import (
    show_fixed,
    show_number,
    show_p,
    show_percent,
    show_range,
    show_seeds,
    show_signed,
    show_unit,
)
from regx.stats.inference import Inference

__all__ = [
    "Table",
    "as_markdown",
    "captions",
    "markdown_page",
    "markdown_table",
    "show_cell",
    "show_interval",
    "show_label",
    "terminal_tables",
]


def show_label(measure: Measure, of_rates: str = "") -> str:
    """Name a measure with the unit that its numbers are shown in; `of_rates` is that of learning rates."""
    unit = of_rates if measure.unit == "learning rate" else show_unit(measure.unit)
    is_said = not unit or unit in measure.label.split()  # epochs to target
    return measure.label if is_said else f"{measure.label} ({unit})"


def show_cell(cell: Cell, unit: str) -> str:
    """Show the mean and half the width of its interval over seeds, or why there is none."""
    if cell.mean is None:
        return cell.missing or ""
    text = f"{'≥ ' if cell.num_censored else ''}{show_number(cell.mean, unit)}"
    if cell.half_width is not None:
        width = "doublings" if unit == "log2" else unit
        text += f" ± {show_number(cell.half_width, width, like=cell.mean)}"
    return text


def show_interval(one: Inference, unit: str, *, like: float) -> str:
    """Show the 95 % interval of a difference in brackets, or in a word why there is none."""
    return show_range(one.test.interval, unit, like=like) if one.test else one.remark


BETTER = "*"  # marks the better one: a sign, so that no colour is needed
MANY_GROUPS = 4  # from here on a terminal has one line per group, not one column

Section = tuple[str, list[list[str]]]


@dataclass(frozen=True)
class Table:
    """Rows of texts, the first of which is a label.

    Attributes:
        heads: One per column.
        sections: Title (empty: none) and rows.
        above: Lines above it.
        below: A remark below it.
    """

    heads: list[str]
    sections: list[Section]
    above: tuple[str, ...] = ()
    below: str = ""


def terminal_tables(comparison: Comparison) -> list[Table]:
    """Give what a terminal shows: every measure of a few groups, the headline measures of many."""
    labels = [group.label for group in comparison.groups]
    if comparison.axis:
        return [_overview(comparison), *_headline_differences(comparison)]
    if len(labels) >= MANY_GROUPS:
        above = (*_setting_texts(comparison), "")
        hint = "All measures: --md, --csv or --out DIR."
        return [
            replace(_overview(comparison), above=above, below=hint),
            *_headline_differences(comparison),
        ]
    heads = _heads(comparison)
    runs = [line + [""] * (1 + len(heads) - len(line)) for line in _run_lines(comparison.groups)]
    shown = [
        *_settings(comparison),
        Table(["", *heads], [("Runs", runs), *_sections(comparison, joint="\n")]),
    ]
    if len(labels) > 2:
        return [*shown, *_headline_differences(comparison)]
    return [*shown, *_differences(comparison, f"{labels[1]} − {labels[0]}")]


def _page_tables(comparison: Comparison) -> list[Table]:
    """Give what a page shows: every measure of every group."""
    if comparison.axis:
        return [_overview(comparison), *_headline_differences(comparison)]
    labels = [group.label for group in comparison.groups]
    return [
        *_settings(comparison),
        Table(["runs", *labels], [("", _run_lines(comparison.groups))]),
        Table(["", *_heads(comparison)], list(_sections(comparison))),
        *_differences(comparison, ""),
    ]


def _settings(comparison: Comparison) -> Iterator[Table]:
    """Show what differs in the configs: dotted path and one text per group."""
    lines = [
        [entry.path, *(show_setting(entry.path, value) for value in entry.values)]
        for entry in comparison.config
    ]
    if lines:
        yield Table(["setting", *(group.label for group in comparison.groups)], [("", lines)])


def _setting_texts(comparison: Comparison) -> Iterator[str]:
    """Say the same group by group: all that differs for the first, what is unlike it for each other."""
    for index, group in enumerate(comparison.groups if comparison.config else ()):
        shown = [
            f"{entry.path}={show_setting(entry.path, entry.values[index])}"
            for entry in comparison.config
            if index == 0 or entry.values[index] != entry.values[0]
        ]
        yield f"{group.label}: {', '.join(shown) or 'as the first'}"


def _run_lines(groups: Sequence[Group]) -> list[list[str]]:
    """Say which runs the groups are: label and one text per group."""
    return [
        ["seeds", *(show_seeds(group.seeds) for group in groups)],
        ["epochs", *(_epochs(group) for group in groups)],
        ["training images", *(f"{group.runs[0].record.num_train:,}" for group in groups)],
        ["parameters", *(f"{group.runs[0].record.num_parameters:,}" for group in groups)],
    ]


def _heads(comparison: Comparison) -> list[str]:
    """Name the columns of the measures."""
    labels = [group.label for group in comparison.groups]
    return [*labels, "difference"] if _has_difference_column(comparison) else labels


def _sections(comparison: Comparison, *, joint: str = " ") -> Iterator[Section]:
    """Yield each section of measures with its lines: label and one text per group.

    Where nothing can be tested the differences stand here too: in a column of their own for two groups, else
    in brackets behind each mean, after `joint`.
    """
    for section, rows in groupby(comparison.rows, key=lambda row: row.measure.section):
        yield section, [_line(comparison, row, joint) for row in rows]


def _overview(comparison: Comparison) -> Table:
    """Show one line per group, with the headline measures as columns."""
    rows = comparison.headlines()
    columns = [_texts(comparison, row) for row in rows]
    lines = [
        [group.label, show_seeds(group.seeds), *texts]
        for group, *texts in zip(comparison.groups, *columns, strict=True)
    ]
    return Table(["", "seeds", *(show_label(row.measure, "± in doublings") for row in rows)], [("", lines)])


def _differences(comparison: Comparison, title: str) -> Iterator[Table]:
    """Show what the seeds say of each later group, measure by measure; without a title a line names it."""
    labels = [group.label for group in comparison.groups]
    for index in comparison.tested:
        above = () if title else (f"## {labels[index]} minus {labels[0]}",)
        sections = [
            (section, [(show_label(row.measure), row, index) for row in rows])
            for section, rows in groupby(comparison.rows, key=lambda row: row.measure.section)
        ]
        yield replace(_tested_table(comparison, title, sections), above=above)


def _headline_differences(comparison: Comparison) -> Iterator[Table]:
    """Show what the seeds say of every later group, headline measure by headline measure."""
    labels = [group.label for group in comparison.groups]
    sections = [
        (show_label(row.measure, "doublings"), [(labels[index], row, index) for index in comparison.tested])
        for row in comparison.headlines()
    ]
    if comparison.tested:
        yield _tested_table(comparison, f"minus {labels[0]}", sections)


def _tested_table(
    comparison: Comparison, title: str, sections: Sequence[tuple[str, Sequence[tuple[str, Row, int]]]]
) -> Table:
    """Show what the seeds say, line by line; a section in which they say nothing is left out."""
    p = "p (Holm)" if len(comparison.groups) > 2 else "p"
    shown = [
        (name, [[label, *_tested(one, row, at)] for label, row, at in lines if (one := row.inferences[at])])
        for name, lines in sections
    ]
    heads = [title, "difference", "95 % interval", p, "d_z", "wins"]
    return Table(heads, [(name, lines) for name, lines in shown if lines])


def captions(comparison: Comparison) -> list[str]:
    """Say what the signs in the tables mean, and what the groups are measured against."""
    if comparison.axis:
        return _axis_captions(comparison)
    return [*_sign_captions(comparison), *_reference_captions(comparison)]


def _sign_captions(comparison: Comparison) -> list[str]:
    first, *others = (group.label for group in comparison.groups)
    if not comparison.tested:
        caption = f"{BETTER} better mean"
        if any(len(group.runs) > 1 for group in comparison.groups):
            caption += "   ± half the 95 % t-interval of the mean over seeds"
        return [caption + (f"   (in brackets: minus {first})" if len(others) > 1 else "")]
    than = f"better than {first}" if len(others) > 1 else "better"
    tests = [one for row in comparison.rows for index in comparison.tested if (one := row.inferences[index])]
    is_paired = any(one.method == "paired" for one in tests)
    test = "paired by seed" if is_paired else "unpaired (Welch)"
    count = f"{max(one.num_values for one in tests)} {'pairs' if is_paired else 'seeds'}"
    return [
        f"{BETTER} {than} by more than chance   ± half the 95 % t-interval of the mean over seeds",
        f"Differences: minus {first}, {test}, {count}, 95 % t-interval. d_z: mean over standard deviation of "
        "the differences. wins: seeds that are better.",
    ]


def _axis_captions(comparison: Comparison) -> list[str]:
    values = ", ".join(f"{value:g}" for value in comparison.groups[0].values)
    lines = [f"Over {comparison.axis} = {values}, each measure seed by seed; ± half the 95 % t-interval."]
    if any(row.unit == "log2" for row in comparison.rows):
        lines.append(
            "Learning rates are counted in doublings (log2): geometric means, differences in doublings. "
            "LR_max: largest rate up to which every run learned. LR*: lowest validation loss. Stable width: "
            "doublings from the smallest rate that reaches 90 % of the best accuracy to LR_max."
        )
    elif any(row.measure.name == "optimum" for row in comparison.rows):
        lines.append(
            "Optimum: minimum of a parabola through the validation losses. Best value: the one with the "
            "lowest validation loss."
        )
    return lines


def _reference_captions(comparison: Comparison) -> list[str]:
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


def _line(comparison: Comparison, row: Row, joint: str) -> list[str]:
    texts = _texts(comparison, row)
    label = show_label(row.measure)
    if comparison.tested:
        return [label, *texts]
    shown = [
        show_signed(one.difference, row.unit, like=row.like(index)) if one else ""
        for index, one in enumerate(row.inferences)
    ]
    if _has_difference_column(comparison):
        return [label, *texts, shown[1]]
    joined = [
        f"{text}{joint}({change})" if change else text for text, change in zip(texts, shown, strict=True)
    ]
    return [label, *joined]


def _texts(comparison: Comparison, row: Row) -> list[str]:
    """Show the means of one measure, the better ones marked."""
    marked = _better(comparison, row)
    return [
        f"{BETTER} {text}" if index in marked else text
        for index, text in enumerate(show_cell(cell, row.unit) for cell in row.cells)
    ]


def _better(comparison: Comparison, row: Row) -> set[int]:
    """Return the groups to mark: no winner is called where chance would explain the difference."""
    if comparison.axis or row.measure.better is None:
        return set()
    if not comparison.tested:
        return set() if row.best is None else {row.best}
    told = {index: one for index, one in enumerate(row.inferences) if one and one.is_significant}
    lower = row.measure.better == "lower"
    better = {index for index, one in told.items() if (one.difference < 0) == lower}
    return better if len(row.cells) > 2 or not told else better or {0}


def _tested(one: Inference, row: Row, index: int) -> list[str]:
    like = row.like(index)
    d_z = one.effect_size
    return [
        show_signed(one.difference, row.unit, like=like),
        show_interval(one, row.unit, like=like),
        "" if one.p_holm is None else show_p(one.p_holm),
        "" if d_z is None else f"{'+' if d_z >= 0 else ''}{show_fixed(d_z, 1 if abs(d_z) >= 9.995 else 2)}",
        "" if one.wins is None else f"{one.wins * one.num_values:g}/{one.num_values}",  # a tie counts half
    ]


def _has_difference_column(comparison: Comparison) -> bool:
    return len(comparison.groups) == 2 and not comparison.tested


def _epochs(group: Group) -> str:
    """Say how many epochs a group completed, and what else it is than done."""
    planned = group.config.train.epochs
    states = sorted({run.record.status for run in group.runs} - {"done"})
    if not states:
        return str(planned)
    return f"{min(run.last_epoch for run in group.runs)} of {planned}, {' and '.join(states)}"


_OPENING = re.compile(r"<(?=[A-Za-z/!?])")  # of a tag; "less than" stands before a blank or a digit


def as_markdown(comparison: Comparison) -> str:
    """Write sentences, what differs, the tables, and what they rest on."""
    labels = [group.label for group in comparison.groups]
    over = f" over {comparison.axis}" if comparison.axis else ""
    parts = [f"# {' vs '.join(labels)}{over}", *conclude(comparison), *notes(comparison)]
    for table in _page_tables(comparison):
        parts += table.above
        for title, lines in table.sections:
            parts.append(markdown_table([title or table.heads[0], *table.heads[1:]], lines))
    parts += [caption.replace(f"{BETTER} better", f"`{BETTER}` better") for caption in captions(comparison)]
    return markdown_page(parts)


def markdown_page(parts: Sequence[str]) -> str:
    """Put the parts of a page together; what names from files hold becomes no HTML and no link."""
    page = "\n\n".join(parts) + "\n"
    return _OPENING.sub("&lt;", page).replace("](", "]\\(")


def markdown_table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Write one table, the first column to the left and the others to the right."""
    rule = ["---", *("---:" for _ in heads[1:])]
    named, *escaped = ([_in_cell(text) for text in line] for line in (heads, *lines))
    return "\n".join(f"| {' | '.join(line)} |" for line in (named, rule, *escaped))


def _in_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("\n", " ")
