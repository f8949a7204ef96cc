import csv
import io
import json
from pathlib import Path

import pytest
from run_builder import built_run, group_runs

from regx.compare.compare import Comparison, compare
from regx.compare.data import COLUMNS, as_csv, as_json
from regx.compare.tables import as_markdown, markdown_page, markdown_table, show_setting
from regx.config.sections.model import BatchNormConfig
from regx.measures.registry import shown_measures


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    runs = [
        built_run(tmp_path),
        built_run(tmp_path, name="fast", optim={"lr": 0.2}, valid_errors=(0.3, 0.1, 0.1)),
    ]
    return compare(group_runs(runs), target_error=0.15)


def test_json_has_every_measure_and_nothing_made_up(comparison: Comparison) -> None:
    content = json.loads(as_json(comparison))
    assert [measure["name"] for measure in content["measures"]] == [
        measure.name for measure in shown_measures()
    ]
    time = next(measure for measure in content["measures"] if measure["name"] == "epochs_to_target")
    assert time["groups"][0] == {
        "mean": None, "deviation": None, "half_width": None, "values": [None], "num_censored": 0,
        "missing": "not reached", "difference": None, "test": None,
    }  # fmt: skip
    assert content["config_differences"] == {"optim.lr": [0.1, 0.2]}
    assert content["target_error"] == {"value": 0.15, "rule": "given by --target-error"}


def test_csv_is_one_line_per_measure_and_group(comparison: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(comparison))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 2 * len(shown_measures())
    errors = [row for row in rows if row["measure"] == "best_valid_error"]
    assert [(row["group"], row["mean"], row["difference"]) for row in errors] == [
        ("plain", "0.2", ""),
        ("fast", "0.1", "-0.1"),
    ]


def test_csv_has_the_speed_up_of_times_only(tmp_path: Path) -> None:
    runs = [
        built_run(
            tmp_path, name=name, seed=seed, optim={"lr": lr}, valid_errors=(0.2,) * 3, seconds_per_epoch=s
        )
        for name, lr, s in (("slow", 0.1, 4.0), ("fast", 0.2, 1.0))
        for seed in range(2)
    ]
    text = as_csv(compare(group_runs(runs), target_error=0.25))
    found = {
        row["measure"]: row["times_as_fast"]
        for row in csv.DictReader(io.StringIO(text))
        if row["group"] == "fast"
    }
    assert found["seconds_to_target"] == "4"
    assert found["epochs_to_target"] == "1"
    assert found["train_seconds"] == ""


def test_markdown_shows_per_cent_and_marks_the_better(comparison: Comparison) -> None:
    page = as_markdown(comparison)
    assert "| best valid error (%) | 20.00 | \\* 10.00 | −10.00 |" in page
    assert "| epochs to target | not reached | 1.8 |  |" in page
    assert "| optim.lr | 0.1 | 0.2 |" in page
    assert "Target: validation error 15 %, given by --target-error." in page


def test_settings_read_as_one_would_write_them() -> None:
    default = BatchNormConfig().model_dump(mode="json")
    assert show_setting("model.batch_norm", default) == "true"
    assert "affine: false" in show_setting("model.batch_norm", default | {"affine": False})
    assert show_setting("optim.max_norm", None) == "not set"
    assert show_setting("model.hidden_sizes", [16, 8]) == "[16, 8]"


def test_names_on_a_page_stay_text() -> None:
    table = markdown_table(["", "a|b"], [["x\ny", "*1*"]])
    assert table.splitlines() == ["|  | a\\|b |", "| --- | ---: |", "| x y | \\*1\\* |"]
    page = markdown_page(["# <img src=x> vs [b](javascript:c)", "p < 0.001, <1 step, a -> b"])
    assert page == "# &lt;img src=x> vs [b]\\(javascript:c)\n\np < 0.001, <1 step, a -> b\n"
