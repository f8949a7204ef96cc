"""Distributions moved by a known distance; frozen layers, which do not move at all."""

import math
from pathlib import Path

import pytest
import torch
from hand_built import after_step, found, images_of, linear, network_of, run_of
from small_config import small_config
from watching import Quiet

from regx.data.load import Dataset
from regx.probes.activation_drift import ActivationDrift, drift
from regx.probes.activations import by_unit, pre_activations
from regx.runs.folder import RunFolder
from regx.runs.probes import read_values
from regx.training.run import train_run

SD = math.sqrt(2)  # of the values 0 and 2, with the unbiased estimate


def test_a_shift_is_its_own_distance() -> None:
    """Three units move by 0, 1 and 5, each with deviation sqrt 2: the median is 1 / sqrt 2."""
    before = torch.tensor([[0.0, 2.0]] * 3)
    after = before + torch.tensor([[0.0], [1.0], [5.0]])
    assert drift(before, after) == (pytest.approx(1 / SD), 0)


def test_a_wider_distribution_moves_in_both_directions() -> None:
    """(0, 2) to (-1, 3): each value moves by 1, though the mean does not."""
    assert drift(torch.tensor([[0.0, 2.0]]), torch.tensor([[-1.0, 3.0]])) == (pytest.approx(1 / SD), 0)


def test_units_that_do_not_vary_are_left_out_and_counted() -> None:
    before = torch.tensor([[0.0, 2.0], [1.0, 1.0]])
    assert drift(before, before + 1) == (pytest.approx(1 / SD), 1)
    value, num_still = drift(before[1:], before[1:] + 1)
    assert math.isnan(value)
    assert num_still == 1


def test_maps_are_sampled_at_the_same_places() -> None:
    maps = torch.arange(2 * 3 * 4 * 4).reshape(2, 3, 4, 4).float()
    values = by_unit(maps)
    assert values.shape == (3, 2 * 4)
    assert set(values[1].tolist()) <= set(maps[:, 1].flatten().tolist())


def test_percentiles_by_hand() -> None:
    """One unit that passes its input on: the numbers from 0 to 100."""
    network = network_of(hidden1=linear([[1.0]]), hidden1_act=torch.nn.ReLU(), output=linear([[2.0]]))
    run = run_of(network, images_of(torch.arange(101.0)[:, None]))
    rows = found(ActivationDrift(run).start())
    assert [rows["hidden1", f"median_p{level}"] for level in (15, 50, 85)] == [
        pytest.approx(level) for level in (15, 50, 85)
    ]
    assert rows["hidden1", "unit_mean"] == 50.0
    assert rows["output", "unit_p85"] == pytest.approx(170)


def test_what_batch_norm_makes_of_its_input() -> None:
    """Mean 10 and variance 4 are taken away; gamma 3 and beta 1 come on top."""
    norm = torch.nn.BatchNorm1d(1, eps=0.0)
    norm.running_mean.fill_(10.0)
    norm.running_var.fill_(4.0)
    norm.weight.data.fill_(3.0)
    norm.bias.data.fill_(1.0)
    network = network_of(hidden1=linear([[1.0]]), hidden1_norm=norm, output=linear([[1.0]]))
    found = pre_activations(run_of(network, images_of(torch.tensor([[10.0], [14.0]]))))["hidden1"]
    assert found.raw.tolist() == [[10.0, 14.0]]
    assert found.normalised is not None
    assert found.normalised.tolist() == [[0.0, 2.0]]
    assert found.output.tolist() == [[1.0, 7.0]]


def test_drift_over_a_run() -> None:
    """100 steps: the interval is 5 and the reference step 10. The bias of the one unit grows by 1 a step."""
    network = network_of(output=linear([[1.0]], bias=[0.0]))
    run = run_of(network, images_of(torch.tensor([[0.0], [2.0]])), per_epoch=100)
    probe, rows = ActivationDrift(run), {}
    found(probe.start())
    for step in range(1, 101):
        network.output.bias.data[0] = step
        rows[step] = after_step(probe, run, step)
    assert {step for step, row in rows.items() if ("output", "drift_raw") in row} == set(range(5, 101, 5))
    assert rows[5]["output", "drift_raw"] == pytest.approx(5 / SD)
    assert rows[100]["output", "drift_from_reference_output"] == pytest.approx(90 / SD)
    assert rows[100]["output", "mean_drift_output"] == pytest.approx(5 / SD)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_above_frozen_layers_nothing_drifts(tmp_path: Path, digits: Dataset, batch_norm: bool) -> None:
    config = small_config(
        model={"hidden_sizes": [16, 16, 16], "batch_norm": batch_norm},
        optim={"freeze_layers": 2},
        train={"epochs": 2},
        probes=["activation_drift"],
    )
    folder = RunFolder(tmp_path / "run")
    train_run(config, folder, digits, Quiet())
    drifts = [row for row in read_values(folder.probes) if "drift" in row.quantity]
    frozen = {row.value for row in drifts if row.layer in ("hidden1", "hidden2")}
    assert frozen == {0.0}
    assert min(row.value for row in drifts if row.layer in ("hidden3", "output")) > 0
