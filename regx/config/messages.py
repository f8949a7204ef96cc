"""Messages for pydantic's errors: what a value must be, what it is, and what to write."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from regx.config.errors import Finding, KeyPath
from regx.config.hints import (
    choice_hint,
    example_for,
    number_hint,
    seeds_hint,
    unknown_experiment_key,
    unknown_key,
)
from regx.config.run import RunConfig
from regx.config.schema import Setting, find_setting, keys_of
from regx.text import cut

__all__ = ["explain", "show"]

_LONGEST = 60  # characters of a value that a message repeats
_NAME = "must be at most 64 letters, digits, _, - or ., a letter or digit first"


def explain(error: ErrorDetails, root: type[BaseModel]) -> Finding:
    """Translate one error of pydantic; `root` is the schema of the file."""
    *parents, last = error["loc"]
    if last == "[key]" and error["type"] == "string_pattern_mismatch":
        return _wrong_name(tuple(parents))
    if error["type"] == "extra_forbidden" or not _is_tag(last):
        path = (*(part for part in parents if not _is_tag(part)), last)
    else:
        path = tuple(part for part in parents if not _is_tag(part))
    kind = next((str(part)[1:-1] for part in reversed(parents) if _is_tag(part)), "")
    value = error["input"]
    if error["type"] == "union_tag_invalid":  # a kind that does not exist: that is what is wrong
        path, value = (*path, "kind"), value["kind"]
    keys = ".".join(part for part in path if isinstance(part, str))
    case = _Case(keys, kind, find_setting(keys, kind, root), value, error, root)
    message = _EXPLAIN.get(error["type"], _other)(case)
    return Finding(path, message, is_about_key=error["type"] in ("extra_forbidden", "missing"))


def _wrong_name(path: KeyPath) -> Finding:
    """Say that a key which the user chose as a name is not allowed as one."""
    message = f"an arm's name {_NAME} (got {path[-1]!r})"
    return Finding(path, message, is_about_key=True, label=str(path[0]))


def show(value: Any) -> str:
    """Write a value as YAML would have it, shortened where it is long."""
    return cut(_flow(value), _LONGEST)


@dataclass(frozen=True)
class _Case:
    """What an explanation may look at."""

    keys: str
    kind: str
    setting: Setting | None
    value: Any
    error: ErrorDetails
    root: type[BaseModel]

    @property
    def got(self) -> str:
        return f"(got {show(self.value)})"


def _unknown(case: _Case) -> str:
    parent, _, key = case.keys.rpartition(".")
    explain = unknown_key if case.root is RunConfig else unknown_experiment_key
    return explain(parent, key, case.value, keys_of(parent, case.kind, case.root))


def _missing(case: _Case) -> str:
    return f"missing; {case.setting.must_be}" if case.setting else "missing"


def _bound(case: _Case) -> str:
    """Name the whole range if it lies within [0, 1], else only the bound that was exceeded."""
    for form in case.setting.forms if case.setting else ():
        _, found, interval = form.partition(" in ")
        if found and float(interval[1:-1].split(", ")[1]) <= 1:
            return f"must be in {interval} {case.got}"
    [limit] = case.error["ctx"].values()
    off = "; omit it to switch it off" if case.keys == "optim.max_norm" else ""
    return f"must be {_SIGNS[case.error['type']]} {limit:.16g}{off} {case.got}"


def _number(case: _Case) -> str:
    return f"must be a number{number_hint(case.value)} {case.got}"


def _whole_number(case: _Case) -> str:
    hint = seeds_hint(case.keys, case.value) or number_hint(case.value)
    return f"must be a whole number{hint} {case.got}"


def _text(case: _Case) -> str:
    is_scalar = isinstance(case.value, int | float)
    return f"must be text{f': write {str(case.value)!r}' if is_scalar else ''} {case.got}"


def _mapping(case: _Case) -> str:
    if case.keys.startswith("arms.") and case.value is None:
        return "must be a mapping: write {} for the base as it is"
    return f"must be a mapping{example_for(case.keys, case.value)} {case.got}"


def _list(case: _Case) -> str:
    is_item = isinstance(case.value, int | float) or case.value in (
        case.setting.choices if case.setting else ()
    )
    example = f": write [{case.value}]" if is_item else ""
    return f"must be a list{example} {case.got}"


def _choice(case: _Case) -> str:
    if case.keys == "model.batch_norm":
        return f"must be true or false {case.got}"
    choices = case.setting.choices if case.setting else ()
    if case.setting and not choices:
        return f"must be {case.setting.must_be} {case.got}"
    return f"must be one of {', '.join(choices)} (got {show(case.value)}{choice_hint(case.value, choices)})"


def _no_kind(case: _Case) -> str:
    if not isinstance(case.value, dict):
        return _mapping(case)
    kind = find_setting(f"{case.keys}.kind")
    return f"needs a `kind`, {kind.must_be}" if kind else "needs a `kind`"


def _too_long(case: _Case) -> str:
    limits = case.error["ctx"]
    return f"must have at most {limits['max_length']} items (got {limits['actual_length']})"


def _name(case: _Case) -> str:
    return f"{_NAME} {case.got}"


def _claim_id(case: _Case) -> str:
    return f"must be a capital letter and 1 to 15 capitals, digits or _ {case.got}"


def _other(case: _Case) -> str:
    message = case.error["msg"]
    return f"{message[:1].lower()}{message[1:]} {case.got}"


_SIGNS = {"greater_than": ">", "greater_than_equal": ">=", "less_than": "<", "less_than_equal": "<="}
_EXPLAIN: dict[str, Callable[[_Case], str]] = {
    **dict.fromkeys(_SIGNS, _bound),
    "extra_forbidden": _unknown,
    "missing": _missing,
    "float_type": _number,
    "int_type": _whole_number,
    "int_from_float": _whole_number,
    "finite_number": lambda case: f"must be a finite number {case.got}",
    "bool_type": lambda case: f"must be true or false {case.got}",
    "string_type": _text,
    "seeds": lambda case: str(case.error["ctx"]["reason"]),
    "string_pattern_mismatch": lambda case: _claim_id(case) if case.keys == "claims.id" else _name(case),
    "tuple_type": _list,
    "too_short": lambda _: "must not be empty",
    "too_long": _too_long,
    "literal_error": _choice,
    "union_tag_invalid": _choice,
    "union_tag_not_found": _no_kind,
    "model_type": _mapping,
    "dict_type": _mapping,
    "model_attributes_type": _mapping,
}


def _is_tag(part: str | int) -> bool:
    """Whether a part of a location is the name of a union's branch, not a key."""
    return isinstance(part, str) and part.startswith("<") and part.endswith(">")


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {show(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(show(item) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return repr(value)
