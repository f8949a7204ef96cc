"""What must hold of the measures that an experiment names: they exist, and have what they need."""

from collections.abc import Iterator
from pathlib import Path

from regx.claims.comparison import IF_CENSORED, Comparison, comparisons_of
from regx.config import Experiment
from regx.config.errors import Problem
from regx.config.tree import Node
from regx.config.yaml_loader import read_yaml
from regx.measures.grid import GRID_FUNCTIONS
from regx.sweeps.tuning import check_tuning

__all__ = ["check_measures"]


def check_measures(path: Path, experiment: Experiment) -> list[Problem]:
    """Find measures that do not exist, or that have no target, training loss, grid or axis to work on.

    Args:
        path: The file of the experiment, for the places.
        experiment: As loaded from it.
    """
    tree = read_yaml(path, [])
    found = [*check_tuning(path, experiment)]
    for index, claim in enumerate(experiment.claims):
        for item in comparisons_of(claim):
            node = _node_of(tree.find(("claims", index)), item.part)
            label = claim.id if item.part == "1" else f"{claim.id}: {item.part}"
            found += [
                Problem(node.find(("measure",)).place, f"{label}: measure", message)
                for message in _mistakes(item, experiment)
            ]
    return found


def _node_of(claim: Node, part: str) -> Node:
    """Find where a comparison stands in the file."""
    if part == "1":
        return claim
    if part == IF_CENSORED:
        return claim.find(("if_censored",))
    group, _, number = part.rpartition(" ")
    return claim.find(("beside", int(number) - 1) if group else ("and", int(number) - 2))


def _mistakes(item: Comparison, experiment: Experiment) -> Iterator[str]:
    try:
        measures = item.measures
    except ValueError as error:
        yield str(error)
        return
    for measure in dict.fromkeys(measures):
        if measure.needs == "target" and item.target is None:
            yield f"{measure.name} needs `target`"
        if measure.needs == "train_loss" and item.train_loss is None:
            yield f"{measure.name} needs `train_loss`"
    if experiment.tier != "cpu":
        return  # a tier may do with a smaller grid
    for side, measure in zip(item.contrast.sides, measures, strict=True):
        for arm in side:
            cells = [cell for cell in experiment.cells_of(arm) if item.looks_at(cell)]
            if measure.over == "grid" and len(cells) < 2:
                yield f"{measure.name} needs a grid, and {arm} has none"
            elif measure.over != "grid" and len(cells) > 1:
                functions = ", ".join(f"{name}({measure.name})" for name in GRID_FUNCTIONS)
                yield f"{arm} has {len(cells)} cells: choose one with `cells`, or take {functions}"
