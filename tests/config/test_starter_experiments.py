"""Every ready-made experiment is one at every tier, and says how it is run."""

from pathlib import Path
from typing import get_args

import pytest
from ready_made import EXPERIMENT_FILES, ROOT

from regx.config import Experiment, Tier, load_experiment
from regx.config.sections.experiment import TuneConfig
from regx.config.warnings import experiment_warnings
from regx.measures.registry import tuning_measures

TOGGLES = ("plain", "dropout", "batch_norm", "max_norm", "lr_decay", "momentum", "full_recipe")


def load(name: str, tier: Tier = "cpu") -> Experiment:
    return load_experiment(ROOT / "experiments" / f"{name}.yaml", tier)


@pytest.mark.parametrize("tier", get_args(Tier))
@pytest.mark.parametrize("path", EXPERIMENT_FILES, ids=lambda path: path.stem)
def test_it_loads_at_every_tier_under_its_own_name(path: Path, tier: Tier) -> None:
    experiment = load_experiment(path, tier)
    assert (experiment.name, experiment.tier) == (path.stem, tier)


@pytest.mark.parametrize("path", EXPERIMENT_FILES, ids=lambda path: path.stem)
def test_nothing_in_it_is_odd(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regx.config.warnings.available_cores", lambda: 8)  # also on a smaller machine
    assert experiment_warnings(load_experiment(path)) == []


@pytest.mark.parametrize("path", EXPERIMENT_FILES, ids=lambda path: path.stem)
def test_it_begins_with_what_it_asks_and_the_command_that_runs_it(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    comment = lines[: next(i for i, line in enumerate(lines) if not line.startswith("#"))]
    assert len(comment) >= 3
    assert comment[-1].startswith(f"# regx sweep experiments/{path.name}")


@pytest.mark.parametrize("name", ["digits_toggles", "mnist_toggles", "cifar_toggles"])
def test_the_plain_arm_has_every_toggle_off_and_the_others_have_theirs_on(name: str) -> None:
    experiment = load(name)
    assert set(experiment.arms) >= set(TOGGLES)
    on = {}
    for arm in experiment.arms:
        config = experiment.config(arm, experiment.first(arm), 0)
        model, optim = config.model, config.optim
        on[arm] = {
            name
            for name, is_on in {
                "dropout": model.drop_prob.hidden != 0,
                "batch_norm": model.batch_norm is not False,
                "max_norm": optim.max_norm is not None,
                "lr_decay": optim.lr_decay.kind != "none",
                "momentum": optim.momentum != 0,
            }.items()
            if is_on
        }
        assert optim.weight_decay == 0
    assert on["plain"] == set()
    assert on["full_recipe"] == {"dropout", "max_norm", "lr_decay", "momentum"}
    assert all(on[toggle] == {toggle} for toggle in TOGGLES[1:-1])


def test_the_page_explains_the_file_that_is_there() -> None:
    """The worked example of docs/experiments.md, block by block, is the file."""
    page = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    story = page.partition("step by step")[2].partition("## A grid")[0]
    blocks = [part.partition("```")[0] for part in story.split("```yaml\n")[1:]]
    file = (ROOT / "experiments" / "weight_decay_vs_dropout.yaml").read_text(encoding="utf-8")
    lines = {line for line in file.splitlines() if line}
    told = {line.split("  #")[0].rstrip() for block in blocks for line in block.splitlines() if line}
    assert len(blocks) == 5
    assert told - {"# experiments/weight_decay_vs_dropout.yaml"} == {
        line for line in lines if not line.startswith("#")
    }


def test_tuning_goes_by_measures_of_the_validation_images_that_have_a_direction() -> None:
    assert next(iter(tuning_measures())) == TuneConfig.model_validate({}).by
    for measure in tuning_measures().values():
        assert measure.better is not None
        assert not measure.reads_test
        assert measure.unit not in ("seconds", "images/s")
