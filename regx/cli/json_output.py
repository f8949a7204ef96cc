"""`--json`: one JSON document on stdout and nothing else, also after an error."""

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regx.cli.output import echo

if TYPE_CHECKING:
    from regx.config.errors import Problem

__all__ = ["JsonOption", "describe_problem", "error_document", "print_json"]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def print_json(content: object) -> None:
    """Print a document in ASCII, with null for what is no JSON number, so that every reader accepts it."""
    echo(json.dumps(_finite(content), indent=2, allow_nan=False))


def _finite(content: object) -> object:
    """Replace numbers that are infinite or NaN by null."""
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(item) for item in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def describe_problem(problem: "Problem") -> dict[str, Any]:
    """Write a problem of a config as plain values."""
    return {
        "file": problem.place.source,
        "line": problem.place.line or None,
        "column": problem.place.column or None,
        "path": problem.path or None,
        "message": problem.message,
        "hint": problem.hint or None,
    }


def error_document(error: Exception, message: str, exit_code: int) -> dict[str, Any]:
    """Describe an error that ended a command, with each problem of a config by itself."""
    problems = [describe_problem(problem) for problem in getattr(error, "problems", ())]
    return {"error": message, "exit_code": int(exit_code), "problems": problems}
