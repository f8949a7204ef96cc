"""Weights on a straight line, and weights that go back and forth."""

import pytest
import torch
from hand_built import after_step, images_of, linear, network_of, run_of

from regx.probes.movement import MeanSquaredDisplacement, Movement

IMAGES = images_of(torch.ones(4, 2))
STEPS = 200


def travel(
    positions: list[float], *, resume_at: int | None = None
) -> dict[int, dict[tuple[str, str], float]]:
    """Move one of two weights (the other is 4) through 10 epochs of 20 steps, from the first position on."""
    network = network_of(output=linear([[positions[0], 4.0]]))
    run = run_of(network, IMAGES, epochs=10, per_epoch=20)
    probe, rows = Movement(run), {}
    for step, position in enumerate(positions[1:], start=1):
        if step == resume_at:
            saved = probe.state_dict()
            probe = Movement(run)
            probe.load_state_dict(saved)
        network.output.weight.data[0, 0] = position
        rows[step] = after_step(probe, run, step)
    return rows


def test_a_straight_line() -> None:
    """0.5 a step: lags of m give a squared displacement of (m/2)^2, slope 2 in log-log."""
    rows = travel([0.5 * step for step in range(STEPS + 1)])
    assert set(rows[19]) == set()
    last = {quantity: value for (layer, quantity), value in rows[STEPS].items() if layer == "network"}
    assert last["step_length"] == last["step_length_first_tenth"] == last["step_length_last_tenth"] == 0.5
    assert last["path_length"] == last["displacement"] == 100.0
    assert last["epoch_displacement"] == last["displacement_last_tenth"] == 10.0
    assert {lag: last[f"msd_{lag}"] for lag in (1, 2, 5)} == {1: 0.25, 2: 1.0, 5: 6.25}
    assert "msd_10" not in last


def test_back_and_forth() -> None:
    rows = travel([3.0 * (step % 2) for step in range(STEPS + 1)])[STEPS]
    assert rows["output", "path_length"] == 600.0
    assert rows["output", "displacement"] == rows["output", "displacement_last_tenth"] == 0.0
    assert (rows["network", "msd_1"], rows["network", "msd_2"]) == (9.0, 0.0)
    # from ||(0, 4)|| = 4 and from ||(3, 4)|| = 5 in turn
    assert rows["output", "relative_step_length"] == pytest.approx((3 / 4 + 3 / 5) / 2)


def test_steps_that_become_shorter() -> None:
    lengths = [1.0] * 20 + [0.5] * 160 + [0.125] * 20
    positions = torch.tensor([0.0, *lengths]).cumsum(dim=0).tolist()
    rows = travel(positions)[STEPS]
    assert rows["output", "step_length_first_tenth"] == 1.0
    assert rows["output", "step_length_last_tenth"] == 0.125


@pytest.mark.parametrize("step", [2, 105, 185])
def test_memory_survives_a_checkpoint(step: int) -> None:
    positions = torch.randn(STEPS + 1, generator=torch.Generator().manual_seed(0)).tolist()
    assert travel(positions, resume_at=step) == travel(positions)


def test_a_random_walk_has_slope_one() -> None:
    """Each step is +1 or -1, so lags of m have mean m; 5 standard errors of 400 stretches are 0.35 m."""
    signs = torch.randint(0, 2, (2000,), generator=torch.Generator().manual_seed(0)) * 2.0 - 1
    msd = MeanSquaredDisplacement(num_steps=2000)
    for place in torch.cat([torch.zeros(1), signs.cumsum(dim=0)]):
        msd.see([place[None]])
    values = msd.values()
    assert values[1] == 1.0
    assert values[5] == pytest.approx(5.0, abs=5 * 0.35)
    assert max(values) == 500
