"""From a tree to the config of a run, or to every problem with its place."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from regx.config.errors import ConfigError, Problem
from regx.config.messages import Finding
from regx.config.rules import BrokenRule, RuleError
from regx.config.schema import RunConfig
from regx.config.tree import Node, Plain, fill, plain, without

__all__ = ["check_run", "is_echo"]

_MAX_ROUNDS = 5
_MANY = 100
# Where a required value is wrong, one of these steps in while the rules are checked.
_STAND_INS: Plain = {
    "name": "unnamed",
    "data": {"name": "mnist"},
    "model": {"family": "mlp"},
    "optim": {"lr": 0.1},
}


def check_run(tree: Node) -> RunConfig:
    """Check the whole tree of a run's config.

    Raises:
        ConfigError: With every problem.
    """
    content = plain(tree)
    try:
        return RunConfig.model_validate(content)
    except ValidationError as error:
        raise ConfigError(_locate(tree, content, error)) from None


def _locate(tree: Node, content: Plain, error: ValidationError) -> list[Problem]:
    """Turn pydantic's errors into problems with a place."""
    details = [detail for detail in error.errors(include_url=False) if not is_echo(detail)]
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


def is_echo(detail: ErrorDetails) -> bool:
    """Whether a list is called too short only because its items are wrong."""
    return detail["type"] == "too_short" and bool(detail["input"])


def _rule_problem(tree: Node, rule: BrokenRule) -> Problem:
    return Problem(tree.find(tuple(rule.path.split("."))).place, rule.path, rule.message)
