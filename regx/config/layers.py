"""The layers of a config: files that build on each other, and values assigned at a path."""

from dataclasses import replace
from pathlib import Path

from regx.config.errors import ConfigError, Problem
from regx.config.kinds import kind_of
from regx.config.sources import folder_of
from regx.config.tree import Node, merge
from regx.config.yaml_loader import read_yaml

__all__ = ["assign", "read_base", "read_layers"]


def read_layers(path: Path, above: tuple[Path, ...], problems: list[Problem]) -> Node:
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
    below = folder_of(path) / link.value
    try:
        reason = _why_not(chain, below)
        base = None if reason else read_layers(below, chain, problems)
    except (OSError, ValueError, RuntimeError):  # a null byte, a name that is too long, links in a circle
        reason, base = "is no path of a file", None
    except ConfigError as error:
        problems.extend(error.problems)
        raise ConfigError(problems) from None
    if base is None:  # what the missing file might have held is not asked for
        raise ConfigError([*problems, Problem(link.place, "extends", reason)])
    return merge(base, tree)


def read_base(path: Path, tree: Node, problems: list[Problem]) -> Node | None:
    """Read the config that an experiment builds on.

    Args:
        path: File of the experiment.
        tree: Its content.
        problems: Takes what is wrong.

    Returns:
        The config with all that it extends; None where there is no `base`, or it cannot be read.
    """
    link = tree.find(("base",))
    if link is tree or not isinstance(link.value, str):
        return None  # reported with the keys of the experiment
    below = folder_of(path) / link.value
    try:
        reason = _why_not((path,), below)
        config = None if reason else read_layers(below, (path,), problems)
        if config and kind_of(config) == "run":
            return config
        reason = reason or "is an experiment; the base must be the config of a run"
    except (OSError, ValueError, RuntimeError):
        reason = "is no path of a file"
    except ConfigError as error:
        problems.extend(error.problems)
        return None
    problems.append(Problem(link.place, "base", reason))
    return None


def _why_not(chain: tuple[Path, ...], below: Path) -> str:
    """Say why a file cannot be built on, or nothing."""
    seen = [file.resolve() for file in chain]
    if below.resolve() in seen:
        circle = [file.name for file in chain[seen.index(below.resolve()) :]] + [below.name]
        return f"goes in a circle: {' -> '.join(circle)}"
    return "" if below.is_file() else f"no such file: {below}"


def assign(tree: Node, keys: tuple[str, ...], value: Node, problems: list[Problem]) -> Node:
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
    below = children.get(keys[0], Node(None, value.place, value.key_place))
    children[keys[0]] = assign(below, keys[1:], value, problems)
    if isinstance(tree.value, dict):
        return replace(tree, value=children)
    return Node(children, value.place, value.key_place)
