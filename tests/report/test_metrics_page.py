"""docs/metrics.md names everything that the files of a run and a comparison hold."""

from pathlib import Path

import pytest

from regx.analysis.catalogue import MEASURES
from regx.report.comparison_data import COLUMNS as COMPARE_COLUMNS
from regx.runs.metrics import COLUMNS
from regx.runs.record import Best, Environment, Failure, Final, RunRecord

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
FIELDS = {name for model in (RunRecord, Final, Best, Failure, Environment) for name in model.model_fields}


@pytest.mark.parametrize("name", sorted({*COLUMNS, *COMPARE_COLUMNS, *FIELDS}))
def test_every_column_and_field_is_explained(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_every_measure_has_its_line(measure) -> None:
    line = next(
        line
        for line in PAGE.splitlines()
        if line.startswith(f"| `{measure.name}` | ") and line.count("|") == 5
    )
    *_, unit, better, _ = line.split(" |")
    assert (unit.strip(), better.strip()) == (measure.unit, measure.better or "–")
