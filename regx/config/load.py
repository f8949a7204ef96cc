"""From YAML files and overrides to a config, or to every problem with its place."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from regx.config.errors import ConfigError, Place, Problem
from regx.config.messages import Finding
from regx.config.rules import BrokenRule, RuleError
from regx.config.schema import RunConfig
from regx.config.tree import Node, Plain, fill, merge, plain, without
from regx.config.yaml_loader import parse_yaml, read_yaml

__all__ = ["load_run"]

_COMMAND_LINE = 1_000_000  # a layer above all files
_LONGEST = 120  # characters of an override that a message repeats
_MAX_ROUNDS = 5
_MANY = 100
# Where a required value is wrong, one of these steps in while the rules are checked.
_STAND_INS: Plain = {
    "name": "unnamed",
    "data": {"name": "mnist"},
    "model": {"family": "mlp"},
    "optim": {"lr": 0.1},
}


def load_run(
    path: Path | str, overrides: Sequence[str] = (), seed: int | None = None, device: str | None = None
) -> RunConfig:
    """Read the config of a run.

    Args:
        path: YAML file; what it `extends` lies below it.
        overrides: `a.b=value` each, the value in YAML; assigned in order, each replaces what was there.
        seed: Goes over the file's seed.
        device: Goes over the file's device.

    Returns:
        The checked config, every default filled in.

    Raises:
        ConfigError: With every problem at once, each with its place.
    """
    problems: list[Problem] = []
    tree = _read_layers(Path(path), (), problems)
    for number, override in enumerate(overrides):
        tree = _override(tree, override, _COMMAND_LINE + number, problems)
    for key, value in (("seed", seed), ("device", device)):
        if value is not None:
            place = Place(_COMMAND_LINE + len(overrides), f"--{key} {value}")
            tree = _assign(tree, (key,), Node(value, place, place), problems)
    return _validate(tree, problems)


def _read_layers(path: Path, above: tuple[Path, ...], problems: list[Problem]) -> Node:
    """Read a file and lay it over what it extends."""
    tree = read_yaml(path, problems, layer=len(above))
    assert isinstance(tree.value, dict)
    link = tree.value.get("extends")
    if link is None:
        return tree
    tree = replace(tree, value={key: node for key, node in tree.value.items() if key != "extends"})
    if not isinstance(link.value, str):
        problems.append(Problem(link.place, "extends", "must be the path of a YAML file"))
        return tree
    chain = (*above, path)
    below = path.parent / link.value
    try:
        reason = _why_not(chain, below)
        base = None if reason else _read_layers(below, chain, problems)
    except (OSError, ValueError, RuntimeError):  # a null byte, a name that is too long, links in a circle
        reason, base = "is no path of a file", None
    except ConfigError as error:
        problems.extend(error.problems)
        raise ConfigError(problems) from None
    if base is None:  # what the missing file might have held is not asked for
        raise ConfigError([*problems, Problem(link.place, "extends", reason)])
    return merge(base, tree)


def _why_not(chain: tuple[Path, ...], below: Path) -> str:
    """Say why a file cannot be built on, or nothing."""
    seen = [file.resolve() for file in chain]
    if below.resolve() in seen:
        circle = [file.name for file in chain[seen.index(below.resolve()) :]] + [below.name]
        return f"goes in a circle: {' -> '.join(circle)}"
    return "" if below.is_file() else f"no such file: {below}"


def _override(tree: Node, override: str, layer: int, problems: list[Problem]) -> Node:
    """Assign `a.b=value`."""
    shown = override if len(override) <= _LONGEST else f"{override[: _LONGEST - 3]}..."
    place = Place(layer, f"--set {shown}")
    path, equals, text = override.partition("=")
    keys = tuple(key.strip() for key in path.split("."))
    if not equals or not all(keys):
        problems.append(Problem(place, "", "write key=value, e.g. optim.lr=0.1"))
        return tree
    try:
        value = parse_yaml(text, lambda *_: place, problems)
    except ConfigError as error:
        problems.extend(error.problems)
        return tree
    return _assign(tree, keys, value, problems)


def _assign(tree: Node, keys: tuple[str, ...], value: Node, problems: list[Problem]) -> Node:
    """Put a value at a path; what is no mapping on the way (`true`, a number) gives way to one."""
    if not keys:
        return value
    if isinstance(tree.value, list):
        problems.append(
            Problem(value.place, "", "a list is set as a whole, e.g. model.conv_channels=[8, 16]")
        )
        return tree
    children = dict(tree.value) if isinstance(tree.value, dict) else {}
    if keys == ("kind",) and "kind" in children and children["kind"].value != value.value:
        children = {}  # another kind has parameters of its own, as in `merge`
    below = children.get(keys[0], Node(None, value.place, value.place))
    children[keys[0]] = _assign(below, keys[1:], value, problems)
    if isinstance(tree.value, dict):
        return replace(tree, value=children)
    return Node(children, value.place, value.place)


def _validate(tree: Node, problems: list[Problem]) -> RunConfig:
    """Check the whole tree.

    Raises:
        ConfigError: With `problems` and all that is found here.
    """
    content = plain(tree)
    try:
        config = RunConfig.model_validate(content)
    except ValidationError as error:
        told = {problem.place for problem in problems}  # of a value that was not read, nothing more is said
        problems.extend(problem for problem in _locate(tree, content, error) if problem.place not in told)
    else:
        if not problems:
            return config
    raise ConfigError(problems)


def _locate(tree: Node, content: Plain, error: ValidationError) -> list[Problem]:
    """Turn pydantic's errors into problems with a place."""
    details = [detail for detail in error.errors(include_url=False) if not _is_echo(detail)]
    broken = _broken_rules(details)
    if broken:  # these are checked last: nothing else is wrong
        return [_rule_problem(tree, rule) for rule in broken]
    found = []
    for finding in map(Finding.of, details):
        node = tree.find(finding.path)
        place = node.key_place if finding.is_about_key else node.place
        found.append(Problem(place, finding.dotted, finding.message))
    if len(found) > _MANY:  # not a config at all; looking further costs time and tells nothing
        return found
    return [*found, *_rules_beside(tree, content, details)]


def _rules_beside(tree: Node, content: Plain, details: list[ErrorDetails]) -> list[Problem]:
    """Find the rules that are broken beside values that are wrong in themselves.

    The wrong values are left out, so that their defaults step in, and rules that read them are not reported.
    """
    wrong = [Finding.of(detail).path for detail in details]
    names = {".".join(part for part in path if isinstance(part, str)) for path in wrong}
    for _ in range(_MAX_ROUNDS):
        for path in wrong:
            content = without(content, path)
        try:
            RunConfig.model_validate(fill(_STAND_INS, content))
        except ValidationError as error:
            details = error.errors(include_url=False)
        else:
            return []
        broken = _broken_rules(details)
        if broken:
            return [_rule_problem(tree, rule) for rule in broken if not rule.reads_any(names)]
        wrong = [Finding.of(detail).path for detail in details]
    return []


def _broken_rules(details: list[ErrorDetails]) -> list[BrokenRule]:
    causes = [detail.get("ctx", {}).get("error") for detail in details]
    return [rule for cause in causes if isinstance(cause, RuleError) for rule in cause.broken]


def _is_echo(detail: ErrorDetails) -> bool:
    """Whether a list is called too short only because its items are wrong."""
    return detail["type"] == "too_short" and bool(detail["input"])


def _rule_problem(tree: Node, rule: BrokenRule) -> Problem:
    return Problem(tree.find(tuple(rule.path.split("."))).place, rule.path, rule.message)
