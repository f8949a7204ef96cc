"""Adding a measure is one entry: everything else that knows measures has it then."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from small_config import small_yaml

from regx.claims.measuring import read_measures
from regx.measures.measure import Measure
from regx.measures.run import RUN_MEASURES, of_run
from regx.runs.load import Run, load_run_folder
from regx.runs.sweep import SweepRecord

BASE = small_yaml(train={"epochs": 2})
CLAIM = "says: It does., source: Somebody 2014, family: own, contrast: wide - plain, smallest_effect: 0.001"
EXPERIMENT = f"""
name: adding
question: Does it?
base: ../base.yaml
arms: {{plain: {{}}, wide: {{model.hidden_sizes: [64]}}}}
grid: {{optim.momentum: [0.5, 0.9]}}
tune: {{over: {{optim.lr: [0.02, 0.2]}}, by: loss_fall, seeds: [1000], extend: []}}
seeds: 5
claims:
  - {{id: X01, {CLAIM}, measure: loss_fall, cells: {{optim.momentum: 0.9}}}}
  - {{id: X02, {CLAIM}, measure: range(loss_fall)}}
"""
Cli = Callable[..., Any]


def loss_fall(run: Run) -> float | None:
    return run.rows[0].valid_loss - run.rows[-1].valid_loss if run.rows else None


@pytest.fixture(autouse=True)
def _added(monkeypatch: pytest.MonkeyPatch) -> None:
    measure = Measure(
        name="loss_fall",
        label="fall of the valid loss",
        section="Convergence",
        unit="nats per run",
        better="higher",
        meaning="Fall of the validation loss from the first epoch to the last.",
        of=of_run(loss_fall),
        at_the_end=True,
        tune_rank=7,
    )
    monkeypatch.setitem(RUN_MEASURES, measure.name, measure)


def test_it_tunes_and_is_claimed_and_compared(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regx.claims.gates.quick.GATES", ())  # tried elsewhere
    Path("base.yaml").write_text(BASE)
    path = Path("mine", "adding.yaml")
    path.parent.mkdir()
    path.write_text(EXPERIMENT)
    assert cli("validate", path).code == 0
    result = cli("reproduce", "X01", "X02", "--experiments", "mine", "--jobs", 1)
    assert result.code == 0, result.err

    record = SweepRecord.read(Path("runs", "adding", "sweep.json"))
    falls = {run.folder: loss_fall(load_run_folder(Path("runs", run.folder))) for run in record.runs}
    for arm in record.arms:  # more is better: the trial that fell most was chosen
        trials = [run for run in record.runs if (run.stage, run.arm) == ("tune", arm.name)]
        best = max(trials, key=lambda run: falls[run.folder])
        assert [(chosen.settings, chosen.score) for chosen in arm.tuned] == [(best.tuned, falls[best.folder])]

    cells: dict[tuple[str, int], dict[float, float]] = {}
    for run in record.runs:
        if run.stage == "confirm":
            cells.setdefault((run.arm, run.seed), {})[run.cell["optim.momentum"]] = falls[run.folder]
    [measures] = Path("results").rglob("adding/measures.csv")
    rows = read_measures(measures)
    assert len(rows) == 20
    for row in rows:
        of_seed = cells[row.arm, row.seed]
        expected = of_seed[0.9] if row.claim == "X01" else max(of_seed.values()) - min(of_seed.values())
        assert row.value == expected
    judged = json.loads(cli("claims", "--experiments", "mine", "--json").out)
    verdicts = {claim["id"]: claim["verdict"] for claim in judged}
    assert {verdicts["X01"], verdicts["X02"]} <= {"supported", "contradicted", "inconclusive"}

    arms = [f"runs/adding:{arm},optim.momentum=0.9" for arm in ("plain", "wide")]
    assert "fall of the valid loss" in cli("compare", *arms).out
    table = list(csv.DictReader(cli("compare", *arms, "--csv").out.splitlines()))
    [shown] = [row for row in table if (row["measure"], row["group"][:5]) == ("loss_fall", "plain")]
    mean = sum(of_seed[0.9] for (arm, _), of_seed in cells.items() if arm == "plain") / 5
    assert float(shown["mean"]) == pytest.approx(mean)


def test_a_schema_and_the_docs_have_it(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    tune = json.loads(cli("schema", "experiment").out)["$defs"]["TuneConfig"]
    assert tune["properties"]["by"]["enum"][-2:] == ["steps_to_target", "loss_fall"]
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.syspath_prepend(ROOT / "docs")
    from code_tables import compared_table, experiment_tables, measure_table

    meaning = "Fall of the validation loss from the first epoch to the last."
    assert f"| `loss_fall` | nats per run | {meaning} |" in measure_table()
    assert f"| `loss_fall` | {meaning} | nats per run | higher |" in compared_table()
    assert "steps_to_target, loss_fall | `final_valid_loss` |" in experiment_tables()
