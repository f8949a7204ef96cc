import math

import pytest
import torch
from torch import nn

from regx.probes.co_adaptation import (
    Units,
    draw_pairs,
    draw_subsets,
    interaction_index,
    live_units,
    mean_abs_correlation,
    participation_ratio,
    subset_readout_accuracy,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def output_layer(weight):
    layer = nn.Linear(len(weight[0]), len(weight))
    layer.weight.data, layer.bias.data = torch.tensor(weight), torch.zeros(len(weight))
    return layer


LABELS = torch.arange(900) % 3
ONE_HOT = nn.functional.one_hot(LABELS).double()


def test_units_that_each_suffice_need_no_partner():
    labels = LABELS % 2
    units = Units(labels[:, None].double() * torch.tensor([[1.0, -2.0, 0.5]]), labels)

    assert subset_readout_accuracy(units, units, [torch.tensor([unit]) for unit in range(3)]) == 1.0


def test_units_that_only_say_something_together_lose_their_worth_alone():
    """b = label - a: the sum is the label, and each of the two is nearly noise."""
    labels = torch.arange(900) % 2
    a = 2 * normal(900)
    units = Units(torch.stack([a, labels - a], dim=1), labels)

    assert subset_readout_accuracy(units, units, [torch.tensor([0, 1])]) == 1.0
    assert subset_readout_accuracy(units, units, [torch.tensor([0]), torch.tensor([1])]) < 0.65


def test_a_read_out_is_fitted_on_one_set_and_tried_on_the_other():
    train, test = Units(ONE_HOT, LABELS), Units(ONE_HOT, (LABELS + 1) % 3)

    assert subset_readout_accuracy(train, test, [torch.arange(3)]) == 0.0


def test_the_scale_of_the_units_does_not_matter_to_the_read_out():
    values = ONE_HOT + normal(900, 3)
    subsets = [torch.tensor([0, 1]), torch.tensor([2])]

    plain, scaled = (
        subset_readout_accuracy(Units(factor * values, LABELS), Units(factor * values, LABELS), subsets)
        for factor in (1.0, 1e-3)
    )

    assert plain == scaled


def test_dead_units_say_nothing():
    dead = Units(torch.zeros(900, 4, dtype=torch.float64), LABELS)

    assert subset_readout_accuracy(dead, dead, [torch.arange(4)]) == pytest.approx(1 / 3)


def test_subsets_hold_a_sixteenth_of_the_units_and_follow_the_generator():
    subsets = draw_subsets(64, seeded())

    assert [len(subset.unique()) for subset in subsets] == [4] * 20
    assert all(torch.equal(a, b) for a, b in zip(subsets, draw_subsets(64, seeded()), strict=True))
    assert not torch.equal(subsets[0], subsets[1])
    assert len(draw_subsets(5, seeded())[0]) == 1


def test_pairs_are_two_of_the_given_units():
    pairs = draw_pairs(torch.tensor([3, 5, 9]), seeded())

    assert pairs.shape == (200, 2)
    assert set(pairs.flatten().tolist()) == {3, 5, 9}
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert draw_pairs(torch.tensor([3]), seeded()).shape == (0, 2)


def test_units_active_on_different_images_add_up():
    values = torch.tensor([[2.0, 0.0], [0.0, 3.0]], dtype=torch.float64)

    index = interaction_index(
        Units(values, torch.tensor([0, 0])), output_layer([[1.0, 1.0], [0.0, 0.0]]), torch.tensor([[0, 1]])
    )

    assert index == pytest.approx(0.0, abs=1e-15)


def test_interaction_of_two_units_by_hand():
    """Logits are (h1 + h2, 0) with h1 = h2 = 1, and the label is the first class."""
    values = torch.ones(1, 2, dtype=torch.float64)

    index = interaction_index(
        Units(values, torch.tensor([0])), output_layer([[1.0, 1.0], [0.0, 0.0]]), torch.tensor([[0, 1]])
    )

    none, one, both = (math.log1p(math.exp(-kept)) for kept in (0, 1, 2))
    assert index == pytest.approx(abs(none - 2 * one + both) / (one - both))


def test_units_without_effect_have_no_interaction_index():
    units = Units(torch.zeros(4, 2, dtype=torch.float64), torch.zeros(4, dtype=torch.int64))
    output = output_layer([[1.0, 1.0], [0.0, 0.0]])

    assert math.isnan(interaction_index(units, output, torch.tensor([[0, 1]])))
    assert math.isnan(interaction_index(units, output, torch.empty(0, 2, dtype=torch.int64)))


def test_independent_units_hardly_correlate():
    assert mean_abs_correlation(normal(10_000, 2)) < 0.05  # 5 sigma: the sd of r is 0.01


def test_copies_of_a_unit_correlate_fully_whatever_their_sign():
    unit = normal(100)

    assert mean_abs_correlation(torch.stack([unit, 3 * unit, -unit], dim=1)) == pytest.approx(1.0)


def test_one_unit_correlates_with_none():
    assert math.isnan(mean_abs_correlation(normal(100, 1)))


def test_dead_units_are_told_from_live_ones():
    values = normal(100, 4)
    values[:, 1], values[:, 3] = 0.0, 0.1  # a ReLU that is never on, a sigmoid that is stuck

    assert live_units(values).tolist() == [0, 2]


def test_equal_eigenvalues_give_the_rank():
    corners = torch.cat([torch.eye(4), -torch.eye(4)]).double()
    turn = torch.linalg.qr(normal(6, 6)).Q[:4]

    assert participation_ratio(corners) == pytest.approx(4.0)
    assert participation_ratio(7 + corners @ turn) == pytest.approx(4.0)  # four directions of six, turned


def test_unequal_eigenvalues_fill_fewer_directions():
    stretched = torch.cat([torch.eye(2), -torch.eye(2)]).double() * torch.tensor([[1.0, math.sqrt(3)]])

    assert participation_ratio(stretched) == pytest.approx((1 + 3) ** 2 / (1 + 9))
