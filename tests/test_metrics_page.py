"""docs/metrics.md and docs/compare.md name everything that the files of a run and a comparison hold."""

from pathlib import Path

import pytest

from regx.compare.data import COLUMNS as COMPARE_COLUMNS
from regx.compare.data import GRID_COLUMNS
from regx.runs.metrics import COLUMNS
from regx.runs.record import Best, Environment, Failure, Final, RunRecord

DOCS = Path(__file__).parents[1] / "docs"
RUN_PAGE, COMPARE_PAGE = ((DOCS / name).read_text() for name in ("metrics.md", "compare.md"))
FIELDS = {name for model in (RunRecord, Final, Best, Failure, Environment) for name in model.model_fields}


@pytest.mark.parametrize("name", sorted({*COLUMNS, *FIELDS}))
def test_every_column_and_field_is_explained(name: str) -> None:
    assert f"`{name}`" in RUN_PAGE


@pytest.mark.parametrize("name", COMPARE_COLUMNS)
def test_every_column_of_a_comparison_is_explained(name: str) -> None:
    columns = COMPARE_PAGE.partition("Columns of compare.csv")[2]
    assert any(f"`{name}`" in line.split("|")[1] for line in columns.splitlines() if line.startswith("|"))


@pytest.mark.parametrize("name", GRID_COLUMNS)
def test_every_column_of_a_grid_is_explained(name: str) -> None:
    assert f"`{name}`" in COMPARE_PAGE
