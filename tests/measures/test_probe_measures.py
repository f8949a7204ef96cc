"""Measures of probes at their limits: points without a gradient, and a ball at a huge learning rate."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from run_builder import build_run, write_probes
from watching import Quiet

from regx.claims.small_runs import small_config
from regx.data.load import load_dataset
from regx.measures.measure import Number, Reference, SeedRuns
from regx.measures.registry import find_measure
from regx.runs.folder import RunFolder
from regx.runs.load import load_run_folder
from regx.runs.probes import ProbeValue
from regx.training.run import train_run


def measured(name: str, path: Path) -> Number:
    return find_measure(name).counted(SeedRuns.single(load_run_folder(path)), Reference())


def shifts(folder: Path, points: Sequence[tuple[int, str, float, float]]) -> Number:
    """Measure the gradient shift of a run with given norms and shifts: step, layer, norm, relative shift."""
    path = build_run(folder)
    rows = [
        ProbeValue(step, layer, quantity, value)
        for step, layer, norm, shift in points
        for quantity, value in (("batch_gradient_norm", norm), ("relative_gradient_shift", shift))
    ]
    write_probes(path, rows)
    return measured("gradient_shift", path)


class TestGradientShift:
    def test_a_point_without_gradient_does_not_take_the_rest_with_it(self, tmp_path: Path) -> None:
        points = [(50, "hidden1", 2.0, 0.2), (100, "hidden1", 0.0, math.nan), (100, "output", 1.0, 0.4)]
        found = shifts(tmp_path, points)
        assert found.value == pytest.approx(0.3)
        assert found.note == "without 1 of 3 points: no gradient"

    def test_a_shift_that_is_not_finite_for_another_reason_does(self, tmp_path: Path) -> None:
        points = [(50, "hidden1", 2.0, 0.2), (100, "hidden1", math.inf, math.nan)]
        assert shifts(tmp_path, points) == Number(value=None, note="not finite")

    def test_without_any_gradient_there_is_no_number(self, tmp_path: Path) -> None:
        found = shifts(tmp_path, [(50, "hidden1", 0.0, math.nan)])
        assert found == Number(value=None, note="no gradient at any step")


@pytest.mark.parametrize("rate", [0.01, 163.84])
def test_rounding_is_no_excess_over_the_ball_whatever_the_rate(tmp_path: Path, rate: float) -> None:
    """The largest rate of experiments/max_norm_ladder.yaml: rounding stays far below the tolerance."""
    config = small_config(
        model={"family": "mlp", "hidden_sizes": [64, 64], "drop_prob": {"hidden": 0.5}},
        optim={"lr": rate, "momentum": 0.9, "max_norm": 1.0},
        train={"epochs": 3, "batch_size": 20},
    ).model_copy(update={"probes": ("weight_norms",)})
    train_run(config, RunFolder(tmp_path), load_dataset("digits"), Quiet())
    peaks = measured("max(peak_incoming_norm)", tmp_path).value
    assert measured("max_norm_excess", tmp_path) == Number(value=0.0)
    assert peaks is None or peaks == pytest.approx(1.0, abs=1e-6)  # the ball was reached
