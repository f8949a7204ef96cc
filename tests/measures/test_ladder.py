"""Measures over a ladder, by hand, with the cases in which there is no answer."""

from math import inf, nan

import numpy as np
import pytest

from regx.measures.ladder import grid_floor, lr_max, lr_min, lr_star, optimum, stable_width


@pytest.mark.parametrize(
    ("outcomes", "largest"),
    [
        ({0.01: True, 0.02: True, 0.04: False}, 0.02),
        ({0.04: False, 0.01: True, 0.02: True}, 0.02),  # in any order
        ({0.01: True, 0.02: False, 0.04: True}, 0.01),  # a success above a failure does not count
        ({0.01: False, 0.02: True}, None),
        ({0.005: False, 0.01: True}, 0.01),  # what fails below the start says nothing
        ({0.01: True, 0.02: True}, 0.02),
        ({0.01: True, 0.02: None, 0.04: True}, None),  # a run is missing where it matters
        ({0.01: True, 0.02: False, 0.04: None}, 0.01),  # and where it does not
    ],
)
def test_lr_max(outcomes: dict[float, bool | None], largest: float | None) -> None:
    assert lr_max(outcomes) == largest


def test_the_start_of_the_ladder() -> None:
    assert lr_max({0.001: True, 0.01: False}, start=0.001) == 0.001
    with pytest.raises(ValueError, match="at least"):
        lr_max({0.001: True})


@pytest.mark.parametrize("rate", [0.0, -0.1, nan, inf])
def test_learning_rates_are_positive(rate: float) -> None:
    with pytest.raises(ValueError, match="must be"):
        lr_max({0.01: True, rate: True})


def test_lr_star_is_the_rate_of_the_lowest_loss() -> None:
    assert lr_star({0.01: 0.5, 0.1: 0.2, 1.0: 0.4}) == 0.1
    assert lr_star({0.1: 0.2, 0.01: 0.2, 1.0: 0.4}) == 0.01  # of equal ones the smallest
    assert lr_star({0.01: 0.5, 0.1: nan, 1.0: None, 3.0: -inf}) == 0.01
    assert lr_star({0.01: None, 0.1: nan}) is None
    assert lr_star({}) is None


def test_lr_min_is_the_smallest_useful_rate() -> None:
    assert lr_min({0.01: 0.5, 0.1: 0.91, 1.0: 1.0}) == 0.1
    assert lr_min({0.01: 0.9, 0.1: 1.0}) == 0.01  # 90 % itself is enough
    assert lr_min({0.01: None, 0.1: 0.2, 1.0: nan}) == 0.1
    assert lr_min({0.01: None}) is None


def test_stable_width_counts_doublings() -> None:
    outcomes = {0.01: True, 0.02: True, 0.04: True, 0.08: True, 0.16: False}
    accuracies = {0.01: 0.2, 0.02: 0.9, 0.04: 0.95, 0.08: 0.5, 0.16: None}
    assert stable_width(outcomes, accuracies) == pytest.approx(2)
    assert stable_width({0.01: False}, accuracies) is None
    assert stable_width({0.01: True}, {0.01: None}) is None
    assert stable_width({0.01: True, 0.02: False}, accuracies) == pytest.approx(-1)


def test_optimum_of_a_parabola_is_its_minimum() -> None:
    for grid in ([0.5, 0.6, 0.7, 0.8, 0.9, 1.0], [0.2, 0.35, 0.5, 0.65, 0.8, 1.0]):
        assert optimum({x: 0.3 + 2 * (x - 0.73) ** 2 for x in grid}) == pytest.approx(0.73)


def test_optimum_is_that_of_least_squares() -> None:
    grid = np.array([0.2, 0.35, 0.5, 0.65, 0.8, 1.0])
    losses = np.array([0.5, 0.35, 0.22, 0.25, 0.2, 0.4])
    design = np.stack([np.ones(6), grid, grid**2], axis=1)
    _, slope, curvature = np.linalg.lstsq(design, losses, rcond=None)[0]
    found = optimum(dict(zip(grid.tolist(), losses.tolist(), strict=True)))
    assert found == pytest.approx(-slope / (2 * curvature))


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([0.5, 0.3, 0.2], 1.0),  # still falling: the minimum lies beyond the grid
        ([0.2, 0.3, 0.5], 0.6),
        ([0.2, 0.5, 0.1], 1.0),  # opens downwards
        ([0.1, 0.5, 0.2], 0.6),
        ([0.3, 0.2, 0.1], 1.0),  # a line
        ([0.2, 0.2, 0.2], 0.6),
        ([0.2, 0.3, 0.2], 0.6),
    ],
)
def test_optimum_stays_on_the_grid(losses: list[float], expected: float) -> None:
    assert optimum(dict(zip([0.6, 0.8, 1.0], losses, strict=True))) == pytest.approx(expected)


def test_optimum_needs_the_whole_grid() -> None:
    assert optimum({0.6: 0.2, 0.8: None, 0.9: 0.2, 1.0: 0.3}) is None
    assert optimum({0.6: 0.2, 0.8: 0.1, 0.9: 0.2, 1.0: inf}) is None
    with pytest.raises(ValueError, match="three values"):
        optimum({0.6: 0.2, 0.8: 0.1})
    with pytest.raises(ValueError, match="finite"):
        optimum({0.6: 0.2, 0.8: 0.1, nan: 0.2})


def test_the_spread_of_rounding() -> None:
    rounded = np.random.default_rng(0).uniform(-0.5, 0.5, 100_000)
    assert grid_floor(1) == pytest.approx(rounded.std(), rel=0.01)
    assert grid_floor(0.1) == pytest.approx(0.0289, abs=1e-4)
