"""From YAML files and overrides to a config, or to every problem with its place."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from regx.config.errors import ConfigError, Finding, Place, Problem, RuleError
from regx.config.messages import explain
from regx.config.run import RunConfig
from regx.config.sections.experiment import ExperimentFile
from regx.config.yaml_tree import Node, merge, parse_yaml, plain, read_yaml
from regx.reading import folder_of
from regx.text import cut, nearest

__all__ = [
    "Kind",
    "assign",
    "check",
    "document_kind",
    "kind_of_file",
    "load_known_run",
    "load_run",
    "read_base",
    "read_layers",
]

File = TypeVar("File", bound=BaseModel)


def check(tree: Node, schema: type[File]) -> File:
    """Check a tree against the schema of its file.

    Raises:
        ConfigError: With every problem.
    """
    try:
        return schema.model_validate(plain(tree))
    except ValidationError as error:
        raise ConfigError([tree.problem(finding) for finding in _findings(error, schema)]) from None


def _findings(error: ValidationError, schema: type[BaseModel]) -> Iterator[Finding]:
    for detail in error.errors(include_url=False):
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, RuleError):
            yield from cause.broken
        elif not _is_echo(detail):
            yield explain(detail, schema)


def _is_echo(detail: ErrorDetails) -> bool:
    """Whether a list is reported as too short only because its items are wrong."""
    return detail["type"] == "too_short" and bool(detail["input"])


def read_layers(path: Path, above: tuple[Path, ...], problems: list[Problem]) -> Node:
    """Read a file and merge it over what it extends.

    Args:
        path: The file.
        above: Files that build on it, the first one first.
        problems: Takes what is wrong but does not hinder reading on.

    Raises:
        ConfigError: With every problem, where a file cannot be read: what it might have held is not asked.
    """
    tree = read_yaml(path, problems, layer=len(above))
    assert isinstance(tree.value, dict)
    link = tree.value.get("extends")
    if link is None:
        return tree
    tree = replace(tree, value={key: node for key, node in tree.value.items() if key != "extends"})
    if not isinstance(link.value, str):
        problems.append(Problem(link.place, "extends", "must be the path of a YAML file"))
        return tree
    try:
        return merge(_read_below((*above, path), "extends", link, problems), tree)
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from None


def read_base(path: Path, tree: Node, problems: list[Problem]) -> Node | None:
    """Read the config that an experiment builds on.

    Args:
        path: File of the experiment.
        tree: Its content.
        problems: Takes what is wrong.

    Returns:
        The config with all that it extends; None where there is no `base`, or it cannot be read.
    """
    link = tree.get("base")
    if link is None or not isinstance(link.value, str):
        return None  # reported with the keys of the experiment
    try:
        config = _read_below((path,), "base", link, problems)
    except ConfigError as error:
        problems.extend(error.problems)
        return None
    if document_kind(config) == "run":
        return config
    problems.append(Problem(link.place, "base", "is an experiment; the base must be the config of a run"))
    return None


def _read_below(chain: tuple[Path, ...], key: str, link: Node, problems: list[Problem]) -> Node:
    """Read the file that a key names, relative to the file that it stands in, the last of the chain."""
    below = folder_of(chain[-1]) / str(link.value)
    try:
        reason = _why_not(chain, below)
        if not reason:
            return read_layers(below, chain, problems)
    except (OSError, ValueError, RuntimeError):  # a null byte, a name that is too long, links in a circle
        reason = "is no path of a file"
    raise ConfigError([Problem(link.place, key, reason)])


def _why_not(chain: tuple[Path, ...], below: Path) -> str:
    """Say why a file cannot be built on, or nothing."""
    seen = [file.resolve() for file in chain]
    if below.resolve() in seen:
        circle = [file.name for file in chain[seen.index(below.resolve()) :]] + [below.name]
        return f"goes in a circle: {' -> '.join(circle)}"
    return "" if below.is_file() else f"no such file: {below}"


def assign(tree: Node, keys: tuple[str, ...], value: Node, problems: list[Problem]) -> Node:
    """Put a value at a path. A `true` or a number on the way is replaced by a mapping."""
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
    below = children.get(keys[0], Node(None, value.place, value.key_place))
    children[keys[0]] = assign(below, keys[1:], value, problems)
    if isinstance(tree.value, dict):
        return replace(tree, value=children)
    return Node(children, value.place, value.key_place)


Kind = Literal["run", "experiment"]
_OF_EXPERIMENTS = set(ExperimentFile.model_fields) - set(RunConfig.model_fields)
_KEYS_OF_RUNS = {"extends", *RunConfig.model_fields}
_OF_RUNS = _KEYS_OF_RUNS - set(ExperimentFile.model_fields)


def document_kind(tree: Node) -> Kind:
    """Find out from the keys of a document what it was meant to be; a few of them may be misspelt.

    What has `arms` is an experiment, and what has as many keys of both kinds is a run.
    """
    keys = list(tree.value) if isinstance(tree.value, dict) else []
    if "arms" in keys:
        return "experiment"
    if _KEYS_OF_RUNS.issuperset(keys):  # most files; looking for what was meant takes longer
        return "run"
    near = [sum(bool(nearest(key, kind, cutoff=0.8)) for key in keys) for kind in (_OF_EXPERIMENTS, _OF_RUNS)]
    return "experiment" if near[0] > near[1] else "run"


def kind_of_file(path: Path) -> Kind | None:
    """Tell the kind of a file; None for one that cannot be read."""
    try:
        return document_kind(read_yaml(path, []))
    except ConfigError:
        return None


_COMMAND_LINE = 1_000_000  # a layer above all files
_LONGEST = 120  # characters of an override that a message repeats


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
    tree = read_layers(Path(path), (), problems)
    if document_kind(tree) == "experiment":
        message = f"is an experiment, not the config of a run: regx sweep {path}"
        raise ConfigError([Problem(Place(0, str(path)), "", message)])
    for number, override in enumerate(overrides):
        tree = _override(tree, override, _COMMAND_LINE + number, problems)
    for key, value in (("seed", seed), ("device", device)):
        if value is not None:
            place = Place(_COMMAND_LINE + len(overrides), f"--{key} {value}")
            tree = assign(tree, (key,), Node(value, place, place), problems)
    try:
        config = check(tree, RunConfig)
    except ConfigError as error:
        told = {problem.place for problem in problems}  # of a value that was not read, nothing more is said
        problems.extend(problem for problem in error.problems if problem.place not in told)
    else:
        if not problems:
            return config
    raise ConfigError(problems)


def load_known_run(path: Path, is_right: Callable[[RunConfig], bool]) -> RunConfig:
    """Read the stored config of a run, quickly: a comparison may have ten thousand of them.

    Args:
        path: YAML file, with every value written out.
        is_right: Whether a config is the one on record. Otherwise the quick parser's result is not used.

    Raises:
        ConfigError: As `load_run`, which reads what is not right.
    """
    problems: list[Problem] = []
    try:
        config = check(read_yaml(path, problems, known=True), RunConfig)
    except ConfigError:
        return load_run(path)
    return config if not problems and is_right(config) else load_run(path)


def _override(tree: Node, override: str, layer: int, problems: list[Problem]) -> Node:
    """Assign `a.b=value`."""
    place = Place(layer, f"--set {cut(override, _LONGEST)}")
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
    return assign(tree, keys, value, problems)
