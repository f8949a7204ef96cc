"""From a tree to what its file means, or to every problem with its place.

Errors come in two rounds. What has the wrong shape comes first; rules between fields
read what has the right one.
"""

from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from regx.config.errors import ConfigError
from regx.config.finding import Finding, RuleError
from regx.config.messages import explain
from regx.config.tree import Node, plain

__all__ = ["check"]

File = TypeVar("File", bound=BaseModel)


def check(tree: Node, schema: type[File]) -> File:
    """Check a tree against the schema of its file.

    Raises:
        ConfigError: With every problem.
    """
    try:
        return schema.model_validate(plain(tree))
    except ValidationError as error:
        raise ConfigError([finding.at(tree) for finding in _findings(error, schema)]) from None


def _findings(error: ValidationError, schema: type[BaseModel]) -> Iterator[Finding]:
    for detail in error.errors(include_url=False):
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, RuleError):
            yield from cause.broken
        elif not _is_echo(detail):
            yield explain(detail, schema)


def _is_echo(detail: ErrorDetails) -> bool:
    """Whether a list is called too short only because its items are wrong."""
    return detail["type"] == "too_short" and bool(detail["input"])
