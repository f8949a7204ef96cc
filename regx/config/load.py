"""From YAML files and overrides to a config, or to every problem with its place."""

from collections.abc import Callable, Sequence
from pathlib import Path

from regx.config.check import check
from regx.config.errors import ConfigError, Place, Problem
from regx.config.kinds import kind_of
from regx.config.layers import assign, read_layers
from regx.config.schema import RunConfig
from regx.config.tree import Node
from regx.config.yaml_loader import parse_yaml, read_yaml
from regx.wording import cut

__all__ = ["load_known_run", "load_run"]

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
    if kind_of(tree) == "experiment":
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
    """Read the config of a run that is on record: a comparison may hold ten thousand of them.

    Args:
        path: YAML file, with every value written out.
        is_right: Whether a config is the one on record. Only then is the quicker parser believed.

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
