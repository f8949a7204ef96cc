"""`--json`: one JSON document on stdout and nothing else there, also where something is wrong."""

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
    """Print a document, in ASCII and without what JSON has no number for: any reader takes it."""
    echo(json.dumps(_finite(content), indent=2, allow_nan=False))


def _finite(content: object) -> object:
    """Put null where a number is infinite or none."""
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
    """Write an error that ended a command; the problems of a config stand there one by one."""
    problems = [describe_problem(problem) for problem in getattr(error, "problems", ())]
    return {"error": message, "exit_code": int(exit_code), "problems": problems}
