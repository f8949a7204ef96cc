"""What must hold of an experiment's own keys: their shape, and the rules that join several of them."""

from pydantic import ValidationError

from regx.config.check import is_echo
from regx.config.errors import Problem
from regx.config.experiment_draft import Draft
from regx.config.messages import Finding
from regx.config.sections.experiment import ExperimentFile
from regx.config.tree import Node, plain

__all__ = ["check_file"]


def check_file(tree: Node, draft: Draft, tier: str) -> list[Problem]:
    """Find what is wrong with the file, apart from the configs that it asks for."""
    return _shape(tree)


def _shape(tree: Node) -> list[Problem]:
    try:
        ExperimentFile.model_validate(plain(tree))
    except ValidationError as error:
        found = [
            (Finding.of(detail, ExperimentFile))
            for detail in error.errors(include_url=False)
            if not is_echo(detail)
        ]
        return [_problem(tree, finding) for finding in found]
    return []


def _problem(tree: Node, finding: Finding) -> Problem:
    node = tree.find(finding.path)
    return Problem(node.key_place if finding.is_about_key else node.place, finding.dotted, finding.message)
