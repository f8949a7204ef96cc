"""Plain words for what pydantic finds: the rule, what came instead, and what to write."""

import math
from typing import Any

from pydantic_core import ErrorDetails

from regx.config.hints import choice_hint, example_for, unknown_key
from regx.config.outline import Setting, outline

__all__ = ["dotted", "explain", "show", "split_location"]

Path = tuple[str | int, ...]

_LONGEST = 60  # characters of a value that a message repeats


def split_location(error: ErrorDetails) -> tuple[Path, str]:
    """Return the path of an error without the tags of unions, and the innermost tag."""
    path = tuple(part for part in error["loc"] if not _is_tag(part))
    tags = [str(part)[1:-1] for part in error["loc"] if _is_tag(part)]
    if error["type"] == "union_tag_invalid":  # a kind that does not exist: its value is what is wrong
        path = (*path, "kind")
    return path, tags[-1] if tags else ""


def dotted(path: Path) -> str:
    """Write a path as it is written in an override; items of lists as `[0]`."""
    words = ""
    for part in path:
        words += f"[{part}]" if isinstance(part, int) else f".{part}" if words else part
    return words


def explain(error: ErrorDetails) -> str:
    """Say in plain words what is wrong with a value.

    Args:
        error: One error of pydantic.
    """
    path, kind = split_location(error)
    keys = tuple(part for part in path if isinstance(part, str))
    setting = _setting(keys, kind)
    value = error["input"]
    match error["type"]:
        case "extra_forbidden":
            parent = ".".join(keys[:-1])
            return unknown_key(parent, keys[-1], value, _siblings(parent, kind))
        case "missing":
            return f"missing; {_must(setting)}" if setting else "missing"
        case "union_tag_invalid" | "union_tag_not_found":
            return _explain_kind(path, value)
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return f"{_bound(error, setting)} (got {show(value)})"
        case "too_short" | "too_long":
            return _explain_length(error, keys)
        case "finite_number":
            return f"must be a finite number (got {show(value)})"
        case "string_pattern_mismatch":
            return f"must be letters, digits, _ - and . only, at most 64, a letter or digit first (got {show(value)})"
    return _explain_type(error, setting, ".".join(keys))


def show(value: Any) -> str:
    """Write a value as YAML would have it, shortened where it is long."""
    words = _flow(value)
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 3]}..."


def _is_tag(part: str | int) -> bool:
    return isinstance(part, str) and part.startswith("<") and part.endswith(">")


def _setting(keys: tuple[str, ...], kind: str) -> Setting | None:
    found = [setting for setting in outline() if setting.path == ".".join(keys)]
    exact = [setting for setting in found if setting.kind == kind]
    return next(iter(exact or found), None)


def _siblings(parent: str, kind: str) -> tuple[str, ...]:
    inside = [
        setting
        for setting in outline()
        if setting.path == (f"{parent}.{setting.name}" if parent else setting.name)
        and (setting.kind in ("", kind))
    ]
    return tuple(dict.fromkeys(setting.name for setting in inside))


def _must(setting: Setting) -> str:
    """Say what a missing value must be."""
    if setting.choices:
        return f"one of {', '.join(setting.choices)}"
    if setting.keys:
        return f"a mapping with {', '.join(setting.keys)}"
    return " or ".join(form for form in setting.forms if form != "null")


def _bound(error: ErrorDetails, setting: Setting | None) -> str:
    """Name the whole range where it lies within [0, 1], else only the bound that was passed."""
    for form in setting.forms if setting else ():
        _, found, interval = form.partition(" in ")
        if found and float(interval[1:-1].split(", ")[1]) <= 1:
            return f"must be in {interval}"
    sign = {"greater_than": ">", "greater_than_equal": ">=", "less_than": "<", "less_than_equal": "<="}[
        error["type"]
    ]
    [limit] = error["ctx"].values()
    off = "; omit it to switch it off" if setting and setting.path == "optim.max_norm" else ""
    return f"must be {sign} {limit:.16g}{off}"


def _explain_kind(path: Path, value: Any) -> str:
    field = ".".join(str(part) for part in path if part != "kind")
    choices = next(setting.choices for setting in outline() if setting.path == f"{field}.kind")
    kinds = [setting.choices[0] for setting in outline() if setting.path == f"{field}.kind"]
    if not isinstance(value, dict):
        return f"must be a mapping{example_for(field, value)} (got {show(value)})"
    if path[-1] != "kind":
        return f"misses its `kind`, one of {', '.join(kinds)}"
    del choices
    return f"must be one of {', '.join(kinds)} (got {show(value['kind'])}{choice_hint(value['kind'], tuple(kinds))})"


def _explain_length(error: ErrorDetails, keys: tuple[str, ...]) -> str:
    if keys == ("probes",):
        return "must be []: there are no probes yet"
    context = error["ctx"]
    if error["type"] == "too_short":
        return "must not be empty"
    return f"must have at most {context['max_length']} items (got {context['actual_length']})"


def _explain_type(error: ErrorDetails, setting: Setting | None, path: str) -> str:
    value = error["input"]
    match error["type"]:
        case "float_type":
            return f"must be a number (got {show(value)}){_unquoted(value)}"
        case "int_type" | "int_from_float":
            return f"must be a whole number (got {show(value)}){_unquoted(value)}"
        case "bool_type":
            return f"must be true or false (got {show(value)})"
        case "string_type":
            return f"must be text (got {show(value)})"
        case "tuple_type":
            example = f": write [{show(value)}]" if isinstance(value, int | float) else ""
            return f"must be a list{example} (got {show(value)})"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"must be a mapping{example_for(path, value)} (got {show(value)})"
        case "literal_error" if path == "model.batch_norm":
            return f"must be true or false (got {show(value)})"
        case "literal_error" if setting and setting.choices:
            choices = ", ".join(setting.choices)
            return f"must be one of {choices} (got {show(value)}{choice_hint(value, setting.choices)})"
    return f"{error['msg'][:1].lower()}{error['msg'][1:]} (got {show(value)})"


def _unquoted(value: Any) -> str:
    """Say how to write a number that was written in a way that YAML does not read as one."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return f": write {value:.0f}"
    if not isinstance(value, str):
        return ""
    digits = value.replace("_", "").replace(",", "") if any(mark.isdigit() for mark in value) else ""
    try:
        number = float(digits)
    except ValueError:
        return ""
    return f": write {digits}" if math.isfinite(number) else ""


def _flow(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float() if math.isnan(value):
            return ".nan"
        case float() if math.isinf(value):
            return ".inf" if value > 0 else "-.inf"
        case dict():
            return "{" + ", ".join(f"{key}: {show(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(show(item) for item in value) + "]"
        case _:
            return repr(value)
