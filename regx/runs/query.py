"""Choosing and ordering runs by what their records and configs say: `status=failed`, `optim.lr<0.1`."""

import difflib
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regx.config.errors import ConfigError, Place, Problem, UsageError
from regx.config.hints import foreign_answer
from regx.config.schema import find_setting, settings_of
from regx.config.yaml_tree import parse_yaml, plain, read_yaml
from regx.runs.folder import RunFolder

__all__ = ["RECORD_KEYS", "Condition", "Order", "Row", "select"]

Row = dict[str, Any]  # one run, as `regx runs --json` has it, with `is_trial` beside

# What stands in a row; every other key is a setting, and is read from config.yaml.
RECORD_KEYS = (
    "status", "name", "seed", "epochs_completed", "valid_error", "test_error", "images_per_second", "seconds",
    "path", "stage", "arm",
)  # fmt: skip
_SHORT = {"epochs": "epochs_completed", "images/s": "images_per_second", "run": "path", "folder": "path"}
_CONDITION = re.compile(r"\s*([\w./]+)\s*(<=|>=|!=|==|=|<|>)\s*(.*?)\s*", re.DOTALL)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MISSING = object()  # of a damaged run, and where a mapping of another kind has no such key


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a run must have to be listed.

    Attributes:
        key: One of `RECORD_KEYS`, or the dotted path of a setting.
        sign: `=`, `!=`, `<`, `<=`, `>` or `>=`.
        text: The value as it was written.
        value: The same, read as YAML.
    """

    key: str
    sign: str
    text: str
    value: Any

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Read `KEY=VALUE`; the value is YAML, and 3% is 0.03.

        Raises:
            UsageError: If it is no condition, there is no such key, or `<` stands before what is no number.
        """
        option = f"--where {text[:100]}"
        found = _CONDITION.fullmatch(text)
        if found is None:
            raise UsageError(f"{option}: write KEY=VALUE, e.g. status=failed or 'optim.lr<0.1'")
        key, sign, written = found.groups()
        value = _read_value(option, written)
        sign = "=" if sign == "==" else sign
        if sign in _COMPARE and not _is_number(value):
            raise UsageError(f"{option}: {sign} needs a number")
        return cls(key=_known_key(option, key), sign=sign, text=written, value=value)

    def holds(self, found: Any) -> bool:
        """Whether a value meets it; what is not there meets none, `!=` included."""
        if found is _MISSING:
            return False
        if self.sign in _COMPARE:
            return _is_number(found) and _COMPARE[self.sign](found, self.value)
        return self._equals(found) == (self.sign == "=")

    def _equals(self, found: Any) -> bool:
        """Compare as a config would be written: `true` is any mapping, `cosine` the mapping of that kind."""
        wanted = self.value
        if isinstance(found, Mapping):
            if isinstance(wanted, Mapping):
                return all(found.get(key, _MISSING) == value for key, value in wanted.items())
            return wanted is True or (wanted is not None and found.get("kind", _MISSING) == wanted)
        if wanted in (None, "none"):
            return found is None or found is False or found == "none"
        if isinstance(found, bool) or isinstance(wanted, bool):
            return found is wanted
        return bool(found == wanted) or (isinstance(found, str) and found == self.text)


@dataclass(frozen=True, kw_only=True)
class Order:
    """By which key runs are listed.

    Attributes:
        key: As in `Condition`.
        descending: The largest first; runs without a value come last all the same.
    """

    key: str
    descending: bool

    @classmethod
    def parse(cls, text: str) -> "Order":
        """Read `KEY` or `-KEY`.

        Raises:
            UsageError: If there is no such key.
        """
        return cls(key=_known_key(f"--sort {text[:100]}", text.removeprefix("-")), descending=text[:1] == "-")

    def apply(self, rows: Sequence[Row]) -> list[Row]:
        """Order rows that have their values."""
        known = [row for row in rows if row.get(self.key) is not None]
        known.sort(key=lambda row: _rank(row[self.key]), reverse=self.descending)
        return known + [row for row in rows if row.get(self.key) is None]


def select(rows: Sequence[Row], conditions: Sequence[Condition], order: Order | None = None) -> list[Row]:
    """Keep the rows that meet every condition, in order.

    Returns:
        The rows, each with the settings that were asked for, by their paths; a config is read only then.
    """
    of_records = [condition for condition in conditions if condition.key in RECORD_KEYS]
    settings = [
        item.key for item in (*conditions, *((order,) if order else ())) if item.key not in RECORD_KEYS
    ]
    found: list[Row] = []
    for row in rows:
        if not all(condition.holds(row.get(condition.key, _MISSING)) for condition in of_records):
            continue
        config = _read_config(Path(row["path"])) if settings else None
        values = {path: value for path in settings if (value := _setting(config, path)) is not _MISSING}
        whole = {**row, **values}
        if all(condition.holds(whole.get(condition.key, _MISSING)) for condition in conditions):
            found.append(whole)
    return order.apply(found) if order else found


def _read_value(option: str, text: str) -> Any:
    if re.fullmatch(r"[0-9.]+%", text):
        text = f"{text[:-1]}e-2"
    problems: list[Problem] = []
    try:
        value = plain(parse_yaml(text, lambda *_: Place(0, option), problems))
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise UsageError(str(problems[0]))
    return value


def _known_key(option: str, key: str) -> str:
    """Return the key that a run has.

    Raises:
        UsageError: If it has none of this name; the message names the nearest.
    """
    settings = list(dict.fromkeys(setting.path for setting in settings_of()))
    key = _SHORT.get(key, key)
    if key in RECORD_KEYS or key in settings:
        return key
    leaves = [path for path in settings if "." in path]
    last = [path for path in leaves if path.rpartition(".")[2] == key.rpartition(".")[2]]
    answer = foreign_answer("", key, None)
    meant = [answer] if answer in settings else []
    near = [*last, *meant, *difflib.get_close_matches(key, [*RECORD_KEYS, *leaves], n=3, cutoff=0.7)]
    known = f"known are {', '.join(RECORD_KEYS[:8])} and every setting, as optim.lr"
    hint = f"did you mean {' or '.join(dict.fromkeys(near[:3]))}?" if near else known
    raise UsageError(f"{option}: unknown key {key!r}; {hint}")


def _read_config(folder: Path) -> Any:
    """Read config.yaml of a run, as regx wrote it; None where it cannot be read."""
    path = RunFolder(folder).config
    try:
        return plain(read_yaml(path, [], known=True)) if path.is_file() else None
    except (ConfigError, OSError):
        return None


def _setting(config: Any, path: str) -> Any:
    """Look a setting up; one that is younger than the run has its default."""
    *parents, last = path.split(".")
    for key in parents:
        config = config.get(key, _MISSING) if isinstance(config, Mapping) else _MISSING
    if not isinstance(config, Mapping):
        return _MISSING
    if last not in config:
        setting = find_setting(path)
        return _MISSING if setting is None or setting.kind or setting.required else setting.default
    return config[last]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rank(value: Any) -> tuple[int, Any]:
    """Order numbers by size, and words after them."""
    return (0, float(value)) if isinstance(value, int | float) else (1, str(value))
