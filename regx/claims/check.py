"""What must hold of the measures that an experiment names: they exist, and have what they need."""

from collections.abc import Iterator

from regx.claims.parts import ClaimPart, parts_of
from regx.config import Experiment
from regx.config.errors import Finding, Problem
from regx.measures.grid import GRID_FUNCTIONS
from regx.sweeps.tuning import check_tuning

__all__ = ["check_measures"]


def check_measures(experiment: Experiment) -> list[Problem]:
    """Find measures that do not exist, or that have no target, training loss, grid or axis to work on."""
    found = (
        Finding(("claims", index, *item.path, "measure"), message)
        for index, claim in enumerate(experiment.claims)
        for item in parts_of(claim)
        for message in _mistakes(item, experiment)
    )
    return [*check_tuning(experiment), *map(experiment.tree.problem, found)]


def _mistakes(item: ClaimPart, experiment: Experiment) -> Iterator[str]:
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
