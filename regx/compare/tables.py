"""A comparison as tables: for the terminal, as Markdown, and as JSON and CSV for machines."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import yaml

from regx.compare.compare import Cell, Comparison, Row
from regx.compare.notes import notes, show_seeds
from regx.compare.numbers import show_interval, show_number, show_p, show_percent, show_signed, show_wins
from regx.compare.select import Group
from regx.compare.sentences import conclude
from regx.config.sections.model import BatchNormConfig
from regx.measures.measure import Measure
from regx.stats.inference import Inference

__all__ = [
    "BETTER",
    "COLUMNS",
    "as_csv",
    "as_json",
    "as_markdown",
    "captions",
    "difference_heads",
    "difference_lines",
    "headline_difference_lines",
    "markdown_page",
    "markdown_table",
    "overview_lines",
    "reference_lines",
    "run_lines",
    "setting_lines",
    "setting_texts",
    "show_cell",
    "show_difference",
    "show_label",
    "show_number",
    "show_percent",
    "table_heads",
    "table_lines",
]

_LABEL_UNIT = {"nats": "nats", "fraction": "%", "seconds": "s"}


def show_label(measure: Measure) -> str:
    """Name a measure with the unit that its numbers are shown in."""
    unit = _LABEL_UNIT.get(measure.unit)
    return f"{measure.label} ({unit})" if unit else measure.label


def show_cell(cell: Cell, measure: Measure) -> str:
    """Show the mean and half the width of its interval over seeds, or why there is none."""
    if cell.mean is None:
        return cell.missing or ""
    text = (
        f"≥ {show_number(cell.mean, measure.unit)}"
        if cell.num_censored
        else show_number(cell.mean, measure.unit)
    )
    if cell.half_width is not None:
        text += f" ± {show_number(cell.half_width, measure.unit, like=cell.mean)}"
    return text


def show_difference(difference: float | None, measure: Measure, *, like: float) -> str:
    """Show a difference with its sign, to the places of `like`; nothing where there is none."""
    return "" if difference is None else show_signed(difference, measure.unit, like=like)


BETTER = "*"  # marks the better one: a sign, so that no colour is needed

Section = tuple[str, list[list[str]]]


def run_lines(groups: Sequence[Group]) -> list[list[str]]:
    """Give the head of the table: label and one text per group."""
    return [
        ["seeds", *(show_seeds(group.seeds) for group in groups)],
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


def setting_texts(comparison: Comparison) -> list[str]:
    """Give the same group by group: all that differs for the first, what is unlike it for each other."""
    texts = []
    for index, group in enumerate(comparison.groups):
        shown = [
            f"{entry.path}={show_setting(entry.path, entry.values[index])}"
            for entry in comparison.config
            if index == 0 or entry.values[index] != entry.values[0]
        ]
        texts.append(f"{group.label}: {', '.join(shown) or 'as the first'}")
    return texts


def table_heads(comparison: Comparison) -> list[str]:
    """Name the columns of `table_lines`."""
    labels = [group.label for group in comparison.groups]
    return [*labels, "difference"] if _has_difference_column(comparison) else labels


def table_lines(comparison: Comparison, *, joint: str = " ") -> Iterator[Section]:
    """Yield each section with its lines: label and one text per group.

    Where nothing can be tested the differences stand here too: in a column of their own for two groups, else
    in brackets behind each mean, after `joint`.
    """
    for section, rows in groupby(comparison.rows, key=lambda row: row.measure.section):
        yield section, [_line(comparison, row, joint) for row in rows]


def overview_lines(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Give heads and lines of a table with one line per group and the headline measures as columns."""
    rows = comparison.headlines()
    columns = [_texts(comparison, row) for row in rows]
    lines = [
        [group.label, show_seeds(group.seeds), *texts]
        for group, *texts in zip(comparison.groups, *columns, strict=True)
    ]
    return ["", "seeds", *(show_label(row.measure) for row in rows)], lines


def difference_heads(comparison: Comparison, title: str) -> list[str]:
    """Name the columns of the tables of differences."""
    p = "p (Holm)" if len(comparison.groups) > 2 else "p"
    return [title, "difference", "95 % interval", p, "d_z", "wins"]


def difference_lines(comparison: Comparison, index: int) -> Iterator[Section]:
    """Yield each section with what the seeds say of one later group, measure by measure."""
    for section, rows in groupby(comparison.rows, key=lambda row: row.measure.section):
        lines = [[show_label(row.measure), *_tested(row, index)] for row in rows if row.inferences[index]]
        if lines:
            yield section, lines


def headline_difference_lines(comparison: Comparison) -> Iterator[Section]:
    """Yield each headline measure with what the seeds say of every later group."""
    for row in comparison.headlines():
        found = [index for index in comparison.tested if row.inferences[index]]
        if found:
            lines = [[comparison.groups[index].label, *_tested(row, index)] for index in found]
            yield show_label(row.measure), lines


def captions(comparison: Comparison) -> list[str]:
    """Say what the signs in the tables mean."""
    first, *others = (group.label for group in comparison.groups)
    if not comparison.tested:
        caption = f"{BETTER} better mean"
        if any(len(group.runs) > 1 for group in comparison.groups):
            caption += "   ± half the 95 % t-interval of the mean over seeds"
        return [caption + (f"   (in brackets: minus {first})" if len(others) > 1 else "")]
    than = f"better than {first}" if len(others) > 1 else "better"
    num_pairs = {one.num_values for index in comparison.tested for one in _column(comparison, index) if one}
    methods = {one.method for index in comparison.tested for one in _column(comparison, index) if one}
    test = "paired by seed" if "paired" in methods else "unpaired (Welch)"
    count = f"{max(num_pairs)} pairs" if "paired" in methods else f"{max(num_pairs)} seeds"
    return [
        f"{BETTER} {than} by more than chance   ± half the 95 % t-interval of the mean over seeds",
        f"Differences: minus {first}, {test}, {count}, 95 % t-interval. d_z: mean over standard deviation of "
        "the differences. wins: seeds that are better.",
    ]


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


def _line(comparison: Comparison, row: Row, joint: str) -> list[str]:
    texts = _texts(comparison, row)
    label = show_label(row.measure)
    if comparison.tested:
        return [label, *texts]
    shown = [
        show_difference(difference, row.measure, like=_like(row, index))
        for index, difference in enumerate(row.differences)
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
        for index, text in enumerate(show_cell(cell, row.measure) for cell in row.cells)
    ]


def _better(comparison: Comparison, row: Row) -> set[int]:
    """Return the groups to mark: no winner is called where chance would explain the difference."""
    if not comparison.tested:
        return set() if row.best is None else {row.best}
    told = [index for index, one in enumerate(row.inferences) if one and one.is_told]
    lower = row.measure.better == "lower"
    better = {index for index in told if ((row.differences[index] or 0.0) < 0) == lower}
    if row.measure.better is None:
        return set()
    return better if len(row.cells) > 2 or not told else better or {0}


def _tested(row: Row, index: int) -> list[str]:
    one = row.inferences[index]
    assert one is not None  # callers look first
    like = _like(row, index)
    return [
        show_difference(one.difference, row.measure, like=like),
        show_interval(one, row.measure.unit, like=like),
        "" if one.p_holm is None else show_p(one.p_holm),
        "" if one.effect_size is None else _size(one.effect_size),
        show_wins(one),
    ]


def _size(effect: float) -> str:
    return f"{effect:+.{1 if abs(effect) >= 9.995 else 2}f}".replace("-", "−")


def _like(row: Row, index: int) -> float:
    """Choose the number that sets the places: the larger of the two means."""
    return max(abs(row.cells[at].mean or 0.0) for at in (0, index))


def _column(comparison: Comparison, index: int) -> list[Inference | None]:
    return [row.inferences[index] for row in comparison.rows]


def _has_difference_column(comparison: Comparison) -> bool:
    return len(comparison.groups) == 2 and not comparison.tested


def _epochs(group: Group) -> str:
    """Say how many epochs a group completed, and what else it is than done."""
    planned = group.config.train.epochs
    states = sorted({run.record.status for run in group.runs} - {"done"})
    if not states:
        return str(planned)
    return f"{min(run.last_epoch for run in group.runs)} of {planned}, {' and '.join(states)}"


_OPENING = re.compile(
    r"<(?=[A-Za-z/!?])"
)  # of a tag; the sign of a comparison stands before a blank or digit


def as_markdown(comparison: Comparison) -> str:
    """Write sentences, what differs, the tables, and what they rest on."""
    labels = [group.label for group in comparison.groups]
    heads = table_heads(comparison)
    parts = [f"# {' vs '.join(labels)}", *conclude(comparison), *notes(comparison)]
    if comparison.config:
        parts.append(markdown_table(["setting", *labels], setting_lines(comparison)))
    parts.append(markdown_table(["runs", *labels], run_lines(comparison.groups)))
    for section, lines in table_lines(comparison):
        parts.append(markdown_table([section, *heads], lines))
    for index in comparison.tested:
        parts.append(f"## {labels[index]} minus {labels[0]}")
        for section, lines in difference_lines(comparison, index):
            parts.append(markdown_table(difference_heads(comparison, section), lines))
    parts += [caption.replace(BETTER, f"`{BETTER}`", 1) for caption in captions(comparison)]
    parts += reference_lines(comparison)
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


COLUMNS = (
    "measure", "section", "unit", "better", "group", "num_runs", "mean", "deviation", "half_width",
    "num_censored", "difference", "low", "high", "method", "num_pairs", "p", "p_holm", "p_sign_flip",
    "effect_size", "wins", "times_as_fast", "missing",
)  # fmt: skip
_TESTED = ("p", "p_holm", "p_sign_flip", "effect_size", "wins", "times_as_fast")


def as_json(comparison: Comparison) -> str:
    """Write everything that is known about a comparison."""
    content: dict[str, Any] = {
        "groups": [_group(group) for group in comparison.groups],
        "target_error": {"value": comparison.reference.target_error, "rule": comparison.target_rule},
        "matched_train_loss": {
            "value": comparison.reference.train_loss,
            "rule": comparison.train_loss_rule,
        },
        "config_differences": {difference.path: list(difference.values) for difference in comparison.config},
        "environment_differences": {
            difference.path: list(difference.values) for difference in comparison.environment
        },
        "measures": [
            {
                "name": row.measure.name,
                "section": row.measure.section,
                "unit": row.measure.unit,
                "better": row.measure.better,
                "groups": [
                    {
                        "mean": cell.mean,
                        "deviation": cell.deviation,
                        "half_width": cell.half_width,
                        "values": list(cell.values),
                        "num_censored": cell.num_censored,
                        "missing": cell.missing,
                        "difference": one.difference if one else None,
                        "test": _test(one),
                    }
                    for cell, one in zip(row.cells, row.inferences, strict=True)
                ],
            }
            for row in comparison.rows
        ],
        "sentences": conclude(comparison),
        "notes": notes(comparison),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(comparison: Comparison) -> str:
    """Write one line per measure and group, in long form."""
    import pandas as pd

    lines = []
    for row in comparison.rows:
        measure = row.measure
        for group, cell, one in zip(comparison.groups, row.cells, row.inferences, strict=True):
            test = _test(one) or {}
            lines.append(
                [
                    *(measure.name, measure.section, measure.unit, measure.better),
                    *(group.label, len(group.runs)),
                    *(cell.mean, cell.deviation, cell.half_width, cell.num_censored),
                    one.difference if one else None,
                    *(test.get("low"), test.get("high"), test.get("method")),
                    len(test.get("seeds", ())) or None,
                    *(test.get(key) for key in _TESTED),
                    cell.missing or test.get("remark"),
                ]
            )
    return pd.DataFrame(lines, columns=COLUMNS).to_csv(index=False, lineterminator="\n", float_format="%.9g")


def _test(one: Inference | None) -> dict[str, Any] | None:
    """Give what the seeds say of a later group; nothing where no test was made."""
    if one is None or one.method == "none":
        return None
    return {
        "method": one.method,
        "seeds": list(one.seeds),
        "values": list(one.values),
        "low": one.low,
        "high": one.high,
        "p": one.p,
        "p_holm": one.p_holm,
        "p_sign_flip": one.p_sign_flip,
        "effect_size": one.effect_size,
        "wins": one.wins,
        "times_as_fast": one.times_as_fast,
        "remark": one.remark,
    }


def _arm(group: Group) -> dict[str, Any] | None:
    """Give what the sweep declares of a group; nothing for runs that were picked by folder."""
    if group.arm is None:
        return None
    arm = group.arm
    return {
        "sweep": str(arm.sweep),
        "name": arm.name,
        "cell": dict(arm.cell),
        "settings": dict(arm.settings),
        "tuned": dict(arm.tuned),
        "num_trials": arm.num_trials,
        "num_runs": arm.num_runs,
        "absent": {str(seed): absence.state for seed, absence in arm.absent.items()},
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "label": group.label,
        "name": group.config.name,
        "config_hash": group.runs[0].record.config_hash,
        "seeds": list(group.seeds),
        "folders": [str(run.path) for run in group.runs],
        "status": [run.record.status for run in group.runs],
        "epochs_completed": [run.last_epoch for run in group.runs],
        "num_train": group.runs[0].record.num_train,
        "num_parameters": group.runs[0].record.num_parameters,
        "arm": _arm(group),
    }
